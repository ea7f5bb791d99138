"""Lets `python -m fairlead` be the command `fairlead`."""

from fairlead.cli import enter

enter()
