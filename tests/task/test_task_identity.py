"""When two instances are the same work: what counts, what does not, and what is found out about it."""

# ruff: noqa: RUF012 (Meta's dicts are read once)

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, cast

import luigi
import numpy as np
import pytest

from sweeper import MlflowTask
from sweeper.errors import IdentityError
from sweeper.identity import digest, make_key
from sweeper.store.index import Index
from sweeper.store.records import RunStatus
from sweeper.store.tags import Kind, Tag
from sweeper.task import find_result, key_of
from sweeper.task.base import describe
from sweeper.task.context import Context, use
from tests.task.test_base import Fetch, Train, write_text


class Untouchable:
    """A store, or an index, that must not be asked anything."""

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(f"{name} was asked for: that is I/O")


@pytest.fixture
def without_store() -> Any:
    """Surroundings in which any look at the store fails the test."""
    untouchable = cast("Any", Untouchable())
    with use(Context(store=untouchable, index=untouchable)) as context:
        yield context


class Deep(MlflowTask):
    """Read two tasks, one of which reads a third."""

    depth: int = luigi.IntParameter(default=0)

    def requires(self) -> Any:
        return {"trained": Train(), "fetched": [Fetch(), Fetch(limit=9)], "deeper": [Deep(depth=d) for d in self.below]}

    @property
    def below(self) -> range:
        """The depth below this one, if any."""
        return range(self.depth - 1, self.depth) if self.depth else range(0)


def test_an_identity_costs_no_io_however_deep_the_dag(without_store: Context) -> None:
    assert key_of(Deep(depth=5)) != key_of(Deep(depth=4))


def test_the_keys_of_tasks_stay_as_they_are() -> None:
    """If this fails, every stored result is lost: raise the format number, and look old keys up too."""

    class Work(MlflowTask):
        day: dt.date = luigi.DateParameter()
        rate: float = luigi.FloatParameter(default=0.1)

        def requires(self) -> Any:
            return {"titles": Fetch(limit=2), "more": [Fetch()]}

    fetched = {"family": "Fetch", "experiment": "fetch", "version": 1}
    few, three = (f"1-{digest(fetched | {'tags': {'limit': limit}})}" for limit in (2, 3))
    tags = {"day": dt.date(2026, 1, 2), "rate": 0.1, "upstream.titles": few, "upstream.more.0": three}
    assert key_of(Fetch()) == three == "1-8bd6c5bc31ebff1dc61eeeaaf2ecd6fd303761fc2b115dc8632e4d9ad6c9d34e"
    assert key_of(Work(day=dt.date(2026, 1, 2))) == make_key("work", "Work", 1, tags)


def test_what_is_upstream_counts() -> None:
    class Downstream(MlflowTask):
        limit: int = luigi.IntParameter(significant=False)

        def requires(self) -> Any:
            return {"fetched": Fetch(limit=self.limit)}

    assert key_of(Downstream(limit=1)) != key_of(Downstream(limit=2))


def test_an_insignificant_parameter_does_not_count() -> None:
    class Work(MlflowTask):
        lr: float = luigi.FloatParameter(default=0.1)
        verbose: bool = luigi.BoolParameter(default=False, significant=False)

    assert key_of(Work(verbose=True)) == key_of(Work())
    assert key_of(Work(lr=0.2)) != key_of(Work())


def test_an_integer_a_float_and_text_of_one_value_are_one_instance() -> None:
    one = Train(learning_rate=1.0)
    given: tuple[Any, ...] = (1, "1", "1e0", np.float32(1), np.int64(1), np.array(1.0))
    assert all(Train(learning_rate=value) is one for value in given)
    assert Train.from_str_params({"learning_rate": "1", "note": ""}) is one
    assert key_of(Train(learning_rate=1.5)) != key_of(one)


def test_negative_zero_is_zero() -> None:
    assert key_of(Train(learning_rate=-0.0)) == key_of(Train(learning_rate=0))


def test_the_order_of_a_dict_does_not_count() -> None:
    class Work(MlflowTask):
        options: dict[str, int] = luigi.DictParameter()

    assert key_of(Work(options={"a": 1, "b": 2})) == key_of(Work(options={"b": 2, "a": 1}))


def decayed(added: dict[str, Any] | None, default: float = 0.0) -> type[MlflowTask]:
    """Return a task class that has got a parameter, as ``Meta.added`` says or not."""

    class Optimise(MlflowTask):
        class Meta:
            added: dict[str, Any] = {}

        lr: float = luigi.FloatParameter(default=0.1)
        weight_decay: float = luigi.FloatParameter(default=default)

    Optimise.Meta.added = added or {}
    return Optimise


def before_it_was_added() -> MlflowTask:
    """Return the task as it was without the parameter."""

    class Optimise(MlflowTask):
        lr: float = luigi.FloatParameter(default=0.1)

    return Optimise()


@pytest.mark.parametrize("value", [0.0, 0, "0"])
def test_a_parameter_added_later_leaves_old_keys_alone_at_its_old_value(value: Any) -> None:
    old = key_of(before_it_was_added())
    assert key_of(decayed({"weight_decay": value})()) == old
    assert key_of(decayed({"weight_decay": value})(weight_decay=0.01)) != old
    assert key_of(decayed(None)()) != old


def test_a_date_may_be_added_too() -> None:
    def dated(added_value: Any) -> MlflowTask:
        class Work(MlflowTask):
            class Meta:
                added = {"day": added_value}

            day: dt.date = luigi.DateParameter(default=dt.date(2026, 1, 2))

        return Work()

    def undated() -> MlflowTask:
        class Work(MlflowTask):
            pass

        return Work()

    assert key_of(dated(dt.date(2026, 1, 2))) == key_of(dated("2026-01-02")) == key_of(undated())
    assert key_of(dated(dt.date(2026, 1, 3))) != key_of(undated())


def test_the_value_that_counts_as_old_is_not_the_default() -> None:
    assert key_of(decayed({"weight_decay": 0.0}, default=0.01)()) != key_of(before_it_was_added())


def test_a_new_version_is_new_work() -> None:
    def versioned(number: int | None) -> MlflowTask:
        class Work(MlflowTask):
            class Meta:
                version = number

        return Work()

    assert key_of(versioned(2)) != key_of(versioned(1))
    assert key_of(versioned(None)) == key_of(versioned(1))


def test_a_namespace_is_part_of_the_identity() -> None:
    def named(space: str) -> MlflowTask:
        class Work(MlflowTask):
            task_namespace = space

        return Work()

    assert key_of(named("a")) != key_of(named("b"))


class Located(MlflowTask):
    """Identify itself by the path of its input, as an article may have it."""

    def requires(self) -> dict[str, luigi.Task]:
        return {"fetched": Fetch()}

    def to_mlflow_tags(self) -> dict[str, Any]:
        return {"ids": self.input()["fetched"]["ids"].path}

    def _run(self) -> None:
        pass


def test_a_path_in_a_tag_stands_for_the_upstream_identity(without_store: Context) -> None:
    assert describe(Located()).tags == {"ids": f"artifact:{key_of(Fetch())}/ids"}


def test_a_path_in_a_tag_is_the_same_before_and_after_the_upstream_ran(context: Context) -> None:
    before = key_of(Located())
    Fetch().run()
    Located.clear_instance_cache()
    assert Path(Located().input()["fetched"]["ids"].path).is_file()
    assert key_of(Located()) == before
    Located().run()
    (run,) = context.store.runs_with(Tag.KEY, before)
    assert run.tags["ids"] == f"artifact:{key_of(Fetch())}/ids"


def test_tags_that_read_their_input_are_refused(context: Context) -> None:
    class Curious(Located):
        def to_mlflow_tags(self) -> dict[str, Any]:
            return {"size": Path(self.input()["fetched"]["ids"].path).stat().st_size}

    Fetch().run()
    with pytest.raises(IdentityError, match=r"Curious.to_mlflow_tags must not read its inputs"):
        key_of(Curious())


def test_a_tag_without_a_canonical_form_is_refused() -> None:
    class Opaque(MlflowTask):
        def to_mlflow_tags(self) -> dict[str, Any]:
            return {"model": object()}

    with pytest.raises(IdentityError, match="object has no canonical form"):
        key_of(Opaque())


def first_of_its_name() -> type[MlflowTask]:
    """Return a task class."""

    class Train(MlflowTask):
        def _run(self) -> None:
            pass

    return Train


def second_of_its_name(former: list[str]) -> type[MlflowTask]:
    """Return a task class of the same name that may have had other names before."""

    class Train(MlflowTask):
        class Meta:
            formerly: list[str] = []

    Train.Meta.formerly = former
    return Train


FIRST = "tests.task.test_task_identity:first_of_its_name.<locals>.Train"
SECOND = "tests.task.test_task_identity:second_of_its_name.<locals>.Train"


@pytest.mark.parametrize("look", [find_result, MlflowTask.complete, MlflowTask.output], ids=lambda look: look.__name__)
def test_a_result_of_another_class_of_the_same_name_stops_with_both_names(
    context: Context, look: Callable[[MlflowTask], Any]
) -> None:
    first_of_its_name()().run()
    with pytest.raises(IdentityError) as raised:
        look(second_of_its_name([])())
    message = str(raised.value)
    assert FIRST in message
    assert SECOND in message
    for remedy in ("task_namespace", "Meta.mlflow_experiment_name", f'Meta.formerly = ["{FIRST}"]'):
        assert remedy in message


def test_a_class_that_was_renamed_keeps_its_results(context: Context) -> None:
    first_of_its_name()().run()
    assert second_of_its_name(["elsewhere:Train", FIRST])().complete()


def commit(context: Context, *, ended: int, text: str) -> str:
    """Let another process commit a result for ``Fetch`` that ended at a time; return its run."""
    store = context.store
    run = store.start_run("fetch", "", tags={Tag.KIND: Kind.TASK, Tag.CLAIM: key_of(Fetch())})
    path = Path("ids.txt")
    path.write_text(text, encoding="utf-8")
    store.save_artifact(run, path, path.name)
    store.log(run.run_id, tags={Tag.KEY: key_of(Fetch())})
    store._client.set_terminated(run.run_id, RunStatus.FINISHED, ended)
    return run.run_id


def test_of_two_results_with_one_key_the_earliest_is_read(context: Context) -> None:
    commit(context, ended=2_000, text="later")
    earliest = commit(context, ended=1_000, text="earlier")
    commit(context, ended=3_000, text="last")
    result = find_result(Fetch())
    assert result is not None
    assert result.run_id == earliest
    assert Path(Fetch().output()["ids"].path).read_text(encoding="utf-8") == "earlier"


def test_of_two_results_of_one_instant_the_least_run_id_is_read(context: Context) -> None:
    runs = [commit(context, ended=1_000, text=text) for text in "abc"]
    result = find_result(Fetch())
    assert result is not None
    assert result.run_id == min(runs)


def test_a_superseded_result_is_not_read(context: Context) -> None:
    old, new = commit(context, ended=1_000, text="old"), commit(context, ended=2_000, text="new")
    context.store.log(old, tags={Tag.SUPERSEDED: new})
    result = find_result(Fetch())
    assert result is not None
    assert result.run_id == new
    context.store.log(new, tags={Tag.SUPERSEDED: "withdrawn"})
    with use(Context(context.store, Index(context.store))):
        assert not Fetch().complete()


def test_the_name_of_an_artifact_may_have_letters_of_any_script(context: Context) -> None:
    class Work(MlflowTask):
        class Meta:
            mlflow_artifact_fnames = {"a": "ü ñ+&;~名.txt"}

        def _run(self) -> None:
            self.save_to_mlflow({"a": ("text", write_text)})

    Work().run()
    assert Path(Work().output()["a"].path).read_text(encoding="utf-8") == "text"
