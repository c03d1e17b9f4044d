"""What the tests of the example pipelines share: the pipelines on the path, and tasks run without a store."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import luigi
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sweeper import MlflowTask

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "sweeps"))


@dataclass
class Saved:
    """What the body of a task saved and logged."""

    artifacts: dict[str, luigi.LocalTarget] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    curves: dict[str, list[tuple[int, float]]] = field(default_factory=dict)


@pytest.fixture(scope="session")
def run_body(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Saved]:
    """Run the body of a task on what other bodies saved, given by the names of its requirements."""

    def run(task: MlflowTask, **inputs: Saved) -> Saved:
        folder, saved = tmp_path_factory.mktemp(task.get_task_family()), Saved()

        def save_to_mlflow(
            artifacts_and_save_funcs: Mapping[str, tuple[Any, Callable[[Any, str], Any]]] | None = None,
            metrics: Mapping[str, float] | None = None,
        ) -> None:
            for name, (value, save) in (artifacts_and_save_funcs or {}).items():
                path = str(folder / task.Meta.mlflow_artifact_fnames[name])
                save(value, path)
                saved.artifacts[name] = luigi.LocalTarget(path)
            saved.metrics.update(metrics or {})

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(task, "input", lambda: {name: upstream.artifacts for name, upstream in inputs.items()})
            patch.setattr(task, "save_to_mlflow", save_to_mlflow)
            patch.setattr(
                task, "log_metric", lambda name, value, step: saved.curves.setdefault(name, []).append((step, value))
            )
            patch.setattr(
                task, "report", lambda value, step: saved.curves.setdefault("reported", []).append((step, value))
            )
            task._run()
        return saved

    return run
