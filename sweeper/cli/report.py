"""``sweeper report``."""

from __future__ import annotations

import click

from sweeper.cli import options
from sweeper.cli.sweeps import read_outcomes
from sweeper.report.table import Format, render


@click.command()
@options.sweep
@click.option("--metric", help="The metric to compare.  [default: the sweep's own]")
@click.option(
    "--format", "form", type=options.Word(Format), default="text", show_default=True, help="What to print it as."
)
@options.tracking_uri
def command(sweep: str | None, metric: str | None, form: Format, tracking_uri: str | None) -> None:
    """Print the table of SWEEP, the newest by default: one row a configuration, the best first.

    Of a study it shows the best twenty, how many trials there were, and how the best was found. It needs neither the
    sweep's code nor its spec file, only the store.
    """
    click.echo(render(read_outcomes(sweep, tracking_uri, metric), form))
