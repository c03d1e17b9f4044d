"""A driver: one ``sweeper run``, or one process that calls ``luigi.build``, and how it gets to know the others."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable

from sweeper.errors import StoreError
from sweeper.masking import mask_command
from sweeper.store.base import Store
from sweeper.store.host import Process
from sweeper.store.lease import close_abandoned, living_drivers, seems_dead, sign_off, without_the_silent
from sweeper.store.pulse import BEAT_SECONDS
from sweeper.store.records import DRIVERS_EXPERIMENT, RunRecord, RunStatus
from sweeper.store.tags import Kind, Tag, has_tag, knows_tag

LEFT_OPEN = "nobody works on this run any more"
LOOK_SECONDS = 2.0
MEETING_SECONDS = 60.0
MEETING_POLL_SECONDS = 0.1
ANSWER_SECONDS = 20.0
"""How long one that seems silent is given to answer, because its clock may be wrong: drivers look every two seconds."""

_WANTS, _HAS = "wants", "has"


class Driver:
    """This process's entry in the store: it beats, and gets to know the others that work on the store.

    While it knows of none, and has caught up with what those have done who are gone, its tasks claim their keys without
    looking for rivals. It keeps up in a thread of its own, unless it is told that somebody calls ``keep_up``: a thread
    must not be there when Luigi forks.
    """

    def __init__(self, store: Store, *, at: str = "", by_itself: bool = True) -> None:
        self._store = store
        process = Process.current()
        run = store.start_run(
            DRIVERS_EXPERIMENT,
            f"{process.host} {process.pid}",
            tags={
                Tag.KIND: Kind.DRIVER,
                Tag.BEAT: repr(time.time()),
                Tag.PROCESS: process.to_json(),
                Tag.COMMAND: mask_command(sys.argv),
                **({Tag.AT: at} if at else {}),
            },
        )
        self.run_id = run.run_id
        self._order = (run.start_time, run.run_id)
        self._last_beat = time.monotonic()
        self._known: frozenset[str] = frozenset()
        self._greeted: frozenset[str] = frozenset()
        self._partings = self._partings_caught_up_with = 0
        self._on_their_way: set[str] = set()
        self._unseen: set[str] = set()
        self._deciding = threading.Lock()
        self._looking = threading.Lock()
        self._obeying = threading.Lock()
        self._stop: Callable[[str, bool], None] | None = None
        self._obeyed: set[str] = set()
        self._pid = os.getpid()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._keep_up_by_itself, name="sweeper-driver", daemon=True)
        if by_itself:
            self._thread.start()

    @property
    def is_contended(self) -> bool:
        """Whether another driver may want the keys that this one wants, or may have done what this one holds."""
        return bool(self._known) or self._partings != self._partings_caught_up_with

    def catch_up(self, look: Callable[[], None]) -> None:
        """Once others have gone, and none is left, have ``look`` find what they have done; then this one is alone.

        While others are there each task looks for itself, with its claim made.
        """
        partings = self._partings
        if partings != self._partings_caught_up_with and not self._known:
            look()
            self._partings_caught_up_with = partings

    def enter(self, key: str) -> bool:
        """Take note that work with a key is on its way to where it is claimed; return ``is_contended`` for it."""
        with self._deciding:
            self._on_their_way.add(key)
            return self.is_contended

    def leave(self, key: str) -> None:
        """Take note that work with a key has ended."""
        with self._deciding:
            self._on_their_way.discard(key)

    def meet_others(self, notice: Callable[[str], None]) -> None:
        """Wait until every other living driver knows of this one; from then on each looks before it claims.

        Gives up on one that does not answer in a minute: two results with one key are both valid, and one is read.
        """
        began = time.monotonic()
        has_said = False
        while time.monotonic() - began < MEETING_SECONDS:
            strangers = [other for other in self._look_around() if knows_tag(self.run_id) not in other.tags]
            if time.monotonic() - began > ANSWER_SECONDS:
                strangers = without_the_silent(self._store, strangers)
            if not strangers:
                return
            if not has_said:
                has_said = True
                notice(f"another sweeper is at work on this store ({strangers[0].name}); sharing the work with it")
            time.sleep(MEETING_POLL_SECONDS)

    def take(self, study: str) -> RunRecord | None:
        """Take a study for this driver alone; return the living driver that has it, or None.

        Each says first that it wants it, and looks then, so of two that come together at least one sees the other. The
        earlier waits until the later has decided: it may have looked before the earlier one was to be seen.
        """
        wish = has_tag(study)
        self._store.log(self.run_id, tags={wish: _WANTS})
        began = time.monotonic()
        while True:
            living = {record.run_id: record for record in living_drivers(self._store)}
            living.pop(self.run_id, None)
            rivals = [one for one in living.values() if one.tags.get(wish)]
            if time.monotonic() - began > ANSWER_SECONDS:
                answered = [one for one in rivals if knows_tag(self.run_id) in one.tags]
                unheard = [one for one in rivals if one not in answered]
                rivals = answered + without_the_silent(self._store, unheard)
            if not rivals:
                self._store.log(self.run_id, tags={wish: _HAS})
                return None
            first = min(rivals, key=lambda one: (one.tags[wish] != _HAS, one.start_time, one.run_id))
            is_ahead = first.tags[wish] == _HAS or (first.start_time, first.run_id) < self._order
            if is_ahead and (not seems_dead(first) or knows_tag(self.run_id) in first.tags):
                self._store.log(self.run_id, tags={wish: ""})
                return first
            time.sleep(MEETING_POLL_SECONDS)

    def heed(self, stop: Callable[[str, bool], None] | None) -> None:
        """Have ``stop`` called, in the driver's thread, when somebody asks this driver to end; None to have it no more.

        It is told who asks, and whether the driver is to end now or once what it runs has ended.
        """
        with self._obeying:
            self._stop = stop

    def close(self) -> None:
        """End the beat and the driver's run."""
        if os.getpid() != self._pid or self._stopped.is_set():
            return
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()
        with contextlib.suppress(StoreError):  # the next driver closes what this one leaves
            self._close_strays()
        with contextlib.suppress(StoreError):
            sign_off(self._store, self.run_id)

    def keep_up(self) -> None:
        """Look around, and beat if it is time to."""
        with contextlib.suppress(StoreError):  # a store that is away for a moment; the next look tells
            self._look_around()
            if time.monotonic() - self._last_beat > BEAT_SECONDS:
                self._store.log(self.run_id, tags={Tag.BEAT: repr(time.time())})
                self._last_beat = time.monotonic()

    def _keep_up_by_itself(self) -> None:
        while not self._stopped.wait(LOOK_SECONDS):
            self.keep_up()

    def _look_around(self) -> list[RunRecord]:
        """Return the other living drivers, having noted down the new ones where they will look."""
        with self._looking:
            living = {record.run_id: record for record in living_drivers(self._store)}
            own = living.pop(self.run_id, None)
            if own is not None:
                self._obey(own)
            others = [*living.values()]
            names = frozenset(record.run_id for record in others)
            with self._deciding:
                if names - self._known:
                    self._unseen |= self._on_their_way
                if self._known - names:
                    self._partings += 1
                self._known = names
            self._greet(names)
            return others

    def _greet(self, names: frozenset[str]) -> None:
        """Tell new drivers that they are known: once all that was sent off without a look for rivals is to be seen."""
        new = names - self._greeted
        if not new:
            return
        if self._unseen:
            seen = {record.tags[Tag.CLAIM] for record in self._own_claims()}
            with self._deciding:
                self._unseen &= self._on_their_way - seen
            if self._unseen:
                return
        self._store.log(self.run_id, tags={knows_tag(name): "yes" for name in new})
        self._greeted |= new

    def _own_claims(self) -> list[RunRecord]:
        found = self._store.runs_with(Tag.CLAIM, status=RunStatus.RUNNING)
        return [record for record in found if record.tags.get(Tag.DRIVER) == self.run_id]

    def _close_strays(self) -> None:
        """End what still runs in this driver's name, as a run that was made twice because an answer was lost."""
        for record in self._own_claims():
            close_abandoned(self._store, record, LEFT_OPEN, RunStatus.KILLED)

    def _obey(self, own: RunRecord) -> None:
        """Pass on what this driver is asked for and was not before."""
        with self._obeying:
            for tag in (Tag.STOP, Tag.STOP_NOW):
                if self._stop is not None and tag in own.tags and tag not in self._obeyed:
                    self._obeyed.add(tag)
                    self._stop(own.tags[tag], tag is Tag.STOP_NOW)
