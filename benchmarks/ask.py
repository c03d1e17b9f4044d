"""What a trial costs the driver: the sampler's proposal, and writing it down, as a study grows.

Beside it, in the same run, bare Optuna asks and is told in memory. The last column is what a trial of one second pays.

    python -m benchmarks.ask
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import optuna

from sweeper.search.distributions import suggest
from sweeper.search.frozen import study_of
from sweeper.search.ledger import Beginnings, Ledger, basis_of
from sweeper.search.rebuild import rebuild
from sweeper.spec import Spec, Study
from sweeper.spec.space import Choice, Dimension, Interval
from sweeper.store import open_store
from sweeper.store.locate import sqlite_uri
from sweeper.store.tags import Kind, Tag
from sweeper.store.trials import Told, Trial, TrialState

SIZES = (100, 1_000, 10_000)
ROUNDS = 15
SPACE = (
    Dimension("learning_rate", Interval(1e-5, 1e-1, is_whole=False, is_log=True)),
    Dimension("weight_decay", Interval(1e-6, 1e-2, is_whole=False, is_log=True)),
    Dimension("dropout", Interval(0.0, 0.5, is_whole=False)),
    Dimension("layers", Interval(1, 8, is_whole=True, step=1)),
    Dimension("optimizer", Choice(("adam", "sgd", "rmsprop"))),
)
SPEC = Spec(name="ask", task="m:T", metric="score", study=Study(space=SPACE, trials=100_000))


def main() -> None:
    """Print a row for each size."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = _ledger(Path(folder))
        print("trials   optuna ask+tell   sweeper ask+tell   ratio   written down   share of 1 s")
        for size in SIZES:
            bare, ours, written = _measure(size, ledger)
            share = (ours + written) / 1000
            costs = f"{bare:12.1f} ms   {ours:13.1f} ms   {ours / bare:5.2f}   {written:9.1f} ms"
            print(f"{size:6,}   {costs}   {share:11.1%}")


def _measure(size: int, ledger: Ledger) -> tuple[float, float, float]:
    """Return medians in milliseconds: bare Optuna, ours in memory, and the record."""
    trials = _past(size)
    bare = study_of(SPEC, trials)
    memory, _ = rebuild(SPEC, trials)
    times: dict[str, list[float]] = {"bare": [], "ours": [], "written": []}
    for number in range(size, size + ROUNDS):
        times["bare"].append(_timed(lambda: _ask_bare(bare)))
        proposed: list[Trial] = []

        def ask(number: int = number, proposed: list[Trial] = proposed) -> None:
            values, _ = memory.ask(number)
            proposed.append(Trial(number, values, number))

        told = Told(number, TrialState.COMPLETE, (random.random(),))  # noqa: S311
        times["ours"].append(_timed(ask) + _timed(partial(memory.tell, number, told)))
        times["written"].append(_timed(partial(_write, ledger, proposed[0], told)))
    return tuple(1000 * statistics.median(values) for values in times.values())  # type: ignore[return-value]


def _write(ledger: Ledger, trial: Trial, told: Told) -> None:
    ledger.tell(ledger.ask(trial), told)


def _ask_bare(study: optuna.Study) -> None:
    trial = study.ask()
    suggest(trial, SPACE)
    study.tell(trial, random.random())  # noqa: S311


def _past(size: int) -> list[Trial]:
    """Return random trials with a value each."""
    sampler = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    trials = []
    for number in range(size):
        told = Told(number, TrialState.COMPLETE, (random.random(),))  # noqa: S311
        trials.append(Trial(number, suggest(sampler.ask(), SPACE), number, told=told))
    return trials


def _ledger(folder: Path) -> Ledger:
    store = open_store(sqlite_uri(folder / "mlflow.db"))
    tags = {Tag.KIND.value: Kind.SWEEP.value, Tag.NAME.value: SPEC.name}
    run = store.run(store.start_run("ask", "sweep ask", tags=tags).run_id)
    return Ledger(store, run, SPEC, Beginnings("1.1", 1, basis_of(SPEC)))


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
