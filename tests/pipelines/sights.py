"""Tasks that say what they see of the machine, and when."""

import json
import os
import time
from pathlib import Path
from typing import Any, ClassVar

import luigi

from sweeper import MlflowTask


def write_json(value: Any, path: str) -> None:
    """Write a value as JSON."""
    Path(path).write_text(json.dumps(value), encoding="utf-8")


def seen() -> dict[str, Any]:
    """Return the GPUs that this process sees, and the threads that it has by its environment and by NumPy's BLAS."""
    import numpy  # noqa: F401 (loads the BLAS)
    from threadpoolctl import threadpool_info

    (blas,) = {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}
    return {
        "process": os.getpid(),
        "gpus": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "omp": os.environ.get("OMP_NUM_THREADS"),
        "blas": blas,
    }


class Look(MlflowTask):
    """Note what is seen, and stay a moment."""

    class Meta:
        mlflow_artifact_fnames: ClassVar = {"sight": "sight.json"}

    number: int = luigi.IntParameter(default=0)
    stay: float = luigi.FloatParameter(default=0.0)

    def _run(self) -> None:
        began = time.monotonic()
        time.sleep(self.stay)
        sight = {**seen(), "family": type(self).__name__, "began": began, "ended": time.monotonic()}
        self.save_to_mlflow({"sight": (sight, write_json)}, metrics={"score": float(sight["blas"])})


class Half(Look):
    """The same by another name."""


class Glimpse(MlflowTask):
    """The end of a pipeline of both: one look of its own, and half a one."""

    number: int = luigi.IntParameter(default=0)
    stay: float = luigi.FloatParameter(default=0.0)

    def requires(self) -> dict[str, luigi.Task]:
        return {"look": Look(number=self.number, stay=self.stay), "half": Half(number=self.number, stay=self.stay)}

    def _run(self) -> None:
        self.save_to_mlflow(metrics={"score": 0.0})
