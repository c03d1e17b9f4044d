"""In which files two runs differ."""

from __future__ import annotations

import filecmp
from collections.abc import Iterable, Mapping, Sequence

from sweeper.report.accounts.account import Artifact, artifacts_of
from sweeper.report.accounts.difference import Change, Pair, Section
from sweeper.store.base import Reader
from sweeper.store.records import RunRecord
from sweeper.store.tags import Tag


def compare_artifacts(reader: Reader, pairs: Sequence[Pair]) -> Section:
    """Compare the files of runs that belong together; the task's log, which says when, is left out."""
    listed = [(_files(reader, a), _files(reader, b)) for a, b in pairs]
    if any(files is None for pair in listed for files in pair):
        return Section("artifacts", remark="they cannot be listed from here", is_known=False)
    found: list[Change] = []
    is_compared = True
    known = [(a or {}, b or {}) for a, b in listed]
    for name in dict.fromkeys(name for a, b in known for name in (*a, *b)):
        one = [(a.get(name), b.get(name)) for a, b in known]
        is_compared &= all(file is None or file.path is not None for pair in one for file in pair)
        differing = [pair for pair in one if _is_other(*pair)]
        if differing:
            found.append(_file_change(name, differing, len(pairs)))
    remark = "" if is_compared else "only by their names: they are not on this machine"
    return Section("artifacts", tuple(found), remark)


def _files(reader: Reader, run: RunRecord) -> Mapping[str, Artifact] | None:
    artifacts = artifacts_of(reader, run)
    return None if artifacts is None else {one.name: one for one in artifacts if one.name != run.tags.get(Tag.LOG)}


def _is_other(a: Artifact | None, b: Artifact | None) -> bool:
    if a is None or b is None:
        return a is not b
    if a.path is None or b.path is None or a.size is None or b.size is None:
        return False
    try:
        return a.size != b.size or not filecmp.cmp(a.path, b.path, shallow=False)
    except OSError:  # gone, or not for us to read
        return False


def _file_change(name: str, differing: Sequence[tuple[Artifact | None, Artifact | None]], pairs: int) -> Change:
    ours, theirs = zip(*differing, strict=True)
    if pairs > 1:
        a, b = _in(ours), _in(theirs)
        return Change(name, a, b, note=f"differs in {len(differing):,} of {pairs:,} replicates")
    one, other = ours[0], theirs[0]
    sizes = one and one.size_words, other and other.size_words
    return Change(name, *sizes, note="other content" if sizes[0] == sizes[1] else "")


def _in(files: Iterable[Artifact | None]) -> str | None:
    number = sum(file is not None for file in files)
    return f"in {number:,}" if number else None
