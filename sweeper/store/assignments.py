"""Which points of a sweep a run stands for: assignments on the run's tags.

The tag ``sweeper.sweep.<name>`` is a JSON list of assignments in canonical form. A list that is too long for one tag
goes on in ``sweeper.sweep.<name>/2`` and so on, up to a tag that is missing or empty.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

from sweeper.store.tags import sweep_tag
from sweeper.store.values import MAX_TAG

_SWEEP = sweep_tag("")
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def encode(name: str, forms: Iterable[str], *, replaces: bool = False) -> dict[str, str]:
    """Return the tags for points of a sweep, each given as its JSON.

    With ``replaces`` the tag behind the last is emptied, for a run that had a longer list before.
    """
    lists: list[list[str]] = [[]]
    room = MAX_TAG - 1  # the brackets, and no comma behind the last
    for form in sorted(forms):
        if lists[-1] and len(form) + 1 > room:
            lists.append([])
            room = MAX_TAG - 1
        lists[-1].append(form)
        room -= len(form) + 1
    tags = {_tag(name, number): f"[{','.join(forms)}]" for number, forms in enumerate(lists, 1)}
    return tags | ({_tag(name, len(lists) + 1): "[]"} if replaces else {})


def decode(name: str, tags: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """Return the assignments that a run's tags hold for a sweep."""
    found: list[Mapping[str, Any]] = []
    for number in count(1):
        part = tags.get(_tag(name, number), "[]")
        if part == "[]":
            break
        found += json.loads(part)
    return found


def forms(name: str, tags: Mapping[str, str]) -> list[str]:
    """Return the assignments that a run's tags hold for a sweep, each as the JSON that ``Point.to_record`` gives.

    That is how they stand there, so the only one of a list, as most are, is had without parsing it.
    """
    text = tags.get(_tag(name, 1), "[]")
    if "},{" in text or _tag(name, 2) in tags:
        return [to_form(assignment) for assignment in decode(name, tags)]
    return [text[1:-1]] if text != "[]" else []


def sweeps_of(tags: Mapping[str, str]) -> list[str]:
    """Return the names of the sweeps for whose points a run with some tags stands."""
    return [tag[len(_SWEEP) :] for tag, points in tags.items() if _is_first_part(tag) and points != "[]"]


def to_form(assignment: Mapping[str, Any]) -> str:
    """Return an assignment that ``decode`` gave as the JSON that ``Point.to_record`` gives."""
    return _ENCODER.encode(assignment)


def _is_first_part(tag: str) -> bool:
    return tag.startswith(_SWEEP) and "/" not in tag


def _tag(name: str, number: int) -> str:
    return sweep_tag(name) if number == 1 else f"{sweep_tag(name)}/{number}"
