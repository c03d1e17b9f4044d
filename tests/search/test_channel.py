"""What a task reports reaches its search from any process, and what the search says comes back."""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import pickle
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from optuna import TrialPruned

from sweeper.errors import EngineError, StoreAway, StoreError, SweeperError
from sweeper.search import channel as channel_module
from sweeper.search.channel import MOST_BYTES, MOST_STRANGERS, Channel, ChannelReporter
from tests.processes import CHILD_SECONDS, in_child


class Ears:
    """Takes in reports, and stops trials at the steps that it is told."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, float, int]] = []
        self.stops: dict[int, str] = {}
        self.error: Exception | None = None

    def decide(self, number: int, value: float, step: int) -> str:
        """Remember a report."""
        if self.error is not None:
            raise self.error
        self.heard.append((number, value, step))
        return self.stops.get(step, "")


@pytest.fixture
def ears() -> Ears:
    """Who listens to the channel."""
    return Ears()


@pytest.fixture
def channel(ears: Ears) -> Iterator[Channel]:
    """A channel, open."""
    with contextlib.closing(Channel(ears.decide)) as channel:
        yield channel


def report(reporter: ChannelReporter, steps: range) -> None:
    """Report each step as its own value."""
    for step in steps:
        reporter.report(float(step), step)


def outcome_of(reporter: ChannelReporter, steps: range, outcomes: Any) -> None:
    """Report, and send what came of it: '', or how it ended."""
    try:
        report(reporter, steps)
        outcomes.put("")
    except Exception as error:  # noqa: BLE001 (whatever it is, the test shall see it)
        outcomes.put(f"{type(error).__name__}: {error}")


def in_processes(method: str, calls: list[tuple[ChannelReporter, range]]) -> list[str]:
    """Report from processes that run at once; return what came of each."""
    context = multiprocessing.get_context(method)
    outcomes = context.Queue()
    processes = [context.Process(target=outcome_of, args=(*call, outcomes)) for call in calls]
    for process in processes:
        process.start()
    found = [outcomes.get(timeout=CHILD_SECONDS) for _ in processes]
    for process in processes:
        process.join(CHILD_SECONDS)
        assert process.exitcode == 0
    return found


@pytest.mark.parametrize("method", ["spawn"])
def test_another_process_is_heard_and_stopped(method: str, channel: Channel, ears: Ears) -> None:
    ears.stops = {3: "pruned at step 3"}
    assert in_processes(method, [(channel.reporter(7), range(1, 9))]) == ["TrialPruned: pruned at step 3"]
    assert ears.heard == [(7, 1.0, 1), (7, 2.0, 2), (7, 3.0, 3)]


def test_four_processes_at_once_are_each_heard_in_order(channel: Channel, ears: Ears) -> None:
    calls = [(channel.reporter(number), range(200)) for number in range(4)]
    assert in_processes("spawn", calls) == [""] * 4
    for number in range(4):
        assert [step for who, _, step in ears.heard if who == number] == list(range(200))


def test_the_search_is_never_asked_by_two_at_once() -> None:
    inside: list[int] = []
    most: list[int] = []

    def decide(number: int, value: float, step: int) -> str:
        inside.append(number)
        most.append(len(inside))
        time.sleep(0.001)
        inside.remove(number)
        return ""

    with contextlib.closing(Channel(decide)) as channel:
        threads = [threading.Thread(target=report, args=(channel.reporter(number), range(20))) for number in range(4)]
        for thread in threads:
            thread.start()
        in_processes("spawn", [(channel.reporter(9), range(20))])
        for thread in threads:
            thread.join()
    assert (len(most), max(most)) == (100, 1)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 0.1 + 0.2, 5e-324], ids=str)
def test_any_float_arrives_as_it_is(value: float, channel: Channel, ears: Ears) -> None:
    channel.reporter(0).report(value, 1)
    assert [heard for _, heard, _ in ears.heard] == [pytest.approx(value, rel=0, abs=0, nan_ok=True)]


def test_a_reporter_can_be_pickled_and_does_not_show_its_key(channel: Channel) -> None:
    reporter = channel.reporter(3)
    assert pickle.loads(pickle.dumps(reporter)) == reporter
    assert "key" not in repr(reporter)


def test_after_it_was_stopped_a_task_may_report_on(channel: Channel, ears: Ears) -> None:
    ears.stops = {1: "enough"}
    with pytest.raises(TrialPruned, match="enough"):
        channel.reporter(0).report(0.5, 1)
    channel.reporter(0).report(0.5, 2)
    assert [step for _, _, step in ears.heard] == [1, 2]


@pytest.mark.parametrize(
    ("error", "raised", "message"),
    [
        (ZeroDivisionError("division by zero"), SweeperError, "the pruner failed: ZeroDivisionError: division by zero"),
        (StoreError("the disk is full"), StoreError, "the disk is full"),
        (StoreAway("the disk\nis away"), StoreError, "the disk is away"),
        (SweeperError("out\nof order"), SweeperError, "out of order"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_the_search_raises_is_raised_where_the_task_reports(
    error: Exception, raised: type[Exception], message: str, channel: Channel, ears: Ears
) -> None:
    ears.error = error
    with pytest.raises(SweeperError) as told:
        channel.reporter(0).report(0.5, 1)
    assert (type(told.value), str(told.value)) == (raised, message)
    ears.error = None
    channel.reporter(0).report(0.5, 2)
    assert len(ears.heard) == 1


def test_a_stranger_with_a_wrong_key_is_not_heard(channel: Channel, ears: Ears) -> None:
    stranger = replace(channel.reporter(0), authkey=b"wrong")
    with pytest.raises(EngineError, match="the driver is gone"):
        stranger.report(0.5, 1)
    assert ears.heard == []
    channel.reporter(0).report(0.5, 1)
    assert len(ears.heard) == 1


def test_a_driver_that_does_not_know_the_key_is_told_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        received: list[bytes] = []

        def pose_as_a_driver() -> None:
            line, _ = other.accept()
            with line, contextlib.suppress(OSError):
                line.sendall(b"\0\0\0\x05hello")
                received.append(line.recv(1000))

        thread = threading.Thread(target=pose_as_a_driver, daemon=True)
        thread.start()
        with pytest.raises(EngineError, match="the driver is gone"):
            ChannelReporter(other.getsockname(), b"key", 0).report(0.5, 1)
        thread.join(CHILD_SECONDS)
    assert all(b"0.5" not in one for one in received)


def test_a_stranger_who_says_nothing_blocks_nobody_and_is_hung_up_on(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel_module, "HANDSHAKE_SECONDS", 0.3)
    address = channel.reporter(0).address
    with socket.create_connection(address) as silent, socket.create_connection(address) as slow:
        slow.sendall(b"\0\0")  # the beginning of a length
        channel.reporter(0).report(0.5, 1)
        for line in (silent, slow):
            line.settimeout(CHILD_SECONDS)
            while line.recv(1000):
                pass  # the challenge, and at last the end


def test_a_message_that_is_too_long_ends_its_connection_only(channel: Channel, ears: Ears) -> None:
    reporter = channel.reporter(0)
    reporter.report(0.5, 1)
    (connection,) = channel_module._lines.values()
    connection.send_bytes(b"[" * (MOST_BYTES + 1))
    reporter.report(0.5, 2)
    assert [step for _, _, step in ears.heard] == [1, 2]


def test_what_is_no_report_is_refused(channel: Channel, ears: Ears) -> None:
    reporter = channel.reporter(0)
    answer = channel_module._exchange(reporter.address, reporter.authkey, b"cos\nsystem\n")
    assert "JSONDecodeError" in answer["error"]
    assert ears.heard == []


def test_a_connection_that_broke_is_made_again(channel: Channel, ears: Ears) -> None:
    reporter = channel.reporter(0)
    reporter.report(0.5, 1)
    for line in list(channel._lines):
        line.shutdown(socket.SHUT_RDWR)
    reporter.report(0.5, 2)
    assert [step for _, _, step in ears.heard] == [1, 2]


def test_a_fork_reports_by_a_connection_of_its_own(channel: Channel, ears: Ears) -> None:
    reporter = channel.reporter(0)
    reporter.report(0.0, 0)
    assert in_child(report, reporter, range(1, 50)) == 0
    report(reporter, range(50, 60))
    assert [step for _, _, step in ears.heard] == list(range(60))


def test_an_answer_that_was_not_waited_for_is_not_taken_for_another() -> None:
    def decide(number: int, value: float, step: int) -> str:
        if step == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return f"stopped at {step}"

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with contextlib.closing(Channel(decide)) as channel:
            with pytest.raises(KeyboardInterrupt):
                channel.reporter(0).report(0.5, 1)
            with pytest.raises(TrialPruned, match="stopped at 2"):
                channel.reporter(0).report(0.5, 2)
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_driver_that_is_gone_is_said_to_be(ears: Ears) -> None:
    channel = Channel(ears.decide)
    reporter = channel.reporter(0)
    reporter.report(0.5, 1)
    channel.close()
    for _ in range(2):
        with pytest.raises(EngineError, match="the driver is gone"):
            reporter.report(0.5, 2)
    assert len(ears.heard) == 1
    channel.close()


def drive(address: Any) -> None:
    """Open a channel and hand out a reporter, then wait to be killed."""
    channel = Channel(lambda number, value, step: "")
    address.send(channel.reporter(0))
    time.sleep(CHILD_SECONDS)


def test_a_driver_that_was_killed_is_gone() -> None:
    context = multiprocessing.get_context("spawn")
    mine, others = context.Pipe()
    driver = context.Process(target=drive, args=(others,))
    driver.start()
    reporter = mine.recv()
    reporter.report(0.5, 1)
    driver.kill()
    driver.join()
    with pytest.raises(EngineError, match="the driver is gone"):
        reporter.report(0.5, 2)


def test_closing_ends_who_waits_for_an_answer() -> None:
    is_asked, may_answer = threading.Event(), threading.Event()

    def decide(number: int, value: float, step: int) -> str:
        is_asked.set()
        may_answer.wait(CHILD_SECONDS)
        return ""

    channel = Channel(decide)
    errors: list[BaseException] = []

    def wait_for_an_answer(reporter: ChannelReporter) -> None:
        try:
            reporter.report(0.5, 1)
        except EngineError as error:
            errors.append(error)

    thread = threading.Thread(target=wait_for_an_answer, args=(channel.reporter(0),))
    thread.start()
    assert is_asked.wait(CHILD_SECONDS)
    channel.close()
    thread.join(CHILD_SECONDS)
    may_answer.set()
    assert [str(error) for error in errors] == ["the driver is gone: nobody takes in what the task reports"]


def test_a_default_time_out_of_the_tasks_does_not_matter(ears: Ears) -> None:
    """A task may set one for its downloads."""

    def decide_slowly(number: int, value: float, step: int) -> str:
        time.sleep(0.2)
        return ears.decide(number, value, step)

    socket.setdefaulttimeout(0.05)
    try:
        with contextlib.closing(Channel(decide_slowly)) as channel:
            channel.reporter(0).report(0.5, 1)
    finally:
        socket.setdefaulttimeout(None)
    assert len(ears.heard) == 1


def test_a_flood_of_callers_takes_no_files_and_keeps_nobody_from_reporting(channel: Channel, ears: Ears) -> None:
    reporter = channel.reporter(0)
    with contextlib.ExitStack() as flood:
        lines = [flood.enter_context(socket.create_connection(reporter.address)) for _ in range(2 * MOST_STRANGERS)]
        reporter.report(0.5, 1)
        for line in lines[: MOST_STRANGERS // 2]:  # of those that came first
            line.settimeout(CHILD_SECONDS)
            while line.recv(1000):
                pass  # the challenge, and at last the end
        assert len(channel._strangers) <= MOST_STRANGERS
    assert len(ears.heard) == 1


def test_what_another_caller_proved_is_no_proof(channel: Channel, ears: Ears) -> None:
    """Every caller is given a question of its own, and none is answered before it has proved itself."""
    address = channel.reporter(0).address
    with socket.create_connection(address) as one, socket.create_connection(address) as other:
        questions = [line.recv(1000) for line in (one, other)]
        assert questions[0] != questions[1]
        one.sendall(questions[1])  # in the hope that it would be answered
        one.settimeout(CHILD_SECONDS)
        assert b"WELCOME" not in one.recv(1000)
    assert ears.heard == []
