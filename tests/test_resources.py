"""Sweeps on limited resources: each task has what it needs, and no slot idles while something fits."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import luigi
import psutil
import pytest

from sweeper import MlflowTask
from sweeper import sweep as sweep_module
from sweeper.binding import Binding, bind
from sweeper.engine.base import Execution, call_for
from sweeper.engine.inline import InlineEngine
from sweeper.engine.local import LocalEngine
from sweeper.engine.machine import THREAD_VARIABLES, Machine
from sweeper.engine.process import Setup
from sweeper.errors import InputError, SpecError, TaskError
from sweeper.points import Point
from sweeper.replicates import MOST_KNOWN, Replicates
from sweeper.resources import Resources, machine_for
from sweeper.search.base import Outcome
from sweeper.session import EngineName, run_binding
from sweeper.spec import load
from sweeper.store import open_reader
from sweeper.task.context import current
from tests.pipelines.chain import Scale
from tests.pipelines.sights import Look
from tests.sweeping import CHAIN, Recorder, runs, sweep, write_spec

if TYPE_CHECKING:
    from sweeper.task.context import Context

SIGHTS = "tests.pipelines.sights"
CALL_SECONDS = 120

MakeEngine = Callable[..., LocalEngine]


def bound(text: str, task: str = f"{CHAIN}:Fit") -> Binding:
    return bind(load(write_spec(f'task = "{task}"\nmetric = "score"\n{text}')))


class Big(InlineEngine):
    """An engine that has things to share, and shares them one call at a time."""

    is_concurrent = True
    resources: dict[str, float] = {"cpu": 4.0}  # noqa: RUF012


# what is checked before the first task


def test_what_no_worker_has_is_told_before_anything_runs_all_at_once(store_uri: str):
    text = f"""
        task = "{CHAIN}:Fit"
        metric = "score"
        [resources]
        Fit = {{ gpu = 1, licence = 1 }}
        Scale = {{ cpu = 1000 }}
        [limits]
        gpu = 2  # which makes none
    """
    with pytest.raises(SpecError) as raised:
        sweep(text, store_uri, engine=EngineName.LOCAL)
    path = Path("sweep.toml").absolute()
    there = f"{len(os.sched_getaffinity(0))}"
    assert [str(problem) for problem in raised.value.problems] == [
        (
            f"{path}: resources.Fit.gpu = 1: Fit could never run: no worker has any; name the devices, as in "
            '--gpus 0,1; on Dask, start workers that have some: --resources "gpu=1"'
        ),
        (
            f"{path}: resources.Fit.licence = 1: Fit could never run: no worker has any; "
            "say how much there is, as in licence = 1 under [limits]; on Dask, start workers that have some: "
            '--resources "licence=1"'
        ),
        (
            f"{path}: resources.Scale.cpu = 1000: Scale could never run: there is {there}; "
            "let it need less, or give it more"
        ),
    ]
    assert runs(store_uri) == []


def test_gpus_are_for_worker_processes(store_uri: str):
    with pytest.raises(InputError, match="--gpus 0: is for the worker processes of --engine local"):
        sweep(f'task = "{CHAIN}:Fit"\nmetric = "score"\n', store_uri, gpus="0")


def test_inline_a_task_has_all_there_is(store_uri: str):
    text = f'task = "{CHAIN}:Fit"\nmetric = "score"\n[resources]\nFit = {{ gpu = 8, licence = 1 }}\n'
    assert sweep(text, store_uri).states == {"computed": 1}


def test_what_only_classes_speak_of_has_luigis_total_of_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Scale, "resources", {"disk": 1})
    resources = Resources(bound(""), Big())
    resources.check()
    assert resources.limits == {"disk": 1.0}
    assert resources.needs(Scale()) == {"disk": 1.0}


def test_what_a_class_asks_for_in_vain_is_told_before_anything_runs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Scale, "resources", {"cpu": 1000})
    with pytest.raises(
        SpecError, match=r"task: Scale's own resources ask for cpu = 1000, so it could never run: there is"
    ):
        Resources(bound(""), Big()).check()


def test_what_an_instance_asks_for_in_vain_fails_its_point_alone(monkeypatch: pytest.MonkeyPatch, store_uri: str):
    monkeypatch.setattr(Scale, "resources", property(lambda scale: {"cpu": scale.factor}))
    binding = bound('[grid]\n"Scale.factor" = [1.0, 2.0]\n')
    resources = Resources(binding, Big())
    with pytest.raises(TaskError, match="Scale needs cpu = 5, and there is 4; let it need less, or give it more"):
        resources.needs(Scale(factor=5.0))
    monkeypatch.setattr(Big, "resources", {"cpu": 1.0})
    monkeypatch.setattr(Resources, "check", lambda _: None)
    recorder = Recorder()
    run_binding(binding, recorder, make_engine=lambda *_: Big(), tracking_uri=store_uri)
    assert sorted((one.state.value, one.reason) for one in recorder.outcomes) == [
        ("computed", ""),
        ("failed", "Scale needs cpu = 2, and there is 1; let it need less, or give it more"),
    ]


def test_devices_are_those_of_the_environment_where_a_task_asks_for_some(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5")
    with_gpu = bound("[resources]\nFit = { gpu = 1 }\n")
    assert machine_for(with_gpu, ()).devices == ("4", "5")
    assert machine_for(with_gpu, ("7",)).devices == ("7",)
    assert machine_for(bound(""), ()).devices == ()


# what tasks see


@pytest.fixture
def engine_of(context: Context, store_uri: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeEngine]:
    """Make an engine of processes that share a machine."""
    for name in THREAD_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    with ExitStack() as engines:
        yield lambda slots, *machine: engines.enter_context(
            closing(LocalEngine(slots, Setup(store_uri, tuple(sys.path)), Machine(*machine)))
        )


def look(engine: LocalEngine, number: int, stay: float = 0.0, **needs: float) -> Future[Execution]:
    assert engine.has_room(needs)
    return engine.submit(call_for(Look(number=number, stay=stay), labels=current().labels), resources=needs)


def sights(*futures: Future[Execution]) -> list[dict[str, Any]]:
    """Return what tasks have seen."""
    results = [future.result(timeout=CALL_SECONDS).result for future in futures]
    return [read_sight(current().store.artifact(result, "sight.json")) for result in results if result]


def read_sight(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def test_each_task_sees_the_gpus_and_has_the_threads_that_it_asks_for(engine_of: MakeEngine):
    engine = engine_of(2, ("0", "GPU-b"), 6, frozenset({"gpu", "cpu"}))
    first, second = sights(look(engine, 1, gpu=1), look(engine, 2, gpu=1))
    assert (first["gpus"], second["gpus"]) == ("0", "GPU-b")
    assert {one[kind] for one in (first, second) for kind in ("omp", "blas")} == {"3", 3}  # a worker's part of six
    (again,) = sights(look(engine, 3, gpu=1))
    assert (again["gpus"], again["process"]) in {(one["gpus"], one["process"]) for one in (first, second)}
    (both,) = sights(look(engine, 4, gpu=2, cpu=1))
    assert (both["gpus"], both["omp"], both["blas"]) == ("0,GPU-b", "1", 1)
    assert not any(psutil.pid_exists(one["process"]) for one in (first, second))  # they might have kept memory of them
    (none,) = sights(look(engine, 5, cpu=5))
    assert (none["gpus"], none["omp"], none["blas"]) == ("", "5", 5)
    look(engine, 6, stay=1.0, gpu=1)
    assert not engine.has_room({"gpu": 2})


def test_workers_take_gpus_in_turn_where_no_task_asks_for_any(engine_of: MakeEngine):
    engine = engine_of(3, ("4", "7"), 3, frozenset())
    seen = sights(*[look(engine, number, stay=0.1) for number in range(3)])
    assert sorted(one["gpus"] for one in seen) == ["4", "4", "7"]


def test_no_gpu_is_given_out_twice_in_a_sweep(store_uri: str):
    text = f"""
        task = "{SIGHTS}:Glimpse"
        metric = "score"
        [fixed]
        stay = 0.1
        [grid]
        number = [0, 1, 2]
        [resources]
        Look = {{ gpu = 1 }}
        Half = {{ gpu = 0.5 }}
    """
    assert sweep(text, store_uri, engine=EngineName.LOCAL, workers=3, gpus="0,1").states == {"computed": 3}
    reader = open_reader(store_uri)
    seen = [read_sight(reader.artifact(run, "sight.json")) for run in runs(store_uri) if run.experiment != "glimpse"]
    assert len(seen) == 6
    assert {one["gpus"] for one in seen} == {"0", "1"}
    for moment in [one["began"] for one in seen]:
        given = Counter(dict.fromkeys("01", 0.0))
        for one in seen:
            if one["began"] <= moment < one["ended"]:
                given[one["gpus"]] += 1.0 if one["family"] == "Look" else 0.5
        assert max(given.values()) <= 1.0


# what goes first


class Forked(MlflowTask):
    """Need a task of its own first, but for the last points."""

    number: int = luigi.IntParameter(default=0)

    def requires(self) -> dict[str, luigi.Task]:
        return {"look": Look(number=self.number)} if self.number < 14 else {}

    def _run(self) -> None:
        self.save_to_mlflow(metrics={"score": 0.0})


class Three(Big):
    """The same with three slots."""

    slots = 3


def test_points_beyond_the_window_run_while_those_in_it_lack_a_resource(
    store_uri: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sweep_module, "WINDOW", 4)
    binding = bound("[grid]\nnumber = { range = [16] }\n[limits]\nLook = 1\n", f"{__name__}:Forked")
    recorder = Recorder()
    run_binding(binding, recorder, make_engine=lambda *_: Three(), tracking_uri=store_uri)
    order = [outcome.point["number"] for outcome in recorder.outcomes]
    assert len(order) == 16
    assert {14, 15} <= {*order[:4]}


class Impatient(Recorder):
    """A listener that presses Ctrl-C after so many points."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def told(self, outcome: Outcome) -> None:
        """Count."""
        super().told(outcome)
        if len(self.outcomes) == self._most:
            os.kill(os.getpid(), signal.SIGINT)


def test_a_sweep_that_is_cut_at_half_has_complete_configurations(store_uri: str):
    text = f"""
        task = "{CHAIN}:Fit"
        metric = "score"
        replicates = "seed"
        [grid]
        seed = [0, 1, 2, 3]
        rate = [0.1, 0.2, 0.3, 0.4]
    """
    listener = Impatient(8)
    sweep(text, store_uri, listener=listener)
    with_result = [outcome.point["rate"] for outcome in listener.outcomes if outcome.state.has_result]
    assert Counter(with_result) == {0.1: 4, 0.2: 4}


def test_how_many_replicates_are_left_is_known_of_what_is_under_way():
    spec = bound('replicates = "seed"\n[grid]\nseed = [0, 1, 2]\nrate = [0.1, 0.2]\n').spec
    replicates = Replicates(spec)
    first, second = Point.of({"rate": 0.1, "seed": 0}), Point.of({"rate": 0.1, "seed": 1})
    group = replicates.group(first)
    assert group == replicates.group(second) != replicates.group(Point.of({"rate": 0.2, "seed": 0}))
    assert replicates.left(group) == 3
    replicates.end(first)
    replicates.end(second)
    assert replicates.left(group) == 1
    for number in range(MOST_KNOWN + 5):
        replicates.end(Point.of({"rate": number, "seed": 0}))
    assert len(replicates._ended) == MOST_KNOWN


def test_without_replicates_points_are_of_no_group():
    assert Replicates(bound("").spec).group(Point.of({"rate": 0.1})) is None


def test_a_configuration_may_have_lists():
    spec = bound('replicates = "seed"\n[grid]\nseed = [0, 1]\n').spec
    points = [Point.of({"layers": [1, 2], "seed": seed}) for seed in (0, 1)]
    assert len({Replicates(spec).group(point) for point in points}) == 1
