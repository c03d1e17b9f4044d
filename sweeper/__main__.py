"""The program: ``sweeper``, or ``python -m sweeper``."""

from __future__ import annotations

import sys

from sweeper.interrupts import as_program


def run() -> None:
    """Run the command line, and say so in one line if it is interrupted before it has begun."""
    with as_program():
        try:
            from sweeper.cli import main

            main()
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)  # noqa: T201 (before there is anything else to say it with)
            sys.exit(130)


if __name__ == "__main__":
    run()
