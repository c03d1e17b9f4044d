"""Write docs/reference/licences.md: the licence of every distribution that installing sweeper installs.

python docs/licences.py
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PAGE = Path(__file__).parent / "reference" / "licences.md"

ALLOWED = frozenset(
    {
        *("0BSD", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "MIT", "MIT-0", "MIT-CMU", "PSF-2.0"),
        *("Zlib", "Unlicense", "ISC", "LicenseRef-public-domain"),
        "MPL-2.0",  # asks for the source of changes to its own files: nothing of it is changed, or copied into sweeper
    }
)
READ = {
    "docutils": "BSD-2-Clause AND BSD-3-Clause AND LicenseRef-public-domain",  # the GPL's file is not installed
    "huey": "MIT",
    "skops": "MIT",
}
"""Where the metadata do not say it: what the licence that comes with the distribution says."""

_WORDS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "Apache-2": "Apache-2.0",
    "BSD License": "BSD",
    "BSD 3-Clause License": "BSD-3-Clause",
    "MIT License": "MIT",
    "MIT license": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "ISC License (ISCL)": "ISC",
}
_EXPRESSION = re.compile(r"[\w.-]+(?: (?:AND|OR) [\w.-]+)*")

HEAD = """\
# Licences

<!-- Written by docs/licences.py from what the distributions themselves state. -->

sweeper is under the MIT licence. Its wheel holds its own code and nothing else. A page that `sweeper report --html`
writes holds plotly.js, which is under the MIT licence too. Installing sweeper installs what it needs, and what that
needs:

| distribution | licence |
|---|---|
"""


def licences() -> dict[str, str]:
    """Return the licence of each distribution that sweeper needs, by name, as an SPDX expression."""
    return {name: licence_of(name, found) for name, found in sorted(closure(["luigi-sweeper"]).items())}


def closure(requirements: Iterable[str], without: Collection[str] = ()) -> dict[str, metadata.Distribution]:
    """Return the installed distributions that requirements lead to, themselves included, by normalised name.

    Those called ``without`` are left out, with all that is needed for them alone.
    """
    found: dict[str, metadata.Distribution] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [Requirement(one) for one in requirements]
    while waiting:
        required = waiting.pop()
        name = canonicalize_name(required.name)
        if name in without:
            continue
        found[name] = metadata.distribution(required.name)
        for extra in {"", *required.extras}:
            if (name, extra) not in seen:
                seen.add((name, extra))
                waiting += needs(found[name], extra)
    return found


def licence_of(name: str, found: metadata.Distribution) -> str:
    """Return a distribution's licence as it states it itself; '' if it states none that is understood."""
    said: Mapping[str, str] = {"License-Expression": READ[name]} if name in READ else dict(found.metadata.items())
    if "License-Expression" in said:
        return said["License-Expression"]
    word = said.get("License", "").strip()
    word = _WORDS.get(word, word)
    if _EXPRESSION.fullmatch(word) and parts(word) <= ALLOWED:
        return word
    classifiers = found.metadata.get_all("Classifier") or []
    words = [one.rpartition(" :: ")[2] for one in classifiers if one.startswith("License :: OSI Approved :: ")]
    return " OR ".join(sorted(_WORDS.get(one, one) for one in words))


def parts(expression: str) -> set[str]:
    """Return the licences that an expression speaks of."""
    return set(re.split(r" (?:AND|OR) ", expression))


def licences_page() -> str:
    """Return the page."""
    return HEAD + "".join(
        f"| {name} | {licence} |\n" for name, licence in licences().items() if name != "luigi-sweeper"
    )


def needs(found: metadata.Distribution, extra: str) -> Iterator[Requirement]:
    """Yield what a distribution needs on this machine, with one of its extras or with none ('')."""
    for required in map(Requirement, found.requires or ()):
        if required.marker is None or required.marker.evaluate({"extra": extra}):
            yield required


if __name__ == "__main__":
    PAGE.write_text(licences_page(), encoding="utf-8")
