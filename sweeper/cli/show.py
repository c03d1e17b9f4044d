"""``sweeper show``."""

from __future__ import annotations

import json
import time
from typing import Any

import click

from sweeper.cli import options


@click.command()
@click.argument("run")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON, with every value in full.")
@click.option("--full", is_flag=True, help="Shorten no value, and leave out no line.")
@options.tracking_uri
def command(run: str, tracking_uri: str | None, *, as_json: bool, full: bool) -> None:
    """Show everything about RUN: its parameters, its metrics, what it was made from, by whom, and its log if it failed.

    RUN is a run's id, the first characters of it (four at least), or the name of a sweep.
    """
    from sweeper.report.accounts.account import account
    from sweeper.report.accounts.documents import run_document, sweep_document
    from sweeper.report.accounts.selection import find_named
    from sweeper.report.accounts.show import run_text
    from sweeper.report.accounts.show_sweep import sweep_text
    from sweeper.report.accounts.sweep_account import sweep_account
    from sweeper.report.sources.reading import open_store
    from sweeper.store.records import RunRecord

    reader = open_store(tracking_uri)
    now = int(time.time() * 1000)
    found = find_named(reader, run)
    if isinstance(found, RunRecord):
        of_run = account(reader, found)
        click.echo(_json(run_document(of_run)) if as_json else run_text(of_run, now, is_full=full))
    else:
        of_sweep = sweep_account(reader, found)
        click.echo(_json(sweep_document(of_sweep)) if as_json else sweep_text(of_sweep, now, is_full=full))


def _json(document: Any) -> str:
    return json.dumps(document, indent=2, allow_nan=False)
