"""``sweeper invalidate``."""

from __future__ import annotations

import click

from sweeper.cli import consent, options
from sweeper.errors import InputError


@click.command()
@click.argument("target", metavar="RUN|SWEEP")
@click.option("--where", multiple=True, metavar="CONDITION",
              help="Of a sweep: only the points that are so, as in 'learning_rate < 0.1' or 'seed = 1,2'.")  # fmt: skip
@click.option("--all", "is_all", is_flag=True, help="Of a sweep: every result.")
@click.option("--downstream", is_flag=True, help="Also all that was made from them, in any sweep.")
@click.option("--reason", default="", metavar="TEXT", help="Why, for whoever looks at them later.")
@click.option("--undo", is_flag=True, help="Let them count again, unless they were made again since.")
@click.option("--dry-run", is_flag=True, help="Only show what would be invalidated.")
@consent.yes
@options.tracking_uri
def command(
    target: str,
    where: tuple[str, ...],
    reason: str,
    tracking_uri: str | None,
    *,
    is_all: bool,
    downstream: bool,
    undo: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Take results back, for bad data or a bug found late: the next run computes them again, and nothing is deleted.

    RUN is a run's id or the first characters of it; of a SWEEP say which results, by --where or --all.
    """
    from sweeper.housekeeping import invalidate, invalidation_text
    from sweeper.housekeeping.targets import asked_for
    from sweeper.report.sources.reading import open_store
    from sweeper.store import open_existing
    from sweeper.store.lease import living_drivers

    if undo and reason:
        raise InputError("--reason is for what is invalidated, and --undo takes that back")
    reader = open_store(tracking_uri)
    asked = asked_for(reader, target, where, is_all=is_all)
    find = invalidate.to_restore if undo else invalidate.to_invalidate
    what = find(reader, asked, downstream=downstream)
    click.echo(invalidation_text.invalidation_text(what, is_undone=undo))
    if not (what.runs or what.trials) or dry_run:
        return
    number = invalidation_text.results(len(what.runs))
    consent.ask(f"let {number} count again?" if undo else f"invalidate {number}?", yes=yes)
    store = open_existing(reader.uri)
    if undo:
        invalidate.undo(store, what)
        click.echo(f"{number} {'counts' if len(what.runs) == 1 else 'count'} again")
    else:
        words = invalidate.invalidate(store, what, reason)
        click.echo(f"{number} marked as {words}; the next run computes again what it needs of them")
    for driver in living_drivers(reader):
        click.echo(f"a sweeper ({driver.name}) goes on by what it has read; do this again once it has ended")
