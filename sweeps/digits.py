"""Read handwritten digits: two tasks of a few milliseconds, to try things out on."""

import luigi
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split

from sweeper import MlflowTask


class SplitDigits(MlflowTask):
    """Hold some of scikit-learn's digits out for the test; the seed draws which."""

    class Meta:
        mlflow_artifact_fnames = {"digits": "digits.npz"}

    held_out: float = luigi.FloatParameter(default=0.3)
    seed: int = luigi.IntParameter(default=0)

    def _run(self) -> None:
        images, digits = load_digits(return_X_y=True)
        train, test = train_test_split(
            np.arange(len(digits)), test_size=self.held_out, stratify=digits, random_state=self.seed
        )
        arrays = {
            "x_train": images[train] / 16,
            "y_train": digits[train],
            "x_test": images[test] / 16,
            "y_test": digits[test],
        }
        self.save_to_mlflow({"digits": (arrays, lambda arrays, path: np.savez(path, **arrays))})


class FitDigits(MlflowTask):
    """Fit a logistic regression by stochastic gradient descent and measure it on the digits held out.

    After each epoch it reports the accuracy so far, so that a study can prune it.
    """

    class Meta:
        added = {"penalty": "l2", "l1_ratio": 0.15}

    learning_rate: float = luigi.FloatParameter(default=0.01)
    alpha: float = luigi.FloatParameter(default=1e-4)
    penalty: str = luigi.ChoiceParameter(choices=["l1", "l2", "elasticnet"], default="l2")
    l1_ratio: float = luigi.FloatParameter(default=0.15)
    epochs: int = luigi.IntParameter(default=5)
    seed: int = luigi.IntParameter(default=0)

    def requires(self) -> dict[str, luigi.Task]:
        return {"split": SplitDigits(seed=self.seed)}

    def _run(self) -> None:
        with np.load(self.input()["split"]["digits"].path) as arrays:
            x_train, y_train, x_test, y_test = (arrays[name] for name in ("x_train", "y_train", "x_test", "y_test"))
        model = SGDClassifier(
            loss="log_loss",
            learning_rate="constant",
            eta0=self.learning_rate,
            alpha=self.alpha,
            penalty=self.penalty,
            l1_ratio=self.l1_ratio,
            random_state=np.random.RandomState(self.seed),  # a number would give each epoch the same order
        )
        for epoch in range(1, self.epochs + 1):
            model.partial_fit(x_train, y_train, classes=np.arange(10))
            self.log_metric("train_accuracy", model.score(x_train, y_train), epoch)
            self.report(model.score(x_test, y_test), epoch)
        self.save_to_mlflow(
            metrics={"accuracy": model.score(x_test, y_test), "weights": float(np.count_nonzero(model.coef_))}
        )
