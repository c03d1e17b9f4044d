"""The differences between two runs or configurations, as text and as JSON."""

from __future__ import annotations

import math
from typing import Any

from tabulate import tabulate

from sweeper.identity import canonical
from sweeper.report.accounts.account import state_of
from sweeper.report.accounts.diff import Diff
from sweeper.report.accounts.difference import Change, Section
from sweeper.report.accounts.selection import Selection
from sweeper.report.escape import shown
from sweeper.report.lineage.trace import class_name, task_of
from sweeper.report.rounding import numeral, power_of_ten, rounded
from sweeper.report.statistics.measurement import Measurement

_MOST_CHARACTERS = 60
_MOST_TOGETHER = 40
_NOTHING = "—"


def diff_text(found: Diff) -> str:
    """Return a table for each thing in which the two differ, and the names of what is equal in one line."""
    lines = [f"A  {_title(found.a)}", f"B  {_title(found.b)}"]
    for section in found.sections:
        if section.changes:
            lines += ["", _table(section), *([_remark(section)] if section.remark else [])]
    equal = [_with_remark(section) for section in found.sections if section.is_equal]
    if equal:
        lines += ["", f"equal: {', '.join(equal)}"]
    lines += [f"not compared: {_with_remark(section)}" for section in found.sections if not section.is_known]
    return "\n".join(lines)


def diff_document(found: Diff) -> dict[str, Any]:
    """Return the differences as plain JSON; numbers that are not finite are in canonical form."""
    return {
        "a": _selection_document(found.a),
        "b": _selection_document(found.b),
        "is_equal": found.is_equal,
        "sections": {section.title: _section_document(section) for section in found.sections},
    }


def _title(selection: Selection) -> str:
    runs = [*selection.runs.values()]
    state = state_of(runs[0])[0]
    about = f"{len(runs):,} results" if len(runs) > 1 else str(state)
    return f"{shown(selection.title, 2 * _MOST_CHARACTERS)}  {shown(class_name(task_of(runs[0])))}, {about}"


def _with_remark(section: Section) -> str:
    return f"{section.title} ({_remark(section)})" if section.remark else section.title


def _remark(section: Section) -> str:
    return shown(section.remark, 3 * _MOST_CHARACTERS)


def _table(section: Section) -> str:
    """Return a row a change; a column that no change has anything for is left out."""
    columns = {
        section.title: [shown(one.name, _MOST_CHARACTERS) for one in section.changes],
        **dict(zip("AB", zip(*map(_sides, section.changes), strict=True), strict=True)),
        "difference": [_signed(one.difference) for one in section.changes],
        "": [one.note for one in section.changes],
    }
    filled = {header: cells for header, cells in columns.items() if any(cells)}
    return tabulate(filled, "keys", "simple", disable_numparse=True)


def _sides(change: Change) -> tuple[str, str]:
    """Return both values in words; of numbers that four digits do not tell apart, all digits."""
    a, b = _words(change.a), _words(change.b)
    if a == b and isinstance(change.a, float) and isinstance(change.b, float):
        return repr(change.a), repr(change.b)
    return a, b


def _words(value: Any) -> str:
    match value:
        case None:
            return _NOTHING
        case Measurement():
            return _measurement(value)
        case float():
            return numeral(value)
        case tuple():
            several = ", ".join(map(shown, value))
            is_short = len(several) <= _MOST_TOGETHER
            return several if is_short else f"{shown(value[0])} and {len(value) - 1:,} more"
        case _:
            return shown(value, _MOST_CHARACTERS)


def _measurement(measurement: Measurement) -> str:
    number = rounded(measurement)
    power = power_of_ten(number.exponent)
    words = f"{number.mean} ± {number.std}" if number.std else number.mean
    return f"{f'({words}){power}' if power else words} (n={measurement.n:,})"


def _signed(difference: float | None) -> str:
    if difference is None:
        return ""
    return numeral(difference) if difference < 0 or math.isnan(difference) else f"+{numeral(difference)}"


def _selection_document(selection: Selection) -> dict[str, Any]:
    return {"title": selection.title, "runs": [run.run_id for run in selection.runs.values()]}


def _section_document(section: Section) -> dict[str, Any]:
    changes = [
        {
            "name": one.name,
            "a": _value_document(one.a),
            "b": _value_document(one.b),
            "difference": canonical(one.difference),
            "note": one.note,
        }
        for one in section.changes
    ]
    return {"is_known": section.is_known, "is_equal": section.is_equal, "remark": section.remark, "changes": changes}


def _value_document(value: Any) -> Any:
    if isinstance(value, Measurement):
        return {"mean": canonical(value.mean), "std": canonical(value.std), "n": value.n}
    return canonical(value)
