"""``sweeper doctor``."""

from __future__ import annotations

import dataclasses
import json
import sys

import click

from sweeper.cli import options

_COLOURS = {"ok": "green", "skipped": "cyan", "warning": "yellow", "problem": "red", "away": "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@options.tracking_uri
def command(tracking_uri: str | None, *, as_json: bool) -> None:
    """Check the store and what surrounds it, and say how to mend what is wrong. It changes nothing.

    Exit code 1 if there is a problem, 3 if the store cannot be reached.
    """
    from sweeper.housekeeping.diagnosis import exit_code
    from sweeper.housekeeping.doctor import examine
    from sweeper.report.escape import shown
    from sweeper.store.locate import locate

    found = []
    for one in examine(locate(tracking_uri)):
        found.append(one)
        if not as_json:
            level = click.style(f"{one.level:<8}", fg=_COLOURS[one.level])
            click.echo(f"{level} {one.check:<12} {shown(one.found, sys.maxsize)}")
            if one.remedy:
                click.echo(f"{'':<21} to mend it: {one.remedy}")
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(one) for one in found], indent=2))
    sys.exit(exit_code(found))
