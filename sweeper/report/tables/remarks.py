"""What the numbers in a row do not say, in words beside them."""

from __future__ import annotations

from collections.abc import Iterator

from sweeper.report import synopsis
from sweeper.report.sources.trials import TrialOutcome, TrialStanding
from sweeper.report.tables.rows import Row
from sweeper.spec import Study


def remark(row: Row, study: Study | None) -> str:
    """Say of which points there is no result, and in a study why a trial is not complete and feasible."""
    missing = synopsis.without_result(row.counts)
    trial = row.trial
    if study is None or trial is None:
        return missing
    if trial.standing is TrialStanding.COMPLETE:
        return "; ".join([*_broken(trial, study), *filter(None, [missing])])
    is_cut = trial.standing is TrialStanding.PRUNED and trial.last_step is not None
    return f"pruned at step {trial.last_step}" if is_cut else trial.standing.value


def _broken(trial: TrialOutcome, study: Study) -> Iterator[str]:
    """Say which constraints a complete trial breaks, in one line or none."""
    violations = trial.told.constraints if trial.told else ()
    broken = [str(one) for one, violation in zip(study.constraints, violations, strict=False) if violation > 0]
    if broken:
        yield f"breaks {', '.join(broken)}"
