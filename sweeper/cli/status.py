"""``sweeper status``."""

from __future__ import annotations

import click

from sweeper.cli import options
from sweeper.report.sources.reading import open_store, read_outcomes
from sweeper.report.status import status


@click.command()
@options.sweep
@options.tracking_uri
def command(sweep: str | None, tracking_uri: str | None) -> None:
    """Show how SWEEP stands, the newest by default: points by state, and why those without a result have none.

    Of a study it shows the trials, and the best so far.
    """
    click.echo(status(read_outcomes(open_store(tracking_uri), sweep or "")))
