"""What a pipeline author may rely on, and what the naive version of such a task gets wrong."""

# ruff: noqa: RUF012 (Meta's dicts are read once)

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import luigi
import luigi.util
import pytest
from mlflow.tracking import MlflowClient

from sweeper import MlflowTask
from sweeper.errors import TaskError
from sweeper.store.api import ApiStore
from sweeper.store.index import Index
from sweeper.store.records import RunRecord, RunStatus
from sweeper.store.tags import Kind, Tag, upstream_tag
from sweeper.task import key_of, meta_of
from sweeper.task.context import Context, current, use
from tests.processes import in_child

AWKWARD = {
    "both kinds of quotes": """it's "quoted" ''""",
    "backticks": "`select` ```",
    "newlines": "first\nsecond\r\n\tthird\n",
    "like a filter": "' OR 1 = 1 -- %_\\",
    "not ascii": "naïve 学習率 🦀",
    "empty": "",
    "spaces": "  ",
    "9,000 characters": "x" * 9000,
}


def write_text(text: str, path: str) -> None:
    """Save text as an artifact."""
    Path(path).write_text(text, encoding="utf-8")


def read(target: luigi.LocalTarget) -> str:
    """Return the text of an artifact."""
    return Path(target.path).read_text(encoding="utf-8")


def is_known_to_a_newcomer(task: MlflowTask) -> bool:
    """Whether a process that starts now finds the task's result in the store, by its own look-up."""
    with use(replace(current(), index=Index(current().store))):
        return task.complete()


def only_run(context: Context, family: str = "") -> RunRecord:
    """Return the one run of a task, or of tasks of a family, that the store has."""
    runs = context.store.runs_with(Tag.KIND, Kind.TASK)
    (run,) = (run for run in runs if run.name.startswith(f"{family}(" if family else ""))
    return run


def metrics_of(task: MlflowTask) -> dict[str, float]:
    """Return the metrics of a task's result."""
    run = task.search_for_mlflow_run()
    assert run is not None
    return dict(run.data.metrics)


def delete_experiment(context: Context, name: str) -> None:
    """Delete an experiment, as MLflow's UI does."""
    client = MlflowClient(context.store.uri)
    experiment = client.get_experiment_by_name(name)
    assert experiment is not None
    client.delete_experiment(experiment.experiment_id)


class Fetch(MlflowTask):
    """Make a text."""

    class Meta:
        mlflow_artifact_fnames = {"ids": "ids.txt"}

    limit: int = luigi.IntParameter(default=3)

    def _run(self) -> None:
        self.save_to_mlflow({"ids": (" ".join(map(str, range(self.limit))), write_text)})


class Train(MlflowTask):
    """Measure a text."""

    learning_rate: float = luigi.FloatParameter(default=0.1)
    note: str = luigi.Parameter(default="")

    def requires(self) -> dict[str, luigi.Task]:
        return {"fetched": Fetch()}

    def _run(self) -> None:
        self.save_to_mlflow(metrics={"accuracy": len(read(self.input()["fetched"]["ids"])) * self.learning_rate})


class Noted(MlflowTask):
    """Do nothing, under a note."""

    note: str = luigi.Parameter(default="")

    def _run(self) -> None:
        pass


def test_a_task_is_complete_once_its_run_is_committed(context: Context) -> None:
    task = Fetch()
    assert not task.complete()
    task.run()
    assert task.complete()
    assert is_known_to_a_newcomer(task)
    assert not is_known_to_a_newcomer(Fetch(limit=4))


def test_a_downstream_task_reads_what_its_upstream_saved(context: Context) -> None:
    Fetch().run()
    Train().run()
    run = Train().search_for_mlflow_run()
    assert run is not None
    assert run.data.metrics == pytest.approx({"accuracy": 0.5})
    assert run.data.tags[upstream_tag("fetched")] == key_of(Fetch())


def test_a_task_that_raises_is_not_complete(context: Context) -> None:
    class Crash(MlflowTask):
        def _run(self) -> None:
            self.save_to_mlflow(metrics={"accuracy": 0.9})
            raise ValueError("the loss went to the moon")

    with pytest.raises(ValueError, match="moon"):
        Crash().run()
    assert not is_known_to_a_newcomer(Crash())
    run = only_run(context)
    assert run.status is RunStatus.FAILED
    assert run.reason == "ValueError: the loss went to the moon"


def test_an_exception_that_cannot_be_shown_is_a_failure_like_any_other(context: Context) -> None:
    class Shy(Exception):  # noqa: N818
        def __str__(self) -> str:
            raise RuntimeError("not telling")

    class Crash(MlflowTask):
        def _run(self) -> None:
            raise Shy

    with pytest.raises(Shy):
        Crash().run()
    assert only_run(context).status is RunStatus.FAILED
    assert only_run(context).reason.startswith("Shy")


@pytest.mark.parametrize("code", [0, 1])
def test_a_process_that_dies_inside_a_task_leaves_no_result(context: Context, code: int) -> None:
    class Vanish(MlflowTask):
        def _run(self) -> None:
            self.save_to_mlflow(metrics={"accuracy": 0.9})
            os._exit(code)

    assert in_child(Vanish().run) == code
    assert not is_known_to_a_newcomer(Vanish())
    assert only_run(context).status is RunStatus.RUNNING


def test_a_finished_run_without_a_key_is_no_result(context: Context) -> None:
    """MLflow's own exit handler ends a run as FINISHED whatever happened to the script."""
    store = context.store
    run = store.start_run("fetch", "", tags={Tag.KIND: Kind.TASK, Tag.CLAIM: key_of(Fetch())})
    store.end_run(run.run_id, RunStatus.FINISHED)
    assert not is_known_to_a_newcomer(Fetch())


@pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD)
def test_any_text_is_a_value_that_is_found_again(context: Context, text: str) -> None:
    task = Noted(note=text)
    assert not task.complete()
    task.run()
    assert is_known_to_a_newcomer(task)
    assert not is_known_to_a_newcomer(Noted(note=f"{text}."))


@pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD)
def test_any_text_is_a_value_through_the_api_too(context: Context, text: str) -> None:
    Noted(note=text).run()
    api = ApiStore(context.store.uri)
    with use(replace(context, store=api, index=Index(api))):
        assert Noted(note=text).complete()
        assert not Noted(note=f"{text}.").complete()


def test_a_value_too_long_for_mlflow_is_shortened_in_its_run_and_says_so(context: Context) -> None:
    Noted(note="x" * 9000).run()
    shown = only_run(context).params["note"]
    assert len(shown) <= 6000
    assert shown.startswith("xxx")
    assert "9000 characters" in shown


def test_identifying_tags_may_have_any_name(context: Context) -> None:
    class Odd(MlflowTask):
        name: str = luigi.Parameter(default="a")

        def to_mlflow_tags(self) -> dict[str, Any]:
            return {"learning rate": 1, "it's `this`": 2, 'the "other"': self.name, "a/../b": 3, "": 4, "é" * 300: 5}

        def _run(self) -> None:
            pass

    Odd().run()
    assert is_known_to_a_newcomer(Odd())
    assert not is_known_to_a_newcomer(Odd(name="b"))
    assert only_run(context).tags["learning rate"] == "1"


def test_more_tags_than_a_filter_can_join(context: Context) -> None:
    class Wide(MlflowTask):
        last: int = luigi.IntParameter(default=0)

        def to_mlflow_tags(self) -> dict[str, Any]:
            return {f"tag{number}": number for number in range(150)} | {"last": self.last}

        def _run(self) -> None:
            pass

    Wide().run()
    assert is_known_to_a_newcomer(Wide())
    assert not is_known_to_a_newcomer(Wide(last=1))
    assert only_run(context).tags["tag149"] == "149"


def test_tags_that_are_a_subset_of_another_tasks_are_another_identity(context: Context) -> None:
    class Work(MlflowTask):
        wide: bool = luigi.BoolParameter(default=False)

        def to_mlflow_tags(self) -> dict[str, Any]:
            return {"a": 1, "b": 2} if self.wide else {"a": 1}

        def _run(self) -> None:
            pass

    Work(wide=True).run()
    assert Work(wide=True).complete()
    assert not Work(wide=False).complete()


def test_a_missing_experiment_means_no_result_and_is_made_when_it_is_needed(context: Context) -> None:
    class Train(MlflowTask):
        class Meta:
            mlflow_experiment_name = "it's new: 100 % / `odd`"

        def _run(self) -> None:
            pass

    client = MlflowClient(context.store.uri)
    assert not Train().complete()
    assert client.get_experiment_by_name("it's new: 100 % / `odd`") is None
    Train().run()
    assert is_known_to_a_newcomer(Train())
    assert client.get_experiment_by_name("it's new: 100 % / `odd`") is not None


def test_a_deleted_experiment_has_no_results_and_can_be_filled_again(context: Context) -> None:
    Noted().run()
    delete_experiment(context, "noted")
    assert not is_known_to_a_newcomer(Noted())
    with use(replace(context, store=ApiStore(context.store.uri))):
        Noted().run()
        assert is_known_to_a_newcomer(Noted())


def test_an_experiment_that_is_deleted_while_a_process_works_on_it_is_made_anew(context: Context) -> None:
    Noted(note="before").run()
    delete_experiment(context, "noted")
    Noted(note="after").run()
    assert is_known_to_a_newcomer(Noted(note="after"))
    assert not is_known_to_a_newcomer(Noted(note="before"))


@pytest.mark.parametrize("location", ["artifacts of it", "./deep/er", "file:"], ids=["bare", "dotted", "file URI"])
def test_artifacts_are_read_back_wherever_the_experiment_keeps_them(
    context: Context, tmp_path: Path, location: str
) -> None:
    if location == "file:":
        location = (tmp_path / "a folder% é").as_uri()
    MlflowClient(context.store.uri).create_experiment("fetch", artifact_location=location)
    Fetch().run()
    os.chdir("/")
    assert read(Fetch().output()["ids"]) == "0 1 2"
    Train().run()
    assert Train().complete()


@pytest.mark.parametrize("save", ["metrics", "artifacts", "both", "neither"])
def test_a_task_may_save_metrics_or_artifacts_or_both_or_neither(context: Context, save: str) -> None:
    class Work(MlflowTask):
        class Meta:
            mlflow_artifact_fnames = {"text": "text.txt"} if save in ("artifacts", "both") else {}

        def _run(self) -> None:
            if save in ("artifacts", "both"):
                self.save_to_mlflow({"text": ("hello", write_text)})
            if save in ("metrics", "both"):
                self.save_to_mlflow(metrics={"accuracy": 1.0})

    Work().run()
    assert is_known_to_a_newcomer(Work())
    assert {name: read(target) for name, target in Work().output().items()} == (
        {"text": "hello"} if save in ("artifacts", "both") else {}
    )
    assert only_run(context).metrics == ({"accuracy": 1.0} if save in ("metrics", "both") else {})


def test_an_artifact_may_be_a_folder_or_lie_in_one(context: Context) -> None:
    def write_folder(names: list[str], path: str) -> None:
        Path(path).mkdir()
        for name in names:
            write_text(name, f"{path}/{name}")

    class Work(MlflowTask):
        class Meta:
            mlflow_artifact_fnames = {"model": "out/model", "table": "out/tables/a b.csv"}

        def _run(self) -> None:
            self.save_to_mlflow({"model": (["config", "weights"], write_folder), "table": ("1,2", write_text)})

    Work().run()
    output = Work().output()
    assert sorted(file.name for file in Path(output["model"].path).iterdir()) == ["config", "weights"]
    assert read(output["table"]) == "1,2"


def test_a_declared_artifact_that_was_never_saved_is_named(context: Context) -> None:
    class Forgetful(MlflowTask):
        class Meta:
            mlflow_artifact_fnames = {"table": "table.csv", "model": "model.bin"}

        def _run(self) -> None:
            self.save_to_mlflow({"table": ("1,2", write_text)})

    with pytest.raises(TaskError, match=r"Forgetful: declared artifact 'model' was never saved"):
        Forgetful().run()
    assert not is_known_to_a_newcomer(Forgetful())
    assert only_run(context).status is RunStatus.FAILED


@pytest.mark.parametrize(
    ("name", "save", "complaint"),
    [
        ("tabel", write_text, r"artifact 'tabel' is not in Meta.mlflow_artifact_fnames; did you mean table\?"),
        ("table", lambda _text, _path: None, r"the function that saves artifact 'table' wrote no file table.csv"),
    ],
    ids=["not declared", "not written"],
)
def test_an_artifact_that_breaks_the_contract_is_named(
    context: Context, name: str, save: Callable[[str, str], None], complaint: str
) -> None:
    class Wrong(MlflowTask):
        class Meta:
            mlflow_artifact_fnames = {"table": "table.csv"}

        def _run(self) -> None:
            self.save_to_mlflow({name: ("1,2", save)})

    with pytest.raises(TaskError, match=complaint):
        Wrong().run()
    assert not is_known_to_a_newcomer(Wrong())


@pytest.mark.parametrize(
    ("metrics", "complaint"),
    [
        ({"accuracy": "high"}, "metric 'accuracy' is no number: 'high'"),
        ({"accuracy": None}, "metric 'accuracy' is no number: None"),
        ({"f1@10": 0.5}, "metric 'f1@10'.*f1_10"),
    ],
    ids=["text", "None", "name"],
)
def test_a_metric_that_mlflow_cannot_hold_is_the_tasks_mistake(
    context: Context, metrics: dict[str, Any], complaint: str
) -> None:
    class Wrong(MlflowTask):
        def _run(self) -> None:
            self.save_to_mlflow(metrics=metrics)

    with pytest.raises(TaskError, match=complaint):
        Wrong().run()
    assert only_run(context).status is RunStatus.FAILED


def test_an_experiment_is_named_after_its_class_unless_meta_names_it() -> None:
    class TrainBERTModel2(MlflowTask):
        pass

    class Named(TrainBERTModel2):
        class Meta:
            mlflow_experiment_name = "mine"

    assert meta_of(TrainBERTModel2).mlflow_experiment_name == "train_bert_model2"
    assert meta_of(Named).mlflow_experiment_name == "mine"


def test_a_nested_meta_inherits_what_it_does_not_set() -> None:
    class Base(MlflowTask):
        class Meta:
            mlflow_experiment_name = "base"
            mlflow_artifact_fnames = {"table": "table.csv"}
            version = 3

    class Child(Base):
        class Meta:
            version = 4

    class Silent(Child):
        pass

    assert (meta_of(Child).mlflow_experiment_name, meta_of(Child).version) == ("base", 4)
    assert meta_of(Child).mlflow_artifact_fnames == {"table": "table.csv"}
    assert meta_of(Silent) == meta_of(Child)
    assert meta_of(Base).version == 3


def test_a_setting_that_is_mistyped_is_an_error_with_the_right_name() -> None:
    class Typo(MlflowTask):
        class Meta:
            mlflow_experiment = "mine"

    with pytest.raises(TaskError, match=r"Typo.Meta.mlflow_experiment: .*did you mean mlflow_experiment_name\?"):
        meta_of(Typo)


@pytest.mark.parametrize("file_name", ["../up.txt", "/abs.txt", "a/../../b", ""])
def test_an_artifact_stays_inside_its_folder(file_name: str) -> None:
    class Escape(MlflowTask):
        class Meta:
            mlflow_artifact_fnames = {"out": file_name}

    with pytest.raises(TaskError, match="not a file inside its folder"):
        meta_of(Escape)


def test_run_is_final() -> None:
    with pytest.raises(TaskError, match=r"Wrong.run: .*write _run"):

        class Wrong(MlflowTask):
            def run(self) -> None:  # type: ignore[misc]
                pass


def test_a_parameter_cannot_hide_what_every_task_has() -> None:
    with pytest.raises(TaskError, match=r"Wrong.report: .*rename the parameter"):

        class Wrong(MlflowTask):
            report = luigi.Parameter()


def test_save_to_mlflow_outside_of_a_run_says_where_it_belongs(context: Context) -> None:
    with pytest.raises(TaskError, match="inside _run"):
        Noted().save_to_mlflow(metrics={"accuracy": 1.0})


def test_saving_twice_keeps_both(context: Context) -> None:
    class Work(MlflowTask):
        class Meta:
            mlflow_artifact_fnames = {"a": "a.txt", "b": "b.txt"}

        def _run(self) -> None:
            self.save_to_mlflow({"a": ("1", write_text)}, {"x": 1.0, "y": 1.0})
            self.save_to_mlflow({"b": ("2", write_text)}, {"y": 2.0})

    Work().run()
    assert [read(target) for target in Work().output().values()] == ["1", "2"]
    assert only_run(context).metrics == {"x": 1.0, "y": 2.0}


def test_checkpoints_survive_a_failed_attempt_and_go_once_there_is_a_result(context: Context) -> None:
    seen: list[tuple[Path, list[str]]] = []

    class Resumable(MlflowTask):
        def _run(self) -> None:
            folder = self.checkpoint_dir
            seen.append((folder, sorted(file.name for file in folder.iterdir())))
            (folder / "epoch1").touch()
            if len(seen) < 2:
                raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError):
        Resumable().run()
    Resumable().run()
    (first, nothing), (second, kept) = seen
    assert first == second
    assert (nothing, kept) == ([], ["epoch1"])
    assert not first.exists()


def test_requirements_may_be_lists_and_nested_dicts(context: Context) -> None:
    class Sum(MlflowTask):
        def requires(self) -> Any:
            return {"one": Fetch(limit=1), "many": [Fetch(limit=2), {"deep": Fetch(limit=3)}]}

        def _run(self) -> None:
            inputs = self.input()
            paths = inputs["one"]["ids"], inputs["many"][0]["ids"], inputs["many"][1]["deep"]["ids"]
            self.save_to_mlflow(metrics={"words": sum(len(read(path).split()) for path in paths)})

    for limit in (1, 2, 3):
        Fetch(limit=limit).run()
    Sum().run()
    run = only_run(context, "Sum")
    assert run.metrics == {"words": 6.0}
    assert {name: value for name, value in run.tags.items() if name.startswith(upstream_tag(""))} == {
        upstream_tag("one"): key_of(Fetch(limit=1)),
        upstream_tag("many.0"): key_of(Fetch(limit=2)),
        upstream_tag("many.1.deep"): key_of(Fetch(limit=3)),
    }


def test_luigis_decorators_for_requirements_work(context: Context) -> None:
    @luigi.util.requires(Fetch)
    class Count(MlflowTask):
        def _run(self) -> None:
            self.save_to_mlflow(metrics={"words": len(read(self.input()["ids"]).split())})

    @luigi.util.inherits(Fetch)
    class Clone(MlflowTask):
        def requires(self) -> Any:
            return {"fetched": self.clone(Fetch)}

        def _run(self) -> None:
            self.save_to_mlflow(metrics={"words": len(read(self.input()["fetched"]["ids"]).split())})

    Fetch(limit=5).run()
    for task in (Count(limit=5), Clone(limit=5)):
        task.run()
        assert metrics_of(task) == {"words": 5.0}


def test_a_plain_luigi_task_may_stand_upstream(context: Context, tmp_path: Path) -> None:
    class Plain(luigi.Task):
        name: str = luigi.Parameter()

        def output(self) -> luigi.LocalTarget:
            return luigi.LocalTarget(str(tmp_path / self.name))

    class Work(MlflowTask):
        name: str = luigi.Parameter()

        def requires(self) -> Any:
            return Plain(name=self.name)

        def _run(self) -> None:
            self.save_to_mlflow(metrics={"size": len(read(self.input()))})

    (tmp_path / "a").write_text("hello")
    Work(name="a").run()
    assert only_run(context).metrics == {"size": 5.0}
    assert key_of(Work(name="a")) != key_of(Work(name="b"))


def test_a_run_shows_its_parameters_and_where_it_comes_from(context: Context) -> None:
    Fetch().run()
    Train(learning_rate=1, note="n").run()
    run = only_run(context, "Train")
    assert run.params == {"learning_rate": "1.0", "note": "n"}
    assert run.tags[Tag.TASK] == "tests.task.test_base:Train"
    assert run.tags[Tag.CLAIM] == run.tags[Tag.KEY] == key_of(Train(learning_rate=1.0, note="n"))
    assert run.tags[Tag.SOURCE]
    assert context.store.run(run.tags[Tag.DRIVER]).tags[Tag.KIND] == Kind.DRIVER


def test_tags_of_an_authors_own_are_on_the_run_as_written(context: Context) -> None:
    class Work(MlflowTask):
        def to_mlflow_tags(self) -> dict[str, Any]:
            return {"model": "bert", "layers": [1, 2], "deep": {"a": 0.5}}

        def _run(self) -> None:
            pass

    Work().run()
    tags = only_run(context).tags
    assert tags["model"] == "bert"
    assert json.loads(tags["layers"]) == [1, 2]
    assert json.loads(tags["deep"]) == {"a": 0.5}


def test_requirements_that_are_yielded_run_under_plain_luigi(context: Context) -> None:
    class Dynamic(MlflowTask):
        def _run(self) -> Any:
            fetched = yield Fetch(limit=2)
            self.save_to_mlflow(metrics={"words": len(read(fetched["ids"]).split())})

    assert luigi.build([Dynamic()], local_scheduler=True, log_level="WARNING")
    assert metrics_of(Dynamic()) == {"words": 2.0}


def test_a_subclass_may_declare_a_parameter_again(context: Context) -> None:
    class Fit(MlflowTask):
        rate: float = luigi.FloatParameter(default=0.1)

    class FastFit(Fit):
        rate: float = luigi.FloatParameter(default=1.0)

    assert FastFit().rate == 1.0


def test_requirements_may_be_generated(context: Context) -> None:
    class Part(MlflowTask):
        number: int = luigi.IntParameter()

    class Whole(MlflowTask):
        def requires(self) -> Any:
            yield Part(number=1)
            yield Part(number=2)

    assert [part.number for part in Whole().requires()] == [1, 2]
    assert [part.number for part in Whole().deps()] == [1, 2]


def test_a_name_in_added_that_is_no_parameter_is_an_error(context: Context) -> None:
    class Fit(MlflowTask):
        class Meta:
            added = {"weight_decai": 0.0}

        weight_decay: float = luigi.FloatParameter(default=0.0)

    with pytest.raises(TaskError, match="did you mean weight_decay"):
        key_of(Fit())
