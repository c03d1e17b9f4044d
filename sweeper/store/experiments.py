"""The experiments of a store, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlflow.entities import Experiment
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, ErrorCode
from mlflow.tracking import MlflowClient

from sweeper.store.client import PAGE, paged


class Experiments:
    """Experiments found by name, and made where they are missing or deleted.

    ``locate`` says where the artifacts of a new one go; None leaves it to the server.
    """

    def __init__(self, client: MlflowClient, locate: Callable[[str], str | None]) -> None:
        self._client = client
        self._locate = locate
        self._ids: dict[str, str] = {}

    def active(self, name: str) -> Experiment | None:
        """Return the experiment of a name, unless it is missing or deleted."""
        found = self._client.get_experiment_by_name(name)
        return found if found is not None and found.lifecycle_stage == "active" else None

    def all(self) -> list[Experiment]:
        """Return all that are not deleted."""
        return paged(lambda token: self._client.search_experiments(max_results=PAGE, page_token=token))

    def use(self, name: str, action: Callable[[str], Any]) -> Any:
        """Return what an action on an experiment's id does; one deleted since it was last used is made anew."""
        known = self._id(name)
        try:
            return action(known)
        except MlflowException:
            del self._ids[name]
            if self._id(name) == known:
                raise
            return action(self._ids[name])

    def _id(self, name: str) -> str:
        if name not in self._ids:
            found = self._client.get_experiment_by_name(name)
            if found is not None and found.lifecycle_stage != "active":
                self._set_aside(found)
                found = None
            self._ids[name] = found.experiment_id if found else self._create(name)
        return self._ids[name]

    def _create(self, name: str) -> str:
        try:
            return str(self._client.create_experiment(name, artifact_location=self._locate(name)))
        except MlflowException as error:
            if error.error_code != ErrorCode.Name(RESOURCE_ALREADY_EXISTS):
                raise
            found = self._client.get_experiment_by_name(name)  # another process was quicker
            if found is None:
                raise
            return str(found.experiment_id)

    def _set_aside(self, deleted: Experiment) -> None:
        """Free the name of a deleted experiment; its runs stay deleted, for somebody wanted them gone."""
        self._client.restore_experiment(deleted.experiment_id)
        self._client.rename_experiment(deleted.experiment_id, f"{deleted.name[:200]} (deleted {deleted.experiment_id})")
        self._client.delete_experiment(deleted.experiment_id)
