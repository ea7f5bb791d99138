"""Which tests go together, and which go first, when they are shared out over processes (`pytest -n 2`)."""

from pathlib import Path

import pytest

# Long stories begin at once, each on its own process. A process is given two groups to begin with: short ones follow.
_FIRST = ("scenarios", "chaos", "model", "snapshot")
_HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file stays together: its tests share a twin or a server."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(str(item.path.relative_to(_HERE))))
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    folder = item.path.relative_to(_HERE).parts[0]
    return _FIRST.index(folder) if folder in _FIRST else len(_FIRST)
