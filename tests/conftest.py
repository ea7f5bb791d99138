"""Which tests go first when they are shared out over two processes (`make test`), and a terminal that is no one's."""

import os
from pathlib import Path

import pytest

# Long stories begin at once, each on its own process. A process is given two files to begin with: short ones follow.
_FIRST = ("scenarios", "chaos", "model", "snapshot")
_HERE = Path(__file__).parent

# The processes of pytest-xdist are told the width of the terminal they were started in.
os.environ.pop("COLUMNS", None)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    folder = item.path.relative_to(_HERE).parts[0]
    return _FIRST.index(folder) if folder in _FIRST else len(_FIRST)
