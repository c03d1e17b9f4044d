"""The shape of ``[resources]`` and ``[limits]`` in a spec's file."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainValidator

from sweeper.spec.checks import Invalid

_NAME = re.compile(r"[A-Za-z_][\w-]{0,99}")


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Invalid("a resource's name has letters, digits, '_' and '-'", "as in gpu, cpu or licence")
    return name


def _amount(value: Any) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 < value <= sys.float_info.max:
        raise Invalid("must be a number above 0")
    return float(value)


def _needs(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise Invalid("must be a table of what the task needs", "as in TrainClassifier = { gpu = 1 }")
    if not value:
        raise Invalid("needs nothing", "say how much of what, as in { gpu = 1 }, or take it out")
    return value


def _table(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise Invalid("must be a table of tasks", "write TrainClassifier = { gpu = 1 } under [resources]")
    return value


def _limits(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise Invalid("must be a table of tasks and resources", "write BertFeatures = 2 under [limits]")
    return value


Amount = Annotated[float, PlainValidator(_amount)]
Needs = Annotated[dict[Annotated[str, AfterValidator(_name)], Amount], BeforeValidator(_needs)]
ResourceTables = Annotated[dict[str, Needs], BeforeValidator(_table)]
LimitTable = Annotated[dict[str, Amount], BeforeValidator(_limits)]
