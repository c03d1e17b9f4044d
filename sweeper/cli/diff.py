"""``sweeper diff``."""

from __future__ import annotations

import json
import sys

import click

from sweeper.cli import options


@click.command()
@click.argument("a")
@click.argument("b")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON, with every number in full.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if the two differ in anything but their duration.")
@options.tracking_uri
def command(a: str, b: str, tracking_uri: str | None, *, as_json: bool, exit_code: bool) -> None:
    """Say in what A and B differ: parameters, upstream results and why, code, environment, data, metrics, artifacts.

    Each is a run's id, the first characters of it (four at least), or a configuration, as
    bert_lr:learning_rate=0.1,epochs=5, of which all replicates are taken together.
    """
    from sweeper.report.accounts.diff import diff
    from sweeper.report.accounts.diff_text import diff_document, diff_text
    from sweeper.report.accounts.selection import select
    from sweeper.report.sources.reading import open_store

    reader = open_store(tracking_uri)
    found = diff(reader, select(reader, a), select(reader, b))
    click.echo(json.dumps(diff_document(found), indent=2, allow_nan=False) if as_json else diff_text(found))
    sys.exit(1 if exit_code and not found.is_equal else 0)
