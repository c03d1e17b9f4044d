"""``sweeper list``."""

from __future__ import annotations

import json
import time

import click

from sweeper.cli import options


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@options.tracking_uri
def command(tracking_uri: str | None, *, as_json: bool) -> None:
    """List the sweeps, the one that was started last first: how far each is, and the best that it has come to."""
    from sweeper.report.accounts.listing import listing_document, listing_text, sweeps
    from sweeper.report.sources.reading import open_store

    every = [*sweeps(open_store(tracking_uri))]
    if as_json:
        click.echo(json.dumps(listing_document(every), indent=2, allow_nan=False))
    elif every:
        click.echo(listing_text(every, int(time.time() * 1000)))
    else:
        click.echo("no sweeps yet; run one: sweeper run SPEC")
