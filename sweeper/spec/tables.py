"""Tables that several parts of a spec's file have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from sweeper.spec.checks import Invalid, parameter_name


def _assignments(value: Any) -> Any:
    if not isinstance(value, list):
        raise Invalid("must be an array of tables", "write its header in double brackets")
    return value


def _assignment(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise Invalid("must be a table")
    if not value:
        raise Invalid("sets nothing", "name a parameter, or take it out")
    return value


ParameterName = Annotated[str, AfterValidator(parameter_name)]
Assignments = Annotated[
    list[Annotated[dict[ParameterName, Any], BeforeValidator(_assignment)]], BeforeValidator(_assignments)
]
