"""A study goes on from its record from whatever instant it was stopped at, or says why it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeper.errors import InputError
from sweeper.report.sources.outcomes import outcomes
from sweeper.search.ledger import Ledger
from sweeper.store import open_reader, open_store
from sweeper.store.trials import Trial
from tests.sweeping import sweep
from tests.test_study import STUDY, told_of, trial_runs, trials_of

FEW = STUDY.replace("trials = 8", "trials = 4")


class KilledError(Exception):
    """Ends a sweep where a kill would."""


def test_a_parameter_that_was_fixed_is_known_from_an_old_spec_also_after_a_kill_half_way(
    store_uri: str, monkeypatch: pytest.MonkeyPatch
):
    """The spec on the record is the only place that says what the old trials had."""
    sweep(FEW.replace("[study]\n", "[fixed]\n'Scale.factor' = 2.0\n[study]\n"), store_uri)
    searched = FEW.replace("trials = 4", "trials = 5") + '"Scale.factor" = { float = [0.5, 2.0] }\n'
    revise = Ledger.revise

    def revise_until_killed(ledger: Ledger, trial: Trial) -> None:
        if trial.number == 2:
            raise KilledError
        revise(ledger, trial)

    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "revise", revise_until_killed)
        with pytest.raises(KilledError):
            sweep(searched, store_uri)
    sweep(searched, store_uri)
    assert [trial.values["Scale.factor"] for trial in trials_of(store_uri)[:4]] == [2.0] * 4
    record = open_reader(store_uri).sweep("sweep")
    assert record is not None
    assert [cell.state.value for cell in outcomes(record).cells] == ["finished"] * 5


def test_a_pipeline_that_can_no_longer_be_built_is_other_work(store_uri: str):
    path = Path("moody.py")
    path.write_text(
        "import luigi\nfrom pathlib import Path\nfrom sweeper import MlflowTask\n"
        "class Moody(MlflowTask):\n"
        "    rate = luigi.FloatParameter()\n"
        "    def requires(self):\n"
        "        if Path('moody').exists() and self.rate not in (0.0, 1.0):\n"
        "            raise RuntimeError('not in the mood')\n"
        "        return {}\n"
        "    def _run(self):\n        self.save_to_mlflow(metrics={'score': self.rate})\n"
    )
    text = 'task = "moody:Moody"\nmetric = "score"\n[study]\ntrials = 2\n[study.space]\nrate = { float = [0.0, 1.0] }\n'
    sweep(text, store_uri)
    Path("moody").touch()
    with pytest.raises(InputError, match=r"the pipeline's tasks have another identity now.*--fresh"):
        sweep(text, store_uri)


def test_a_reproducible_study_goes_on_without_a_trial_that_somebody_deleted(store_uri: str):
    text = STUDY.replace("trials = 8", "trials = 8\nreproducible = true")
    sweep(text.replace("trials = 8", "trials = 4"), store_uri)
    open_store(store_uri)._client.delete_run(trial_runs(store_uri)[1].run_id)
    sweep(text, store_uri)
    assert [trial.number for trial in trials_of(store_uri)] == [0, 2, 3, 4, 5, 6, 7]
    assert all(told for _, _, told in told_of(store_uri))
