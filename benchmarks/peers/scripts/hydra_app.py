"""One trial as a Hydra application; ``--multirun`` and a launcher make many of it."""

import time
from dataclasses import dataclass

import hydra
import mlflow
from hydra.core.config_store import ConfigStore


@dataclass
class Config:
    """What a trial is given."""

    uri: str = ""
    number: int = 0
    seconds: float = 0.0


ConfigStore.instance().store(name="config", node=Config)


@hydra.main(version_base=None, config_name="config")
def trial(config: Config) -> None:
    """Sleep, and log the trial as a run."""
    mlflow.set_tracking_uri(config.uri)
    mlflow.set_experiment("trials")
    with mlflow.start_run():
        mlflow.log_param("number", config.number)
        time.sleep(config.seconds)
        mlflow.log_metric("value", float(config.number))


if __name__ == "__main__":
    trial()
