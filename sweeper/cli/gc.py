"""``sweeper gc``."""

from __future__ import annotations

import click

from sweeper.cli import consent, options


@click.command()
@click.argument("sweeps", nargs=-1, metavar="[SWEEP]...")
@click.option("--unnamed", is_flag=True, help="Also results that no sweep names any more, and that none was made from.")
@click.option("--list", "is_listed", is_flag=True, help="Name each thing.")
@click.option("--dry-run", is_flag=True, help="Only show what would be cleared away.")
@consent.yes
@options.tracking_uri
def command(
    sweeps: tuple[str, ...], tracking_uri: str | None, *, unnamed: bool, is_listed: bool, dry_run: bool, yes: bool
) -> None:
    """Clear away what the store can do without: what and how much is shown first.

    Runs that were left RUNNING, failed attempts at work that has a result now, artifacts that a sweep's [keep] lets go,
    or of results that were made again, files that belong to nothing. With SWEEP only what these sweeps have: their
    failed attempts and their artifacts.
    """
    from sweeper.housekeeping.clear import clear
    from sweeper.housekeeping.gc import find
    from sweeper.housekeeping.leftovers import listing, summary
    from sweeper.store import open_existing
    from sweeper.store.locate import locate

    if sweeps and unnamed:
        raise click.UsageError("--unnamed is about what no sweep names; leave the names out")
    store = open_existing(locate(tracking_uri))
    findings = find(store, sweeps, with_unnamed=unnamed)
    for line in [*summary(findings), *(listing(findings) if is_listed else ())]:
        click.echo(line)
    if not findings.leftovers:
        click.echo("nothing to clear away")
    elif not dry_run:
        consent.ask("clear all of it away?", yes=yes)
        cleared = clear(store, findings)
        for line in (*cleared.left, cleared.words):
            click.echo(line)
