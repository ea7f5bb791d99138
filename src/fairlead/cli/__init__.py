"""The command `fairlead`. Nothing heavy is imported before it is known which command runs."""

from fairlead.cli.app import main

__all__ = ["main"]
