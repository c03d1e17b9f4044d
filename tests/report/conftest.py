"""What the tests of reports share."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sweeper.spec import Spec
from sweeper.store.trials import Trial

Asked = list[Sequence[Trial]]


@pytest.fixture(autouse=True)
def importances(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Stand in for the computation of importances, which is Optuna's and slow; return what it is asked for."""
    asked: Asked = []

    def stand_in(spec: Spec, trials: Sequence[Trial]) -> dict[str, float]:
        asked.append(trials)
        shares = {"learning_rate": 0.184, "optimizer": 0.816}
        return {name: share for name, share in shares.items() if spec.study and name in spec.study.names}

    monkeypatch.setattr("sweeper.search.importance.importances", stand_in)
    return asked
