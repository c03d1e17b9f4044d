"""Look up the known vulnerabilities of what is locked, where that can be done.

The data are pip-audit's, over the network. Without it, or without pip-audit, that is said, and is no failure: what the
lock itself has to be is tested in tests/test_supply.py.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements.lock"
SECONDS = 180


def audit(seconds: float = SECONDS) -> int:
    """Print what is known of the locked distributions; return 1 if one of them is vulnerable."""
    command = _command()
    if not command:
        return _say("not audited: neither pip-audit nor uvx is here")
    options = [
        "--requirement",
        LOCK,
        "--require-hashes",
        "--disable-pip",
        "--format",
        "json",
        "--progress-spinner",
        "off",
    ]
    try:
        done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=seconds, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        return _say(f"not audited: no answer in {seconds:g} s")
    try:
        distributions = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return _say(f"not audited: {(done.stderr.strip() or 'no data').splitlines()[-1]}")
    known = [(one, vulnerability) for one in distributions for vulnerability in one.get("vulns", ())]
    for one, vulnerability in known:
        better = ", ".join(vulnerability.get("fix_versions", ())) or "none yet"
        _say(f"{one['name']} {one['version']}: {vulnerability['id']}; mended in: {better}")
    _say(f"{len(distributions)} distributions audited: {len(known)} known vulnerabilities")
    return 1 if known else 0


def _command() -> list[str]:
    found = shutil.which("pip-audit")
    return [found] if found else [runner, "pip-audit"] if (runner := shutil.which("uvx")) else []


def _say(words: str) -> int:
    sys.stdout.write(f"{words}\n")
    return 0


if __name__ == "__main__":
    sys.exit(audit())
