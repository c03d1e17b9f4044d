"""Take away what a run keeps: its files, and the run itself as MLflow does, which can be restored.

Where a run's files are is not taken on trust: a store may be written by others. On this machine only a folder with the
shape of a run's own, ``<experiment>/<run id>/artifacts``, is emptied, in a SQLite store only one inside its artifact
folder, and no link is followed.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Collection
from pathlib import Path

from sweeper.errors import StoreError, TaskError
from sweeper.store.api import ApiStore
from sweeper.store.locate import artifacts_beside, local_path, spool_path, sqlite_path
from sweeper.store.records import RunRecord
from sweeper.store.tags import Tag

RUN_FOLDER = "artifacts"
"""What MLflow calls the folder of a run's artifacts in the run's own."""


def let_go(store: ApiStore, run: RunRecord, names: Collection[str], words: str) -> None:
    """Delete some artifacts of a run; first the run says, in ``words``, that they are gone."""
    folder = own_folder(store.uri, run)
    store.log(run.run_id, tags={Tag.ARTIFACTS: words})
    for name in names:
        if folder is None:
            store.remove_artifact(run, name)
        else:
            remove(folder / Path(name).name)


def delete(store: ApiStore, run: RunRecord, words: str) -> None:
    """Delete a run and its artifacts: the run can be restored until ``mlflow gc``, they cannot.

    What was a result is none any more before anything of it goes. After a crash the run is still there, to be deleted.
    """
    folder = own_folder(store.uri, run)
    if run.key is not None:
        store.log(run.run_id, tags={Tag.SUPERSEDED: words})
    let_go(store, run, store.artifact_sizes(run), words)
    if folder is not None:
        remove(folder.parent)
        spool = spool_path(run.artifact_uri)
        assert spool is not None
        remove(spool)
    with contextlib.suppress(TaskError):  # what MLflow says of a run that somebody else deletes at the same time
        store.delete_run(run.run_id)


def own_folder(uri: str, run: RunRecord) -> Path | None:
    """Return the folder of a run's artifacts, None if it is not on this machine.

    Raises ``StoreError`` if it may be somebody else's.
    """
    folder, database = local_path(run.artifact_uri), sqlite_path(uri)
    if folder is None:
        return None
    home = folder.parent.parent
    is_own = folder.parts[-2:] == (run.run_id, RUN_FOLDER) and ".." not in folder.parts and folder.is_absolute()
    is_inside = database is None or home.parent == artifacts_beside(database)
    if not (is_own and is_inside) or any(part.is_symlink() for part in (home, folder.parent, folder)):
        raise StoreError(f"{folder}: not surely the folder of run {run.run_id}, so it is left alone")
    return folder


def remove(path: Path) -> None:
    """Delete a file, a link or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
