"""The command `fairlead`. Nothing heavy is imported before it is known which command runs."""

from fairlead.cli.app import enter, main

__all__ = ["enter", "main"]
