"""``sweeper run``."""

from __future__ import annotations

import errno
import sys
from pathlib import Path

import click

from sweeper.cli import options
from sweeper.listener import Summary
from sweeper.policy import Policy
from sweeper.session import EngineName, check_engine, run_spec


@click.command()
@options.spec
@options.workers
@click.option(
    "--engine",
    type=options.Word(EngineName),
    default="local",
    show_default=True,
    help="Where tasks run: in worker processes, in this one, or on a Dask cluster.",
)
@click.option(
    "--address",
    metavar="ADDRESS",
    help="Scheduler of the Dask cluster, as tcp://host:8786.  [default: a cluster of --workers on this machine]",
)
@click.option("--gpus", metavar="ID[,ID...]", help="GPUs for the worker processes, as CUDA_VISIBLE_DEVICES names them.")
@options.overrides
@options.tracking_uri
@click.option("--fail-fast", is_flag=True, help="Start nothing more once a point has failed.")
@options.rerun_changed
@click.option("--fresh", is_flag=True, help="Start a new study in the place of the one on the record.")
@click.option("--pdb", "debug", is_flag=True, help="Open the debugger where a task fails; needs --engine inline.")
@click.option("--dry-run", is_flag=True, help="Only show what would be done, as `sweeper plan` does.")
def command(  # noqa: PLR0913 (one for each option)
    spec: Path,
    workers: int,
    engine: EngineName,
    address: str | None,
    gpus: str | None,
    overrides: tuple[str, ...],
    tracking_uri: str | None,
    *,
    fail_fast: bool,
    rerun_changed: bool,
    fresh: bool,
    debug: bool,
    dry_run: bool,
) -> None:
    """Run the sweep that SPEC declares: compute what was never computed.

    Run it again to resume: what has a result is not computed twice, what failed is tried again.
    """
    if debug and engine is not EngineName.INLINE:
        raise click.UsageError("--pdb needs --engine inline: a worker process has no terminal")
    if address is not None and _is_given("workers"):
        raise click.UsageError("--workers is for a cluster of the sweep's own; the one at --address has what it has")
    if dry_run:
        from sweeper.cli.plan import show

        check_engine(engine, gpus, address)
        show(spec, overrides, tracking_uri, workers, Policy(rerun_changed=rerun_changed, fresh=fresh))
        return
    from sweeper.progress import Progress

    with Progress() as progress:
        summary = run_spec(
            spec,
            progress,
            overrides=overrides,
            engine=engine,
            address=address,
            workers=workers,
            gpus=gpus,
            tracking_uri=tracking_uri,
            policy=Policy(fail_fast, rerun_changed, fresh),
            debug=debug,
        )
    progress.finished(summary.seconds)
    if progress.lost and progress.lost.errno != errno.EPIPE:
        raise progress.lost
    if summary.exit_code:
        click.echo(f"`sweeper status {progress.name}` tells more; {_prospect(summary)}")
    sys.exit(summary.exit_code)


def _is_given(option: str) -> bool:
    """Whether an option stands on the command line."""
    return click.get_current_context().get_parameter_source(option) is click.core.ParameterSource.COMMANDLINE


def _prospect(summary: Summary) -> str:
    """Return what becomes of the points that have nothing to show."""
    words = ["running again tries again what has no result"] if summary.may_go_on else []
    if summary.incomparable:
        words.append("what finished without a number to compare is tried again once the code has changed")
    return "; ".join(words)
