"""What a pruner saves on a real learning curve: Hyperband on the digits, beside the same study without it.

Both run with the same seeds, of the study and of the digits held out, in turns. Epochs are those that trials trained
for. The best accuracy is that of the best complete trial; it is as good if the mean over the seeds differs by no more
than its standard error.

    python -m benchmarks.pruning [--seeds 5] [--trials 40] [--epochs 27] [--workers 2]
"""

from __future__ import annotations

import argparse
import math
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

from benchmarks.resume import SWEEPER
from sweeper.store import open_reader
from sweeper.store.locate import sqlite_uri
from sweeper.store.trials import TrialState

SPEC = """
task = "digits:FitDigits"
metric = "accuracy"
[fixed]
epochs = {epochs}
seed = {seed}
[study]
trials = {trials}
seed = {seed}
{pruner}
[study.space]
learning_rate = {{ float = [1e-4, 1.0], log = true }}
alpha = {{ float = [1e-6, 1e-1], log = true }}
"""
HYPERBAND = 'pruner = {{ name = "hyperband", min_resource = 1, max_resource = {epochs}, reduction_factor = 3 }}'
PIPELINE = Path(__file__).parents[1] / "sweeps" / "digits.py"


def study(folder: Path, name: str, pruner: str, seed: int, arguments: argparse.Namespace) -> tuple[int, float]:
    """Run a study; return the epochs it trained for, and the best accuracy."""
    text = SPEC.format(epochs=arguments.epochs, trials=arguments.trials, seed=seed, pruner=pruner)
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    command = [*SWEEPER, "run", f"{name}.toml", "--workers", str(arguments.workers)]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    record = open_reader(sqlite_uri(folder / "results" / "mlflow.db")).sweep(name)
    assert record is not None
    ends = [trial.told for trial in record.trials if trial.told]
    complete = [told for told in ends if told.state is TrialState.COMPLETE]
    pruned = [told for told in ends if told.state is TrialState.PRUNED]
    epochs = arguments.epochs * len(complete) + sum(max(told.steps) for told in pruned)
    return epochs, max(told.values[0] for told in complete)


def main() -> None:
    """Print a row a seed, and what they come to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--epochs", type=int, default=27)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    rows = []
    print("seed   epochs   with hyperband   saved   best accuracy   with hyperband")
    for seed in range(arguments.seeds):
        with tempfile.TemporaryDirectory(prefix="sweeper-pruning-") as temporary:  # or one would reuse the other's
            full = study(_folder(temporary, "full"), "full", "", seed, arguments)
            hyperband = HYPERBAND.format(epochs=arguments.epochs)
            pruned = study(_folder(temporary, "pruned"), "pruned", hyperband, seed, arguments)
        rows.append((full, pruned))
        saved = 1 - pruned[0] / full[0]
        print(f"{seed:4}   {full[0]:6}   {pruned[0]:14}   {saved:5.0%}   {full[1]:13.4f}   {pruned[1]:14.4f}")
    saved = 1 - sum(pruned[0] for _, pruned in rows) / sum(full[0] for full, _ in rows)
    differences = [pruned[1] - full[1] for full, pruned in rows]
    error = statistics.stdev(full[1] for full, _ in rows) / math.sqrt(len(rows))
    change = statistics.mean(differences)
    print(f"saved {saved:.0%} of the epochs; best accuracy {change:+.4f}, standard error {error:.4f}")


def _folder(temporary: str, name: str) -> Path:
    folder = Path(temporary) / name
    (folder / "results").mkdir(parents=True)
    shutil.copy(PIPELINE, folder)
    return folder


if __name__ == "__main__":
    main()
