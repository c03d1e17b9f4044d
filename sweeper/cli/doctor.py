"""``sweeper doctor``."""

from __future__ import annotations

import click

from sweeper.cli import options


@click.command()
@options.tracking_uri
def command(tracking_uri: str | None) -> None:
    """Check the store."""
