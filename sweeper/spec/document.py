"""The shape of a spec's file: which keys it has and what each may hold, every fault found at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, InstanceOf, PlainValidator, ValidationError

from sweeper.errors import Problem, did_you_mean
from sweeper.spec.checks import Invalid, direction_word, metric_name, parameter_name, seconds, sweep_name, task_path
from sweeper.spec.levels import GENERATORS, Level, generate
from sweeper.spec.model import Axis
from sweeper.spec.toml import to_key, to_toml

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

EVERY_TASK = "*"

_EXAMPLES = {"task": 'task = "module:Class"', "metric": 'metric = "accuracy"'}
_WORDS = {"string_type": "must be a string", "dict_type": "must be a table", "list_type": "must be an array of tables"}


@dataclass(frozen=True, slots=True)
class Entry:
    """An axis as a grid's table has it: the key, with the family before it, and the value."""

    key: str
    value: Any


def is_generator(value: Any) -> bool:
    """Tell whether a table stands for levels, and not for a family's parameters."""
    return isinstance(value, Mapping) and not value.keys().isdisjoint(GENERATORS)


def split_names(key: str) -> tuple[str, ...]:
    """Return the names in a grid's key: one, or several that vary together."""
    return tuple(name.strip() for name in key.split(","))


def entries(table: Mapping[str, Any], prefix: str = "") -> list[Entry]:
    """Return the axes of a grid's table, those of families included."""
    found = []
    for key, value in table.items():
        names = ",".join(prefix + name for name in split_names(key))
        if isinstance(value, Mapping) and value and not is_generator(value):
            found += entries(value, f"{names}.")
        else:
            found.append(Entry(names, value))
    return found


def axis(entry: Entry) -> Axis:
    """Return the axis that a grid's entry declares; raises ``Invalid``."""
    names = split_names(entry.key)
    for name in names:
        parameter_name(name)
    if len(set(names)) < len(names):
        raise Invalid("names a parameter twice", "each of the names that vary together is another one")
    value = entry.value
    if isinstance(value, Mapping):
        return Axis(names, _generated(names, value))
    if not isinstance(value, list):
        raise Invalid("must be a list of levels or a generator", f"write [{to_toml(value)}], or set it under [fixed]")
    if not value:
        raise Invalid("has no levels", "give it some, or take the line out")
    if len(names) == 1:
        return Axis(names, [(level,) for level in value])
    return Axis(names, _paired(names, value))


def _generated(names: tuple[str, ...], table: Mapping[str, Any]) -> Any:
    if len(table) != 1 or not is_generator(table):
        raise Invalid("must be a list of levels or one generator", f"the generators are {', '.join(GENERATORS)}")
    if len(names) > 1:
        raise Invalid("a generator is for one parameter", "list the levels that vary together")
    ((generator, arguments),) = table.items()
    return generate(generator, arguments)


def _paired(names: tuple[str, ...], rows: list[Any]) -> list[Level]:
    for row in rows:
        if not isinstance(row, list) or len(row) != len(names):
            reason = f"each level must be a list of {len(names)} values, and {to_toml(row)} is not"
            raise Invalid(reason, f"as in [[{', '.join(f'<{name}>' for name in names)}], ...]")
    return [tuple(row) for row in rows]


def _grids(value: Any) -> Any:
    if not isinstance(value, Mapping | list):
        raise Invalid("must be a table", "write [grid], or [[grid]] for each part of a union")
    if value == []:
        raise Invalid("has no axes", "give it some, or take it out")
    return [value] if isinstance(value, Mapping) else value


def _axes(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise Invalid("must be a table")
    if not value:
        raise Invalid("has no axes", "give it some, or take it out")
    return {entry.key: entry for entry in entries(value)}


def _assignments(value: Any) -> Any:
    if not isinstance(value, list):
        raise Invalid("must be an array of tables", "write its header in double brackets, as in [[points]]")
    return value


def _assignment(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise Invalid("must be a table")
    if not value:
        raise Invalid("sets nothing", "name a parameter, or take it out")
    return value


def _by_task(value: Any) -> Any:
    return value if isinstance(value, Mapping) else {EVERY_TASK: value}


ParameterName = Annotated[str, AfterValidator(parameter_name)]
Assignments = Annotated[
    list[Annotated[dict[ParameterName, Any], BeforeValidator(_assignment)]], BeforeValidator(_assignments)
]
GridTable = Annotated[dict[str, Annotated[InstanceOf[Axis], BeforeValidator(axis)]], BeforeValidator(_axes)]


class Document(BaseModel):
    """A spec's file."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    task: Annotated[str, AfterValidator(task_path)]
    metric: Annotated[str, AfterValidator(metric_name)]
    name: Annotated[str, AfterValidator(sweep_name)] | None = None
    direction: Annotated[str, PlainValidator(direction_word)] = "maximize"
    replicates: ParameterName | None = None
    fixed: dict[ParameterName, Any] = {}
    grid: Annotated[list[GridTable], BeforeValidator(_grids)] = []
    points: Assignments = []
    exclude: Assignments = []
    timeout: Annotated[dict[str, Annotated[float, PlainValidator(seconds)]], BeforeValidator(_by_task)] = {}


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
            return Problem(source, key, "is required", remedy=f"add {_EXAMPLES[key]}")
        case "extra_forbidden":
            remedy = did_you_mean(key, Document.model_fields)
            return Problem(source, key, "is not a key of a spec", shown, remedy)
        case "value_error" if isinstance(invalid, Invalid):
            is_name = fault["loc"][-1] == "[key]"
            return Problem(source, key, invalid.reason, "" if is_name else shown, _remedy(fault["loc"], invalid))
    return Problem(source, key, _WORDS.get(fault["type"], fault["msg"]), shown)


def _key(place: tuple[str | int, ...], *, is_union: bool) -> str:
    """Return where a fault lies as the file's author sees it."""
    parts = [part for part in place if part not in ("[key]", EVERY_TASK)]
    if parts[0] == "grid" and not is_union:
        del parts[1:2]
    return to_key(*parts)


def _remedy(place: tuple[str | int, ...], invalid: Invalid) -> str:
    """Return the remedy for a value; a key of the sweep's own that stands in a grid has strayed there."""
    if place[0] == "grid" and len(place) > 1 and place[-1] in Document.model_fields:
        return f"if it is the sweep's {place[-1]}, write it above the first table"
    return invalid.remedy
