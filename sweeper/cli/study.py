"""``sweeper study``."""

from __future__ import annotations

import click

from sweeper.cli import options
from sweeper.cli.sweeps import read_record
from sweeper.errors import InputError
from sweeper.store.locate import locate, sqlite_path


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
    from sweeper.search.export import export_study
    from sweeper.spec import Spec

    if _is_same(storage, locate(tracking_uri)):
        raise InputError(f"{storage} is MLflow's own database; Optuna's tables do not go there, give it another")
    record = read_record(sweep, tracking_uri)
    if not record.document.get("study"):
        raise InputError(f"{sweep} is no study: its spec has no [study]")
    name = name or sweep
    number = export_study(Spec.from_document(record.document), record.trials, storage, name, replace=replace)
    click.echo(f"{number} trials of {sweep} are the study {name} in {storage}")


def _is_same(storage: str, uri: str) -> bool:
    """Whether a storage of Optuna's would be the store."""
    path = sqlite_path(uri)
    return storage == uri or (path is not None and storage.endswith(str(path)))
