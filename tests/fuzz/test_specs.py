"""Whatever a spec's file holds, it is a spec, or every reason why it is none: quickly, and never a traceback."""

from __future__ import annotations

import contextlib
import json
import os
import time
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from sweeper.binding import Binding, bind
from sweeper.errors import InputError, SpecError
from sweeper.plan import make_plan
from sweeper.spec import Spec, load
from sweeper.store.empty import EmptyReader
from sweeper.task import key_of
from tests.chaos.scale import at_scale
from tests.chaos.tally import Tally
from tests.fuzz.arguments import override
from tests.fuzz.specs import VALID, mutant, written_as_toml

SPECS = at_scale(10_000, 100_000)
SHARES = 4
MOST_SECONDS = 1.0
PLANNED_POINTS = 30


def survives(path: Path, *overrides: str) -> bool:
    """Whether a file is a spec that can be run; raises ``AssertionError`` for anything but that or a clear refusal."""
    began = time.process_time()
    try:
        spec = load(path, overrides)
        assert_round_trip(spec)
        binding = bind(spec)
    except SpecError as error:
        assert_says_what_is_wrong(error, path)
        return False
    finally:
        seconds = time.process_time() - began
    assert seconds < MOST_SECONDS, f"took {seconds:.1f} s"
    assert_usable(binding)
    return True


def assert_round_trip(spec: Spec) -> None:
    document = json.loads(json.dumps(spec.to_document(), allow_nan=False))
    assert Spec.from_document(document) == spec
    hash(spec)


def assert_says_what_is_wrong(error: SpecError, path: Path) -> None:
    assert error.problems
    for problem in error.problems:
        assert problem.source in (str(path), "-p"), problem
        assert problem.reason, problem
        assert str(problem).isprintable(), problem


def assert_usable(binding: Binding) -> None:
    """What can be bound has points, each with an instance and a key that stays, and a plan."""
    assert_round_trip(binding.spec)
    count = binding.points.count(exact_up_to=PLANNED_POINTS)
    for point in islice(binding.points, 3):
        assert key_of(binding.instance(point)) == key_of(binding.instance(point))
    trials = binding.spec.study.trials if binding.spec.study else 1
    if count.number * trials <= PLANNED_POINTS:
        with contextlib.suppress(InputError):  # a warm start from a sweep that the store has not
            make_plan(binding, EmptyReader("sqlite:///no.db"))


@pytest.mark.parametrize("share", range(SHARES))
def test_any_spec_is_run_or_refused_with_reasons(share: int, tmp_path: Path, tally: Tally) -> None:
    path = tmp_path / "sweep.toml"
    sound = 0
    for number in range(share, SPECS, SHARES):
        text = mutant(Random(number))
        path.write_text(text, encoding="utf-8", newline="")
        try:
            sound += survives(path)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is a fault)
            pytest.fail(f"mutant(Random({number})) is a spec that breaks sweeper: {error!r}\n{text[:2000]}")
    tally.tried("specs with anything anywhere", SPECS // SHARES)
    assert SPECS // SHARES > sound > SPECS // SHARES // 20, "some are to be valid, that more than the reading is tried"


FILES = at_scale(300, 10_000)
SOUND = b'task = "tests.pipelines.chain:Fit"\nmetric = "score"\n[grid]\nrate = [0.1, 0.2]\n'


def test_any_bytes_are_a_spec_or_refused(tmp_path: Path, tally: Tally) -> None:
    path = tmp_path / "sweep.toml"
    for number in range(FILES):
        random = Random(number)
        broken = bytearray(SOUND)
        for _ in range(random.randrange(1, 8)):
            start = random.randrange(len(broken) + 1)
            broken[start : start + random.randrange(3)] = random.randbytes(random.randrange(4))
        path.write_bytes(random.randbytes(random.randrange(200)) if number % 10 == 0 else broken)
        try:
            survives(path)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is a fault)
            pytest.fail(f"number {number} breaks sweeper: {error!r}\n{path.read_bytes()!r}")
    tally.tried("spec files of broken bytes", FILES)


OVERRIDES = at_scale(1500, 15_000)


def test_any_override_is_made_or_refused(tmp_path: Path, tally: Tally) -> None:
    path = tmp_path / "sweep.toml"
    for number in range(OVERRIDES):
        random = Random(number)
        path.write_text(written_as_toml(random.choice(VALID)), encoding="utf-8")
        overrides = [override(random) for _ in range(random.choice((1, 1, 2, 3)))]
        try:
            survives(path, *overrides)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is a fault)
            pytest.fail(f"number {number} breaks sweeper: {error!r}\n{overrides}\n{path.read_text(encoding='utf-8')}")
    tally.tried("overrides of any shape", OVERRIDES)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_byte_order_mark_and_any_ends_of_lines_are_read(mark: bytes, end: bytes, tmp_path: Path) -> None:
    path = tmp_path / "sweep.toml"
    path.write_bytes(mark + SOUND.replace(b"\n", end))
    assert survives(path)


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "circle.toml").symlink_to(tmp_path / "circle.toml")
    (tmp_path / "dangling.toml").symlink_to(tmp_path / "missing.toml")
    (tmp_path / "endless.toml").symlink_to("/dev/zero")
    with (tmp_path / "huge.toml").open("wb") as huge:
        huge.truncate(10**10)
    reasons = {
        "pipe": "is no regular file; a sweep is resumed from its file: write it to one",
        "folder": "is a folder; name the TOML file in it",
        "circle": "Too many levels of symbolic links",
        "dangling": "there is no such file",
        "endless": "is no regular file; a sweep is resumed from its file: write it to one",
        "huge": "is too large: 10,000,000,000 bytes, of at most 16,777,216; let range or linspace make the levels",
    }
    for name, reason in reasons.items():
        path = tmp_path / f"{name}.toml"
        with pytest.raises(SpecError) as caught:
            load(path)
        assert str(caught.value).startswith(f"{path}: {reason}")


@pytest.mark.parametrize("name", ["\x1b[31mred", "two\nlines", "\udcff", "x" * 250, "a b", "$(id)", "\u202e"])
def test_a_file_of_any_name_names_a_sweep_or_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.toml"
    path.write_bytes(SOUND)
    assert not survives(path)
