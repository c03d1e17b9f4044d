"""What a worker's process finds out about itself before it is given tasks: the store, artifacts, the user's code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sweeper.engine import process
from sweeper.engine.dask.terms import Sample, Terms
from sweeper.engine.execute import class_of, rebuild
from sweeper.errors import StoreError
from sweeper.store.credentials import remedy
from sweeper.store.locate import local_path, shown_uri
from sweeper.store.shared import fault_of
from sweeper.task.attempt import reason_of
from sweeper.task.context import current
from sweeper.task.source import code_digest, qualified_name

if TYPE_CHECKING:
    from sweeper.store.api import ApiStore


def inspect(terms: Terms) -> tuple[str, ...]:
    """Return what keeps this process from executing the tasks of a driver, nothing if it is fit."""
    if process.failure():
        return (_with_remedy(terms, f"it cannot use the store: {process.failure()}"),)
    faults = [_fault_of_store(terms, current().store), fault_of(terms.places, terms.run_id)]
    return tuple(fault for fault in (*faults, *_faults_of_code(terms)) if fault)


def _fault_of_store(terms: Terms, store: ApiStore) -> str:
    try:
        run = store.run(terms.run_id)
    except StoreError as error:
        return _with_remedy(terms, f"it does not find the driver in the store: {error}")
    if local_path(terms.artifact_uri) is None:
        try:
            store.artifact_names(run)
        except Exception as error:  # noqa: BLE001 (the clients of clouds raise errors of their own)
            return _with_remedy(terms, f"it cannot reach artifacts at {shown_uri(terms.artifact_uri)}: {error}")
    return ""


def _with_remedy(terms: Terms, fault: str) -> str:
    advice = remedy(terms.uri, terms.variables, had_password=terms.had_password)
    return f"{fault}; {advice}" if advice else fault


def _faults_of_code(terms: Terms) -> Iterator[str]:
    for sample in terms.samples:
        try:
            yield _fault_of_task(sample)
        except BaseException as error:  # noqa: BLE001 (a module may do what it likes when it is imported, and end it)
            yield f"{sample.call.module}:{sample.call.name} cannot be built there: {reason_of(error)}"


def _fault_of_task(sample: Sample) -> str:
    task = class_of(sample.call)
    if code_digest(task) != sample.source:
        return f"{qualified_name(task)} has other code there than here: is another version of it installed?"
    rebuild(sample.call)
    return ""
