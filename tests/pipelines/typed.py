"""A task with a parameter of every kind, and some that a sweep must refuse."""

import datetime as dt
import enum
from typing import Any

import luigi

from sweeper import MlflowTask


class Colour(enum.Enum):
    """Two colours."""

    RED = 1
    BLUE = 2


class Typed(MlflowTask):
    """Have a parameter of every kind; the score is the length of what they look like."""

    real: float = luigi.FloatParameter(default=0.5)
    whole: int = luigi.IntParameter(default=1)
    flag: bool = luigi.BoolParameter(default=False)
    text: str = luigi.StrParameter(default="plain")
    colour: Colour = luigi.EnumParameter(enum=Colour, default=Colour.RED)
    day: dt.date = luigi.DateParameter(default=dt.date(2024, 1, 1))
    maybe: int | None = luigi.OptionalIntParameter(default=None)
    items: tuple[Any, ...] = luigi.ListParameter(default=())
    table: Any = luigi.DictParameter(default={})
    choice: str = luigi.ChoiceParameter(choices=["adam", "sgd"], default="adam")
    share: float = luigi.NumericalParameter(var_type=float, min_value=0.0, max_value=1.0, default=0.5)
    workers: int = luigi.IntParameter(default=1, significant=False)

    def _run(self) -> None:
        self.save_to_mlflow(metrics={"score": len(repr(self))})


class Needy(MlflowTask):
    """Have a parameter without a default."""

    size: int = luigi.IntParameter()
    seed: int = luigi.IntParameter(default=0)

    def _run(self) -> None:
        self.save_to_mlflow(metrics={"score": self.size})


class Forgetful(MlflowTask):
    """Leave a parameter out of what identifies it."""

    rate: float = luigi.FloatParameter(default=0.1)
    seed: int = luigi.IntParameter(default=0)

    def to_mlflow_tags(self) -> dict[str, Any]:
        """Return the rate alone."""
        return {"rate": self.rate}

    def _run(self) -> None:
        self.save_to_mlflow(metrics={"score": self.rate})


class Pinned(MlflowTask):
    """Set its requirement's parameter itself."""

    rate: float = luigi.FloatParameter(default=0.1)

    def requires(self) -> dict[str, luigi.Task]:
        return {"needy": Needy(size=3)}

    def _run(self) -> None:
        self.save_to_mlflow(metrics={"score": self.rate})


class NotATask(luigi.Task):
    """A task of Luigi's own kind."""
