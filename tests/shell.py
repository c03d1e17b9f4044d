"""Commands as a user types them, with this environment's own on the path."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

COMMAND_SECONDS = 300
SWEEPER = Path(sys.executable).with_name("sweeper")

_PROGRESS = re.compile(r"[\d,]+ of [\d,]+ points \(")


def shell(command: str, folder: Path, sweeper: Path = SWEEPER) -> str:
    """Return what a command prints, on either stream; ``sweeper`` is the program of that name.

    What a sweep says every ten seconds of how far it is, on a busy machine, is left out.
    """
    path = os.pathsep.join([str(sweeper.parent), str(SWEEPER.parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", command],
        check=False,
        cwd=folder,
        env=os.environ | {"PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=COMMAND_SECONDS,
    )
    lines = (line.rstrip() for line in done.stdout.rstrip().splitlines())
    return "".join(f"{line}\n" for line in lines if not _PROGRESS.match(line))
