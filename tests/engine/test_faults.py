"""Whatever a task does to its process costs that task alone, and the reason and the log are there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from sweeper.session import EngineName
from sweeper.store import open_reader
from sweeper.store.logs import MOST_BYTES
from sweeper.store.records import RunStatus
from sweeper.store.tags import Tag
from tests.chaos.scale import at_scale
from tests.pipelines.faults import FAULTS, HARMS
from tests.sweeping import Swept, running, runs, sweep

if TYPE_CHECKING:
    from sweeper.store.records import RunRecord
    from tests.chaos.tally import Tally

PIPELINE = "tests.pipelines.faults"

REASONS = {
    "segfault": "the worker process was killed by SIGSEGV",
    "abort": "the worker process was killed by SIGABRT",
    "os._exit(0)": "the worker process ended with exit code 0",
    "kill -9": "the worker process was killed by SIGKILL; out of memory?",
    "killed by its child": "the worker process was killed by SIGKILL; out of memory?",
    "kills its parent": "the worker process was killed by SIGKILL; out of memory?",
    "terminates its parent": "the worker process was killed by SIGTERM",
    "kills its group": "the worker process was killed by SIGKILL; out of memory?",
    "SystemExit": "SystemExit: enough",
    "GeneratorExit": "GeneratorExit",
    "StopIteration": "StopIteration: 3",
    "RecursionError": "RecursionError: maximum recursion depth exceeded",
    "MemoryError": "MemoryError",
    "Silent": "Silent: (its message cannot be shown: RuntimeError)",
    "Deceiving": "Deceiving: all is well",
    "Exiting": "Exiting: (its message cannot be shown: SystemExit)",
    "Sudden": "Sudden: now",
}


def local(task: str, body: str, uri: str, workers: int = 1) -> Swept:
    text = f'task = "{PIPELINE}:{task}"\nmetric = "score"\n{body}\n'
    return sweep(text, uri, engine=EngineName.LOCAL, workers=workers)


def log_of(run: RunRecord, uri: str) -> str:
    return open_reader(uri).artifact(run, run.tags[Tag.LOG]).read_text(encoding="utf-8")


def test_each_fault_costs_its_own_task_which_says_why(store_uri: str, tally: Tally):
    swept = local("Faulty", f"[retry]\nlost = 0\n[grid]\nfault = {[*FAULTS]}", store_uri, workers=2)
    told = {outcome.point["fault"]: outcome.reason for outcome in swept.outcomes}
    assert told == REASONS
    found = runs(store_uri)
    assert {run.params["fault"]: run.reason for run in found} == told
    assert len(found) == len(FAULTS)
    for run in found:
        assert log_of(run, store_uri).startswith(f"{run.params['fault']} comes\n")
    assert running(store_uri) == []
    tally.faults("a task that crashes, exits, or raises what nobody can show", len(FAULTS))


def test_no_task_changes_what_the_next_one_finds(store_uri: str, tally: Tally):
    harms = [*HARMS]
    swept = local("Neighbour", f"[grid]\nharm = {harms}", store_uri)
    assert swept.reasons == {}
    assert swept.states == {"computed": len(harms)}
    found = runs(store_uri)
    assert [run.status for run in found] == [RunStatus.FINISHED] * len(harms)
    for run in found:
        assert log_of(run, store_uri) == f"before {run.params['harm']}\n"
    tally.faults("a task that leaves its process unfit for the next", len(HARMS))


def test_a_result_counts_whose_worker_was_gone_before_it_could_say_so(store_uri: str):
    swept = local("Heir", "[grid]\nnumber = [1, 2, 3]", store_uri, workers=2)
    assert swept.reasons == {}
    assert swept.states == {"computed": 3}
    assert len(runs(store_uri)) == 4


def test_two_workers_draw_different_random_numbers(store_uri: str):
    swept = local("Draw", "[grid]\nnumber = { range = [4] }", store_uri, workers=2)
    assert len({outcome.value for outcome in swept.outcomes}) == 4


def test_a_task_that_holds_the_lock_is_stopped_in_time_with_all_that_descends_from_it(store_uri: str, tally: Tally):
    swept = local("Stuck", "timeout = 2", store_uri)
    assert list(swept.reasons.values()) == ["timed out after 2 s"]
    assert Path("stuck").exists(), "it has got so far"
    descendants = [int(file.read_text(encoding="ascii")) for file in Path().glob("descendant-*")]
    assert len(descendants) == 3
    assert [pid for pid in descendants if psutil.pid_exists(pid)] == []
    assert running(store_uri) == []
    tally.faults("a task that hangs in C code, with detached descendants")


def test_the_log_of_a_task_that_prints_without_end_keeps_its_beginning_and_its_end(store_uri: str, tally: Tally):
    megabytes = at_scale(100, 1024)
    assert local("Talkative", f"[fixed]\nmegabytes = {megabytes}", store_uri).states == {"computed": 1}
    (run,) = runs(store_uri)
    file = open_reader(store_uri).artifact(run, run.tags[Tag.LOG])
    assert file.stat().st_size < 1.01 * MOST_BYTES
    with file.open("rb") as log:
        first, *_ = log
        log.seek(-30, 2)
        *_, last = log
    assert (first, last) == (b"the first line\n", b"the last line\n")
    assert b" of output left out ...]\n" in file.read_bytes()
    tally.faults(f"a task that prints {megabytes:,} MB")
