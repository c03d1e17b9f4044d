"""``sweeper rename``."""

from __future__ import annotations

import click

from sweeper.cli import options


@click.command()
@click.argument("old")
@click.argument("new")
@options.tracking_uri
def command(old: str, new: str, tracking_uri: str | None) -> None:
    """Give the sweep OLD the name NEW, everywhere on the record. If that is cut short, do it again."""
    from sweeper.housekeeping.rename import rename
    from sweeper.store import open_existing
    from sweeper.store.locate import locate

    number = rename(open_existing(locate(tracking_uri)), old, new)
    click.echo(f"{old} is {new} now, with the {number:,} runs that stand for its points")
    click.echo(f'say so in its spec, by name = "{new}": as {old} it would be a new sweep')
