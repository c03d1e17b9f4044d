"""``sweeper study``."""

from __future__ import annotations

import click

from sweeper.cli import options
from sweeper.errors import InputError
from sweeper.report.sources.reading import open_store, read_record
from sweeper.store.locate import locate


@click.group()
def command() -> None:
    """Hand a study over to Optuna."""


@command.command()
@click.argument("sweep")
@click.option(
    "--storage", required=True, metavar="URL", help="The database that Optuna keeps studies in, as sqlite:///study.db."
)
@click.option("--name", help="What to call the study there.  [default: the sweep's name]")
@click.option("--replace", is_flag=True, help="Put it in the place of a study of that name.")
@options.tracking_uri
def export(sweep: str, storage: str, name: str | None, *, replace: bool, tracking_uri: str | None) -> None:
    """Write the study SWEEP, as it stands, into an Optuna storage: for optuna-dashboard, plots, or code of your own."""
    from sweeper.search.export import export_study, refuse_store
    from sweeper.spec import Spec
    from sweeper.store.locate import shown_uri
    from sweeper.store.trials import as_known

    refuse_store(storage, locate(tracking_uri))
    record = read_record(open_store(tracking_uri), sweep)
    if not record.document.get("study"):
        raise InputError(f"{sweep} is no study: its spec has no [study]")
    name = name or sweep
    trials = [as_known(trial) for trial in record.trials]
    number = export_study(Spec.from_document(record.document), trials, storage, name, replace=replace)
    click.echo(f"{number} trials of {sweep} are the study {name} in {shown_uri(storage)}")
