"""Results that could not be recorded, because the store was away: kept on this machine for a later run to record.

Each is a folder named by its run: ``record.json``, and the artifacts that the store has not got. It is written aside
and renamed, so that a half-kept one is never read; recording it again after a crash changes nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from sweeper.errors import StoreAway, StoreError
from sweeper.store.base import Reader
from sweeper.store.locate import sqlite_path
from sweeper.store.records import MetricPoint, OpenRun, RunStatus
from sweeper.store.tags import Tag

if TYPE_CHECKING:
    from sweeper.store.api import ApiStore

FOLDER = "unrecorded"
RECORD = "record.json"
ARTIFACTS = "artifacts"


class ResultKept(StoreAway):
    """A result could not be recorded and is kept; ``run_id`` is its run."""

    def __init__(self, message: str, run_id: str) -> None:
        super().__init__(message, run_id)
        self.run_id = run_id

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """What the store has not been told of a result.

    ``ended`` is when the work was done, in ms since the epoch; ``artifacts`` names what lies beside the record;
    ``replaces`` are runs whose results with the key do not count once this one does.
    """

    run: OpenRun
    key: str
    ended: int
    metrics: tuple[MetricPoint, ...] = ()
    tags: Mapping[str, str] | None = None
    artifacts: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of kept results: those that a store was told of; those not needed any more; why others are left."""

    recorded: tuple[Unrecorded, ...] = ()
    dropped: tuple[Unrecorded, ...] = ()
    left: tuple[str, ...] = ()


def keep(uri: str, result: Unrecorded, artifacts: Mapping[str, Path]) -> Path:
    """Keep a result for the store at an address, with its artifacts by name; return where.

    Beside a SQLite database, or where that cannot be written in the user's state folder. Raises ``OSError`` if it can
    be kept nowhere.
    """
    error: OSError | None = None
    for home in homes(uri):
        try:
            return _keep_in(home, result, artifacts)
        except OSError as failure:
            error = failure
    assert error is not None
    raise error


def homes(uri: str) -> list[Path]:
    """Return the folders in which results for a store are kept, the one that is tried first being the first."""
    database = sqlite_path(uri)
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    own = state / "sweeper" / FOLDER / hashlib.sha256(uri.encode()).hexdigest()[:16]
    return [own] if database is None else [database.parent / FOLDER, own]


def kept(uri: str) -> Iterator[Path]:
    """Yield the folders of the results that are kept for a store."""
    for home in homes(uri):
        yield from _places(home)


def record_kept(store: ApiStore) -> Recorded:
    """Tell a store of the results that are kept for it on this machine.

    One that was made again meanwhile is dropped. Raises ``StoreAway`` if the store does not answer.
    """
    recorded: list[Unrecorded] = []
    dropped: list[Unrecorded] = []
    left: list[str] = []
    for home in homes(store.uri):
        if not _places(home):
            continue
        with FileLock(home / ".lock"):  # of two at once the second finds them done
            for place in _places(home):
                try:
                    _refuse_foreign(place)
                    result = _read(place)
                    is_new = _record(store, result, place)
                except StoreAway:
                    raise
                except (StoreError, OSError, ValueError, KeyError, TypeError) as error:
                    left.append(f"{place}: {error}")
                    continue
                (recorded if is_new else dropped).append(result)
                shutil.rmtree(place.rename(home / f".{place.name}.done"))  # a half-removed one is not read either
    return Recorded(tuple(recorded), tuple(dropped), tuple(left))


def remove_half_kept(store: Reader) -> None:
    """Remove what processes were keeping, or removing, when they were killed: their runs are over."""
    for home in homes(store.uri):
        for place in home.glob(".*.*") if home.is_dir() else ():
            with contextlib.suppress(StoreError):
                if store.run(place.name.split(".")[1]).status.is_over and not place.is_symlink():
                    shutil.rmtree(place, ignore_errors=True)


def _places(home: Path) -> list[Path]:
    return sorted(place for place in home.iterdir() if not place.name.startswith(".")) if home.is_dir() else []


def _keep_in(home: Path, result: Unrecorded, artifacts: Mapping[str, Path]) -> Path:
    home.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=home, prefix=f".{result.run.run_id}."))
    try:
        for name, path in artifacts.items():
            target = aside / ARTIFACTS / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(path, target) if path.is_dir() else shutil.copyfile(path, target)
        (aside / RECORD).write_text(json.dumps(asdict(result)), encoding="utf-8")
        return aside.rename(home / result.run.run_id)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def _record(store: ApiStore, result: Unrecorded, place: Path) -> bool:
    """Record one result that is kept in a place; False if its work has another result by now."""
    run = store.run(result.run.run_id)
    if run.key is None:
        other = store.results_by_key([result.key]).get(result.key)
        if other is not None and other.run_id not in result.replaces:
            store.log(run.run_id, tags={Tag.REASON: f"run {other.run_id} has made the result meanwhile"})
            store.end_run(run.run_id, RunStatus.KILLED)
            return False
        for name in result.artifacts:
            store.save_artifact(result.run, place / ARTIFACTS / name, name)
        store.log(run.run_id, metrics=result.metrics, tags={Tag.REASON: "", **(result.tags or {}), Tag.KEY: result.key})
        store.end_run(run.run_id, RunStatus.FINISHED, ended=result.ended)
    for old in result.replaces:
        store.log(old, tags={Tag.SUPERSEDED: result.run.run_id})
    return True


def _read(place: Path) -> Unrecorded:
    """Read a record; raises ``ValueError``, ``KeyError`` or ``TypeError`` for what is none."""
    document: dict[str, Any] = json.loads((place / RECORD).read_text(encoding="utf-8"))
    names = tuple(document["artifacts"])
    for name in names:
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise ValueError(f"{name!r} is no name of an artifact")
    return Unrecorded(
        run=OpenRun(**document["run"]),
        key=document["key"],
        ended=document["ended"],
        metrics=tuple(MetricPoint(**point) for point in document["metrics"]),
        tags=document["tags"],
        artifacts=names,
        replaces=tuple(document["replaces"]),
    )


def _refuse_foreign(place: Path) -> None:
    """Raise ``OSError`` for what somebody else has put there, or that points elsewhere: it would become a result."""
    for path in (place, *place.rglob("*")):
        found = path.lstat()
        if found.st_uid != os.geteuid():
            raise PermissionError(f"{path} belongs to another user")
        if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
            raise PermissionError(f"{path} is no file and no folder")
