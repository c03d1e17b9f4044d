"""A task that lets out every secret that it can get at."""

import logging
import os
import subprocess
import sys

import luigi
import psutil

from sweeper import MlflowTask


class Leaky(MlflowTask):
    """Print the environment in several ways, and fail with an address in the message."""

    number: int = luigi.IntParameter(default=0)

    def _run(self) -> None:
        sys.stdout.write(f"{os.environ}\n")
        sys.stdout.flush()
        subprocess.run(["env"], check=True)
        for process in [psutil.Process(), *psutil.Process().parents()][:3]:
            sys.stdout.write(f"process: {' '.join(process.cmdline())}\n")
        self.logger.warning("connecting to %s", os.environ["DATABASE_URL"])
        logging.getLogger("client").error("Authorization: Bearer %s", os.environ["SERVICE_TOKEN"])
        try:
            raise ConnectionError(f"no route to {os.environ['DATABASE_URL']}")
        except ConnectionError as error:
            raise RuntimeError(
                f"cannot reach {os.environ['DATABASE_URL']}?token={os.environ['SERVICE_TOKEN']}"
            ) from error
