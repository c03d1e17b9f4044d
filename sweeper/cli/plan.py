"""``sweeper plan``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from sweeper.cli import options
from sweeper.policy import Policy


@click.command()
@options.spec
@options.workers
@options.overrides
@options.tracking_uri
@options.rerun_changed
def command(
    spec: Path, workers: int, overrides: tuple[str, ...], tracking_uri: str | None, *, rerun_changed: bool
) -> None:
    """Show what SPEC would do: instances of each task, which have a result, which would run, and for how long.

    For the trials of a study that are yet to come it counts random points of the space.
    """
    show(spec, overrides, tracking_uri, workers, Policy(rerun_changed=rerun_changed))


def show(path: Path, overrides: Sequence[str], tracking_uri: str | None, workers: int, policy: Policy) -> None:
    """Print the plan of a spec."""
    from sweeper.plan import make_plan
    from sweeper.report.plan import plan_text
    from sweeper.session import bind_file
    from sweeper.store import open_reader
    from sweeper.store.locate import locate

    binding = bind_file(path, overrides)
    reader = open_reader(locate(tracking_uri, start=path.parent))
    click.echo(plan_text(make_plan(binding, reader, policy), workers))
