"""The tags that sweeper puts on runs: what it knows of them beyond MLflow's own fields."""

from __future__ import annotations

import enum

PARENT_TAG = "mlflow.parentRunId"
"""By which MLflow's UI shows a run under another."""

INVALIDATED = "invalidated"


class Tag(enum.StrEnum):
    """The tags that sweeper puts on runs."""

    KEY = "sweeper.key"  # the identity of a committed result; written last but for the status
    CLAIM = "sweeper.claim"  # the identity that a run works on, from its creation
    AT_WORK = "sweeper.at_work"  # this claim has looked for others, or need not, and goes on
    KIND = "sweeper.kind"  # a Kind
    NAME = "sweeper.name"  # name of the sweep whose record a run is
    TASK = "sweeper.task"  # module:Class
    SOURCE = "sweeper.source"  # digest of the task's code
    DRIVER = "sweeper.driver"  # run id of the driver that started this run
    ATTEMPT = "sweeper.attempt"  # how often its driver has tried this work, this time included; not there if once
    REASON = "sweeper.reason"  # why a run did not become a result, in one line
    SUPERSEDED = "sweeper.superseded"  # run id, or words that begin with INVALIDATED: what counts no more
    STUDY = "sweeper.study"  # which study a trial's run belongs to; on the sweep's run, which one it is at
    TRIAL = "sweeper.trial"  # what a trial tries
    TOLD = "sweeper.told"  # what came of it
    REPORTED = "sweeper.reported"  # the metric under which the task reported how well it went
    PRUNED = "sweeper.pruned"  # the run was stopped because it did not look promising
    LOG = "sweeper.log"  # name of the artifact that holds the task's log
    ARTIFACTS = "sweeper.artifacts"  # words: the run's artifacts, but for the log, were let go, or found gone
    CHECKPOINT = "sweeper.checkpoint"  # which of the checkpoints among its artifacts is whole; '' where they went
    PROCESS = "sweeper.process"  # a driver's process
    COMMAND = "sweeper.command"  # a driver's command line
    BEAT = "sweeper.beat"  # a driver's last sign of life, seconds since the epoch
    AT = "sweeper.at"  # name of the sweep that a driver is at
    STOP = "sweeper.stop"  # who asked a driver to end once what it runs has ended
    STOP_NOW = "sweeper.stop.now"  # who asked a driver to end now
    BEGUN = "sweeper.begun"  # when a sweep was last started, milliseconds since the epoch
    RENAMING = "sweeper.renaming"  # "old new" while a sweep is renamed, "old" while it is removed


class Kind(enum.StrEnum):
    """What a run of sweeper's stands for."""

    TASK = "task"
    SWEEP = "sweep"
    TRIAL = "trial"
    DRIVER = "driver"
    REMOVED = "removed sweep"


def upstream_tag(requirement: str) -> str:
    """Return the tag that holds the key of what a run's task required under a name."""
    return f"sweeper.upstream.{requirement}"


def sweep_tag(name: str) -> str:
    """Return the tag by which a run says which points of the sweep it stands for: a JSON list of assignments."""
    return f"sweeper.sweep.{name}"


def knows_tag(driver: str) -> str:
    """Return the tag by which a driver says that it knows of another."""
    return f"sweeper.knows.{driver}"


def has_tag(study: str) -> str:
    """Return the tag by which a driver says that it has a study."""
    return f"sweeper.has.{study}"
