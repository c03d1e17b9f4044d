"""``Family.param``: parameters of upstream tasks, set from outside."""

from __future__ import annotations

from typing import Any

import luigi
import luigi.util
import pytest

from sweeper import MlflowTask
from sweeper.engine.base import call_for
from sweeper.engine.execute import rebuild
from sweeper.task import key_of
from sweeper.task.context import Context
from sweeper.task.overrides import Override, carried, instantiate
from tests.processes import in_child


class Source(MlflowTask):
    """The most upstream."""

    limit: int = luigi.IntParameter(default=10)
    lang: str = luigi.Parameter(default="en")


class Beside(MlflowTask):
    """Upstream of the final task, and beside the source."""

    size: int = luigi.IntParameter(default=1)


class Middle(MlflowTask):
    """Between the two."""

    width: int = luigi.IntParameter(default=5)

    def requires(self) -> dict[str, luigi.Task]:
        return {"source": Source()}


class Final(MlflowTask):
    """What a point binds."""

    lr: float = luigi.FloatParameter(default=0.1)

    def requires(self) -> dict[str, Any]:
        return {"middle": Middle(), "beside": [Beside()]}


class Explicit(MlflowTask):
    """Say what its upstream is to be."""

    def requires(self) -> dict[str, luigi.Task]:
        return {"given": Source(limit=7), "free": Source(lang="fr")}


FIFTY = Override.of(Source, "limit", 50)


def upstream(task: luigi.Task, *names: str) -> Any:
    """Return a requirement, or one of a requirement."""
    for name in names:
        task = task.requires()[name]
    return task


def test_an_override_replaces_a_default_through_two_levels() -> None:
    task, trace = instantiate(Final, {}, [FIFTY])
    assert upstream(task, "middle", "source").limit == 50
    assert trace.reached == trace.used == {FIFTY}


def test_points_that_differ_only_upstream_are_two_instances_to_luigi_and_to_us() -> None:
    plain, _ = instantiate(Final, {"lr": 1}, [])
    fifty, _ = instantiate(Final, {"lr": 1}, [FIFTY])
    sixty, _ = instantiate(Final, {"lr": 1}, [Override.of(Source, "limit", 60)])
    assert plain is Final(lr=1)
    assert len({plain.task_id, fifty.task_id, sixty.task_id}) == 3
    assert len({plain, fifty, sixty}) == 3
    assert len({key_of(plain), key_of(fifty), key_of(sixty)}) == 3
    assert len({upstream(one, "middle").task_id for one in (plain, fifty, sixty)}) == 3


def test_the_same_overrides_give_the_same_instance() -> None:
    first, _ = instantiate(Final, {"lr": 1}, [FIFTY])
    second, _ = instantiate(Final, {"lr": 1.0}, [Override.of(Source, "limit", 50.0)])
    assert first is second


def test_an_instance_that_no_override_reaches_stays_shared() -> None:
    fifty, _ = instantiate(Final, {"lr": 1}, [FIFTY])
    sixty, _ = instantiate(Final, {"lr": 2}, [Override.of(Source, "limit", 60)])
    assert upstream(fifty, "beside")[0] is upstream(sixty, "beside")[0] is Beside()


def test_points_with_one_upstream_share_it() -> None:
    first, _ = instantiate(Final, {"lr": 1}, [FIFTY])
    second, _ = instantiate(Final, {"lr": 2}, [FIFTY])
    assert first.task_id != second.task_id
    assert upstream(first, "middle") is upstream(second, "middle")


def test_the_identity_is_that_of_the_upstream_not_of_how_it_was_set() -> None:
    class Fifty(MlflowTask):
        def requires(self) -> dict[str, luigi.Task]:
            return {"source": Source(limit=50)}

    task, _ = instantiate(Middle, {}, [FIFTY])
    assert key_of(upstream(task, "source")) == key_of(upstream(Fifty(), "source"))


def test_an_explicit_argument_wins() -> None:
    task, trace = instantiate(Explicit, {}, [FIFTY])
    assert upstream(task, "given").limit == 7
    assert upstream(task, "free").limit == 50
    assert upstream(task, "free").lang == "fr"
    assert trace.used == {FIFTY}


def test_an_override_that_reaches_nothing_is_known_as_such() -> None:
    class Fixed(MlflowTask):
        def requires(self) -> dict[str, luigi.Task]:
            return {"source": Source(limit=7)}

    task, trace = instantiate(Fixed, {}, [FIFTY, Override.of(Beside, "size", 2)])
    assert trace.reached == trace.used == frozenset()
    assert task is Fixed()


def test_an_override_that_equals_the_default_reaches_and_changes_nothing() -> None:
    ten = Override.of(Source, "limit", 10)
    task, trace = instantiate(Final, {}, [ten])
    assert task is Final()
    assert trace.reached == {ten}
    assert trace.used == frozenset()


def test_overrides_of_several_families_meet() -> None:
    both = [FIFTY, Override.of(Beside, "size", 3), Override.of(Middle, "width", 8)]
    task, trace = instantiate(Final, {}, both)
    assert upstream(task, "middle").width == 8
    assert upstream(task, "middle", "source").limit == 50
    assert upstream(task, "beside")[0].size == 3
    assert trace.used == {*both}
    assert instantiate(Final, {}, reversed(both))[0] is task


def test_overrides_end_with_the_instance_they_were_for() -> None:
    instantiate(Final, {}, [FIFTY])
    assert upstream(Final(), "middle", "source").limit == 10
    assert Source().limit == 10


def test_a_rebuilt_instance_is_the_same(context: Context) -> None:
    task, _ = instantiate(Final, {"lr": 3}, [FIFTY])
    call = call_for(task, labels={})
    Final.clear_instance_cache()
    again = rebuild(call)
    assert again is not task
    assert again.task_id == task.task_id
    assert carried(again) == {FIFTY}
    assert upstream(again, "middle", "source").limit == 50


def test_overrides_travel_to_another_process(context: Context) -> None:
    task, _ = instantiate(Final, {"lr": 3}, [FIFTY])
    call = call_for(task, labels={})

    def check() -> None:
        Final.clear_instance_cache()
        assert upstream(rebuild(call), "middle", "source").limit == 50
        assert rebuild(call).task_id == task.task_id

    assert in_child(check) == 0


def test_an_upstream_instance_is_rebuilt_by_itself(context: Context) -> None:
    task, _ = instantiate(Final, {}, [FIFTY, Override.of(Middle, "width", 8)])
    for one in (upstream(task, "middle"), upstream(task, "middle", "source")):
        call = call_for(one, labels={})
        Final.clear_instance_cache()
        again = rebuild(call)
        assert again.task_id == one.task_id
        assert key_of(again) == key_of(one)


def test_requirements_are_evaluated_once_an_instance() -> None:
    asked: list[int] = []

    class Asked(MlflowTask):
        number: int = luigi.IntParameter()

        def requires(self) -> dict[str, luigi.Task]:
            asked.append(self.number)
            return {"source": Source()}

    for number in (1, 2, 1):
        task = Asked(number=number)
        task.requires()["mine"] = Beside()  # a caller may add to what it was given
        assert set(task.requires()) == {"source"}
        key_of(task)
    assert asked == [1, 2]


def test_luigis_decorators_take_overrides_too() -> None:
    @luigi.util.requires(Source)
    class Wrapped(MlflowTask):
        pass

    task, trace = instantiate(Wrapped, {}, [FIFTY])
    assert trace.reached == frozenset(), "the decorator hands its own parameters on, and those are explicit"
    assert task is Wrapped()


def test_a_required_parameter_can_be_given_by_an_override_alone() -> None:
    class Needy(MlflowTask):
        limit: int = luigi.IntParameter()

    class Downstream(MlflowTask):
        def requires(self) -> dict[str, luigi.Task]:
            return {"needy": Needy()}

    task, trace = instantiate(Downstream, {}, [Override.of(Needy, "limit", 4)])
    assert upstream(task, "needy").limit == 4
    assert len(trace.used) == 1
    with pytest.raises(luigi.parameter.MissingParameterException):
        Downstream().requires()
