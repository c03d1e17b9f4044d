"""What is installed: locked by hash, within the bounds that are stated, needed, and under licences that fit."""

from __future__ import annotations

import re
import runpy
import stat
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
LICENCES = runpy.run_path(str(ROOT / "docs" / "licences.py"))
AUDIT = runpy.run_path(str(ROOT / ".ci" / "audit.py"))

_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Locked:
    """An entry of the lock."""

    requirement: Requirement
    hashes: tuple[str, ...]

    @property
    def name(self) -> str:
        """The normalised name."""
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        """The only version that it takes."""
        (pin,) = self.requirement.specifier
        assert pin.operator == "=="
        return pin.version

    @property
    def is_for_here(self) -> bool:
        """Whether it is installed on this machine, with this Python."""
        return self.requirement.marker is None or self.requirement.marker.evaluate()


def _locked() -> Iterator[Locked]:
    without_comments = "\n".join(line for line in LOCK.splitlines() if not line.lstrip().startswith("#"))
    for entry in without_comments.replace("\\\n", " ").splitlines():
        words, *hashes = re.split(r"\s+(?=--)", entry.strip())
        if words:
            yield Locked(Requirement(words), tuple(hashes))


ENTRIES = [*_locked()]


def _group(name: str) -> Iterator[str]:
    for entry in PROJECT["dependency-groups"][name]:
        if isinstance(entry, dict):
            yield from _group(entry["include-group"])
        else:
            yield entry


WANTED = [*PROJECT["project"]["dependencies"], *_group("dev")]
OVERRIDDEN = [Requirement(one).name for one in PROJECT["tool"]["uv"]["override-dependencies"]]


class TestLock:
    """The lock is what pip installs, without resolving anything."""

    @pytest.mark.parametrize("locked", ENTRIES, ids=lambda locked: f"{locked.name}-{locked.version}")
    def test_an_entry_is_one_version_known_by_its_hashes(self, locked: Locked) -> None:
        assert locked.version
        assert locked.hashes
        assert all(map(_HASH.fullmatch, locked.hashes)), locked
        assert locked.requirement.url is None

    def test_it_names_no_place_to_fetch_from(self) -> None:
        assert "://" not in LOCK
        assert not re.search(r"^\s*-", re.sub(r"^\s*--hash=", "", LOCK, flags=re.MULTILINE), re.MULTILINE)

    def test_one_version_of_each_is_for_this_machine(self) -> None:
        here = [locked.name for locked in ENTRIES if locked.is_for_here]
        assert len(here) == len({*here})

    @pytest.mark.parametrize("wanted", WANTED)
    def test_what_the_project_wants_is_there_and_within_its_bounds(self, wanted: str) -> None:
        requirement = Requirement(wanted)
        found = [one.version for one in ENTRIES if one.name == canonicalize_name(requirement.name)]
        assert found
        assert all(requirement.specifier.contains(version, prereleases=True) for version in found)

    def test_each_bound_that_a_distribution_sets_another_is_kept(self) -> None:
        versions = {locked.name: locked.version for locked in ENTRIES if locked.is_for_here}
        for name, found in LICENCES["closure"](WANTED, OVERRIDDEN).items():
            for needed in LICENCES["needs"](found, ""):
                if needed.name not in OVERRIDDEN:
                    version = versions[canonicalize_name(needed.name)]
                    assert needed.specifier.contains(version, prereleases=True), f"{name} needs {needed}"

    def test_it_holds_what_is_needed_and_nothing_else(self) -> None:
        assert {locked.name for locked in ENTRIES if locked.is_for_here} == {*LICENCES["closure"](WANTED, OVERRIDDEN)}

    def test_what_is_installed_is_what_is_locked(self) -> None:
        for locked in ENTRIES:
            if locked.is_for_here:
                assert metadata.version(locked.name) == locked.version


class TestLicences:
    """What installing sweeper installs may be used by whoever may use sweeper."""

    def test_each_is_one_that_fits(self) -> None:
        for name, licence in LICENCES["licences"]().items():
            assert licence, f"{name} states no licence that is understood: see READ in docs/licences.py"
            assert LICENCES["parts"](licence) <= LICENCES["ALLOWED"], f"{name} is under {licence}"

    def test_the_page_lists_them(self) -> None:
        """``python docs/licences.py`` writes it anew."""
        page = (ROOT / "docs" / "reference" / "licences.md").read_text(encoding="utf-8")
        assert page == LICENCES["licences_page"]()

    @pytest.mark.parametrize(
        ("stated", "licence"),
        [
            ({"License-Expression": "MIT OR Apache-2.0", "License": "BSD"}, "MIT OR Apache-2.0"),
            ({"License": "3-Clause BSD License"}, "BSD-3-Clause"),
            ({"License": "Copyright (c) 2024", "Classifier": "License :: OSI Approved :: MIT License"}, "MIT"),
            ({"License": "GPL-3.0"}, ""),
            ({}, ""),
        ],
        ids=str,
    )
    def test_a_licence_is_what_a_distribution_states(self, stated: dict[str, str], licence: str) -> None:
        from email.message import Message

        message = Message()
        for name, words in stated.items():
            message[name] = words

        class Stated:
            metadata = message

        assert LICENCES["licence_of"]("some", Stated()) == licence


class TestAudit:
    """Known vulnerabilities fail the check; that they cannot be looked up is said, and does not."""

    @pytest.fixture
    def audit(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
        """Audit with a program in the place of pip-audit."""

        def run(script: str) -> int:
            program = tmp_path / "pip-audit"
            program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
            program.chmod(program.stat().st_mode | stat.S_IXUSR)
            monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
            result: int = AUDIT["audit"](0.5)
            return result

        return run

    def test_a_known_vulnerability_fails(self, audit: Any, capsys: pytest.CaptureFixture[str]) -> None:
        found = '{"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "X-1", "fix_versions": ["2"]}]}]}'
        assert audit(f"echo '{found}'; exit 1") == 1
        assert "a 1: X-1; mended in: 2" in capsys.readouterr().out

    def test_none_passes(self, audit: Any, capsys: pytest.CaptureFixture[str]) -> None:
        assert audit("""echo '{"dependencies": [{"name": "a", "version": "1", "vulns": []}]}'""") == 0
        assert "1 distributions audited: 0 known" in capsys.readouterr().out

    @pytest.mark.parametrize("script", ["echo 'no route to host' >&2; exit 1", "exec sleep 5"], ids=["failed", "hangs"])
    def test_without_data_it_says_so(self, script: str, audit: Any, capsys: pytest.CaptureFixture[str]) -> None:
        assert audit(script) == 0
        assert capsys.readouterr().out.startswith("not audited: ")

    def test_without_a_tool_it_says_so(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        assert AUDIT["audit"]() == 0
