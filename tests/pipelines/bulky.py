"""Tasks that save much, and can tell whether it was kept whole."""

import hashlib
import random
from pathlib import Path
from typing import ClassVar

import luigi

from sweeper import MlflowTask


def write_bytes(content: bytes, path: str) -> None:
    """Write bytes."""
    Path(path).write_bytes(content)


class Bulk(MlflowTask):
    """Save random bytes, and print as much; the score is the beginning of their digest."""

    class Meta:
        mlflow_artifact_fnames: ClassVar = {"bytes": "bulk.bin"}

    seed: int = luigi.IntParameter(default=0)
    size: int = luigi.IntParameter(default=400_000, significant=False)

    def _run(self) -> None:
        content = random.Random(self.seed).randbytes(self.size)
        print("x" * self.size)  # noqa: T201 (for the log)
        self.save_to_mlflow({"bytes": (content, write_bytes)}, {"score": score_of(content)})


def score_of(content: bytes) -> float:
    """Return a number that stands for bytes."""
    return float(int(hashlib.sha256(content).hexdigest()[:12], 16))
