"""``sweeper remove``."""

from __future__ import annotations

import click

from sweeper.cli import consent, options


@click.command()
@click.argument("sweep")
@click.option("--undo", is_flag=True, help="Give the name back, as long as no other sweep has taken it.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@consent.yes
@options.tracking_uri
def command(sweep: str, tracking_uri: str | None, *, undo: bool, dry_run: bool, yes: bool) -> None:
    """Take the name SWEEP off the record: no report knows it then. Every result stays, and is reused by any sweep.

    If that is cut short, do it again.
    """
    from sweeper.housekeeping import remove
    from sweeper.housekeeping.name_change import known_run
    from sweeper.store import open_existing
    from sweeper.store.locate import locate
    from sweeper.store.tags import sweep_tag

    store = open_existing(locate(tracking_uri))
    if undo:
        number = remove.restore(store, sweep)
        click.echo(f"{sweep} is a sweep again, with the {number:,} runs that stand for its points")
        return
    if not remove.is_cut_short(store, sweep):
        known_run(store, sweep)
        click.echo(f"{sweep}: {len(store.runs_with(sweep_tag(sweep))):,} runs stand for its points; they stay")
    if dry_run:
        return
    consent.ask(f"remove the name {sweep}?", yes=yes)
    remove.remove(store, sweep)
    click.echo(f"{sweep} is no sweep any more; sweeper remove {sweep} --undo gives the name back")
