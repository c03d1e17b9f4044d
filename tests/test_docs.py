"""The documentation is true: commands print what it says, examples work, links lead somewhere.

What a fenced block in a page is, its first word says:

- ``console``: commands after ``$``, and below each what it prints. The blocks of a page are run in order, in one fresh
  folder that has a copy of ``sweeps/`` and an empty ``results/``. ``...`` stands for any text within a line, and on a
  line of its own for any lines. What a slow sweep says of itself in between is passed over.
- ``python`` and ``toml``: with ``title=NAME`` a file in that folder; without, an excerpt, valid by itself.
- ``sh``: commands that need what a test has not, such as a server; those of sweeper must be ones that it takes.
- ``text``: shown, and not run.
"""

from __future__ import annotations

import contextlib
import difflib
import re
import runpy
import shlex
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from sweeper.cli import main
from sweeper.report.sources.frame import OWN_COLUMNS
from sweeper.spec import load
from sweeper.store import open_reader
from sweeper.store.locate import sqlite_uri
from tests.pages import FENCE, PAGES, ROOT, Block, blocks
from tests.shell import COMMAND_SECONDS, shell

_IN_BETWEEN = re.compile(r"^\d+ of (?:at most )?\d+ points \(.*\n", re.MULTILINE)
"""What a sweep says of itself now and then: pages leave it out, and a slow machine has more of it."""

_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#+ (?P<words>.+)$", re.MULTILINE)


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _steps(block: Block) -> Iterator[tuple[str, str]]:
    """Yield the commands of a console block, each with what it is said to print."""
    for step in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, output = step.partition("\n")
        yield command, output


def _pattern(output: str) -> re.Pattern[str]:
    """Return what matches output that is as a page says, trailing blanks aside."""
    lines = (
        r"(?:.*\n)*?" if line == "..." else ".*".join(map(re.escape, line.rstrip().split("..."))) + "\n"
        for line in output.rstrip().splitlines()
    )
    return re.compile("".join(lines))


@pytest.fixture
def checkout(tmp_path: Path, template: Path) -> Path:
    """A folder like a fresh clone: the example sweeps, and a store without anything in it."""
    shutil.copytree(ROOT / "sweeps", tmp_path / "sweeps", ignore=shutil.ignore_patterns("__pycache__", "results"))
    (tmp_path / "results").mkdir()
    shutil.copyfile(template, tmp_path / "results" / "mlflow.db")
    return tmp_path


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "console")], ids=_name)
def test_commands_print_what_the_page_says(page: Path, checkout: Path, quick_sweeper: Path) -> None:
    for block in blocks(page):
        if block.title:
            (checkout / block.title).write_text(block.text, encoding="utf-8")
        for command, expected in _steps(block) if block.kind == "console" else ():
            actual = _IN_BETWEEN.sub("", shell(command, checkout, quick_sweeper))
            if not _pattern(expected).fullmatch(actual):
                diff = "\n".join(difflib.ndiff(expected.splitlines(), actual.splitlines()))
                pytest.fail(f"{block.place}: $ {command}\n{diff}")


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_excerpts_are_valid(page: Path, tmp_path: Path) -> None:
    for block in blocks(page, "python", "toml"):
        if block.kind == "python":
            compile(block.text, block.place, "exec")
        elif not block.title:
            header = "" if "task =" in block.text else 'task = "module:Class"\nmetric = "accuracy"\n'
            (tmp_path / "excerpt.toml").write_text(header + block.text, encoding="utf-8")
            load(tmp_path / "excerpt.toml")


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_commands_are_ones_that_sweeper_takes(page: Path) -> None:
    for block in blocks(page, "sh"):
        for command in re.split(r"\n|\s(?:\|\||&&|[|>;])\s", block.text):
            words = shlex.split(command, comments=True)
            if words[:1] == ["sweeper"]:
                _parse(words[1:], block.place)


def _parse(words: list[str], place: str) -> None:
    """Parse a command line without running it."""
    try:
        context = main.make_context("sweeper", [], resilient_parsing=True)
        command = main.get_command(context, words[0])
        assert command is not None, f"{place}: there is no command {words[0]}"
        command.make_context(words[0], words[1:], parent=context)
    except click.UsageError as error:
        pytest.fail(f"{place}: {error.message}")


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_somewhere(page: Path) -> None:
    for match in _LINK.finditer(FENCE.sub("", page.read_text(encoding="utf-8"))):
        target, _, anchor = match["target"].partition("#")
        if "://" in target:
            continue
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), f"{_name(page)}: {match['target']}"
        if anchor:
            assert anchor in _anchors(file), f"{_name(page)}: {match['target']}"


def _anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    kept = (re.sub(r"[^\w\- ]", "", match["words"].lower()) for match in _HEADING.finditer(text))
    return {words.replace(" ", "-") for words in kept}


def test_every_page_is_in_the_index() -> None:
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / match["target"]).resolve() for match in _LINK.finditer(index.read_text(encoding="utf-8"))}
    assert {page for page in PAGES if page.is_relative_to(ROOT / "docs")} - {index} <= linked


def test_every_room_has_its_line_in_the_architecture() -> None:
    text = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
    for room in (ROOT / "sweeper").iterdir():
        name = f"{room.name}/" if room.is_dir() else room.name
        assert f"`{name}`" in text or name.startswith("__")


def test_the_reference_of_the_commands_is_up_to_date() -> None:
    """``python docs/generate.py`` writes it anew."""
    generate = runpy.run_path(str(ROOT / "docs" / "generate.py"))
    written = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    assert written == generate["cli_reference"]()


def test_the_reference_of_the_frame_has_its_columns_in_their_order() -> None:
    text = (ROOT / "docs" / "reference" / "results.md").read_text(encoding="utf-8")
    table = text[text.index("| column |") :]
    first, *others = OWN_COLUMNS
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == [first, "trial", *others]
    assert re.findall(r"^\| \*(\w+)\* \|", table, re.MULTILINE) == ["parameters", "metrics"]


@pytest.mark.parametrize("spec", sorted((ROOT / "sweeps").glob("*.toml")), ids=lambda spec: spec.name)
def test_every_sweep_of_ours_can_be_planned(spec: Path, checkout: Path, quick_sweeper: Path) -> None:
    assert "tasks to run" in shell(f"sweeper plan sweeps/{spec.name}", checkout, quick_sweeper)


class TestDemo:
    """What README shows of ``make demo``, which takes too long to run here in full."""

    README = (ROOT / "README.md").read_text(encoding="utf-8")

    def test_the_spec_shown_is_the_one_that_is_run(self) -> None:
        shown = blocks(ROOT / "README.md", "toml")[0].text
        run = (ROOT / "sweeps" / "bert_lr.toml").read_text(encoding="utf-8")
        assert tomllib.loads(shown) == tomllib.loads(run)

    def test_its_commands_are_those_of_the_makefile(self) -> None:
        recipe = re.search(r"^demo:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        assert recipe
        for command in recipe[1].split("\n\t"):
            assert command.strip().replace("$(BIN)", ".venv/bin") in self.README

    def test_its_table_has_the_shape_that_is_shown(self, checkout: Path, quick_sweeper: Path) -> None:
        smaller = "-p FetchArticleIds.limit=80 -p BertFeatures.max_tokens=16 -p learning_rate=1e-5,0.01 -p seed=0,1"
        ran = shell(f"sweeper run sweeps/bert_lr.toml --engine inline {smaller}", checkout, quick_sweeper)
        assert "4 of 4 points in" in ran, ran
        printed = shell("sweeper report bert_lr --metric accuracy", checkout, quick_sweeper)
        title, _, _, header, *_, tally = printed.splitlines()
        assert f"\n{title}\n" in self.README
        assert header.split() in [line.split() for line in self.README.splitlines()]
        assert f"\n{tally.replace('4', '30')}\n" in self.README

    def test_an_interrupted_sweep_says_what_is_shown_and_is_resumed(self, checkout: Path, quick_sweeper: Path) -> None:
        command = ["run", "sweeps/digits.toml", "--engine", "inline", "-p", "epochs=30", "-p", "alpha=1e-5"]
        output = _interrupted(command, checkout)
        for line in ("finishing what runs; Ctrl-C again stops it now", "tells more; running again tries again"):
            assert line in output
            assert line in self.README
        again = shell(f"sweeper {shlex.join(command)}", checkout, quick_sweeper)
        assert re.search(r"^12 of 12 points in .+: \d+ computed, \d+ reused; best accuracy", again, re.MULTILINE)


def _interrupted(arguments: list[str], folder: Path) -> str:
    """Return what a sweep prints that gets a Ctrl-C once it has a result."""
    reader = open_reader(sqlite_uri(folder / "results" / "mlflow.db"))
    sweeper = Path(sys.executable).with_name("sweeper")
    with subprocess.Popen(
        [sweeper, *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            until = time.monotonic() + COMMAND_SECONDS
            while process.poll() is None and time.monotonic() < until and not reader.results(["fit_digits"]):
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=COMMAND_SECONDS)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
    assert process.returncode == 130, output
    return output
