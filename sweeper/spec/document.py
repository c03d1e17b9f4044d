"""The shape of a spec's file: which keys it has and what each may hold, every fault found at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    ValidationError,
)

from sweeper.errors import Problem, did_you_mean
from sweeper.spec.checks import EVERY_TASK, Invalid, direction_word, metric_name, seconds, sweep_name, task_path
from sweeper.spec.grid_table import Grids
from sweeper.spec.keep import EVERYTHING, Keep
from sweeper.spec.resource_tables import LimitTable, ResourceTables
from sweeper.spec.retry_table import RetryTable, RetryTables
from sweeper.spec.study_table import StudyTable
from sweeper.spec.tables import Assignments, Entry, ParameterName
from sweeper.spec.toml import to_key, to_toml

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_EXAMPLES = {
    "task": 'add task = "module:Class"',
    "study.trials": "say how many there are in all, as in trials = 50",
    "study.space": "add [study.space] with the parameters to search",
}
_WORDS = {
    "string_type": "must be a string",
    "bool_type": "must be true or false",
    "dict_type": "must be a table",
    "model_type": "must be a table",
}


def _by_task(value: Any) -> Any:
    return value if isinstance(value, Mapping) else {EVERY_TASK: value}


def _objectives(value: Any) -> Any:
    if not isinstance(value, Mapping) or not value:
        raise Invalid("must be a table of metrics and directions", 'as in accuracy = "maximize"')
    return value


def _kept(words: str) -> str:
    return Keep.parse(words).artifacts


MetricName = Annotated[str, AfterValidator(metric_name)]
DirectionWord = Annotated[str, PlainValidator(direction_word)]


class KeepTable(BaseModel):
    """The table ``[keep]``."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    artifacts: Annotated[str, AfterValidator(_kept)] = EVERYTHING


class Document(BaseModel):
    """A spec's file."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    task: Annotated[str, AfterValidator(task_path)]
    metric: MetricName | None = None
    name: Annotated[str, AfterValidator(sweep_name)] | None = None
    direction: DirectionWord | None = None
    objectives: Annotated[dict[MetricName, DirectionWord], BeforeValidator(_objectives)] | None = None
    replicates: ParameterName | None = None
    fixed: dict[ParameterName, Any] = {}
    grid: Grids = []
    points: Assignments = []
    exclude: Assignments = []
    study: StudyTable | None = None
    timeout: Annotated[dict[str, Annotated[float, PlainValidator(seconds)]], BeforeValidator(_by_task)] = {}
    retry: RetryTables = {}
    resources: ResourceTables = {}
    limits: LimitTable = {}
    keep: KeepTable = KeepTable()


_TABLES: Mapping[Any, tuple[type[BaseModel], str]] = {
    "study": (StudyTable, "[study]"),
    "retry": (RetryTable, "[retry]"),
    "keep": (KeepTable, "[keep]"),
}


def validate(contents: Mapping[str, Any], source: str) -> tuple[Document | None, list[Problem]]:
    """Return the document that a file's contents make, or None and every reason why they make none."""
    try:
        return Document.model_validate(contents), []
    except ValidationError as error:
        found = error.errors(include_url=False)
        is_union = isinstance(contents.get("grid"), list)
        return None, [_problem(fault, source, is_union=is_union) for fault in found]


def _problem(fault: ErrorDetails, source: str, *, is_union: bool) -> Problem:
    key, value = _key(fault["loc"], is_union=is_union), fault["input"]
    shown = to_toml(value.value if isinstance(value, Entry) else value)
    invalid = fault.get("ctx", {}).get("error")
    match fault["type"]:
        case "missing":
            return Problem(source, key, "is required", remedy=_EXAMPLES.get(key, ""))
        case "extra_forbidden":
            known, owner = _TABLES.get(fault["loc"][0] if len(fault["loc"]) > 1 else "", (Document, "a spec"))
            remedy = _way_home(fault["loc"]) or did_you_mean(str(fault["loc"][-1]), known.model_fields)
            return Problem(source, key, f"is not a key of {owner}", shown, remedy)
        case "value_error" if isinstance(invalid, Invalid):
            is_about_name = fault["loc"][-1] == "[key]"
            remedy = _way_home(fault["loc"]) or invalid.remedy
            return Problem(source, key, invalid.reason, "" if is_about_name else shown, remedy)
    return Problem(source, key, _WORDS.get(fault["type"], fault["msg"]), shown)


def _key(place: tuple[str | int, ...], *, is_union: bool) -> str:
    """Return where a fault lies as the file's author sees it."""
    parts = [part for part in place if part not in ("[key]", EVERY_TASK)]
    if parts[:1] == ["grid"] and not is_union:
        del parts[1:2]
    return to_key(*parts)


def _way_home(place: tuple[str | int, ...]) -> str:
    """Return where a key belongs that has strayed into a table, or out of one; '' if it has not."""
    *table, name = place
    if table and name in Document.model_fields and (table[0] == "grid" or name not in StudyTable.model_fields):
        return f"if it is the sweep's {name}, write it above the first table"
    if table in ([], ["study", "space"]) and name in StudyTable.model_fields:
        return f"if it is the study's {name}, write it under [study]"
    return ""
