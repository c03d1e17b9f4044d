"""``sweeper stop``."""

from __future__ import annotations

import sys

import click

from sweeper.cli import options


@click.command()
@click.argument("sweep")
@click.option("--now", is_flag=True, help="Stop what runs, too: the next run computes it again.")
@click.option("--wait", is_flag=True, help="Return only once it has ended.")
@options.tracking_uri
def command(sweep: str, tracking_uri: str | None, *, now: bool, wait: bool) -> None:
    """Stop SWEEP from another terminal or machine, as Ctrl-C does there: what runs may finish, nothing more starts.

    Every sweeper that is at it is asked, and sees it within seconds. Ends with 1 if there is none.
    """
    from sweeper.housekeeping.drivers import drivers_at
    from sweeper.housekeeping.stop import ask_to_stop, wait_until_ended
    from sweeper.report.sources.reading import open_store, read_record
    from sweeper.store import open_existing

    reader = open_store(tracking_uri)
    drivers = drivers_at(reader, sweep)
    if not drivers:
        read_record(reader, sweep)  # or there is no such sweep
        click.echo(f"no sweeper is at {sweep}: there is nothing to stop")
        sys.exit(1)
    ask_to_stop(open_existing(reader.uri), drivers, now=now)
    for driver in drivers:
        click.echo(f"asked {driver.name} to stop{' now' if now else ' when what it runs is done'}")
    if wait:
        wait_until_ended(reader, drivers)
        click.echo(f"nobody is at {sweep} any more")
