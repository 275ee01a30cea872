"""The command line: one function per sub-command."""

from ketplan.cli.commands import main

__all__ = ["main"]
