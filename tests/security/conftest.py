"""What the tests of security share with those of the command line."""

from tests.cli.conftest import command, project

__all__ = ["command", "project"]
