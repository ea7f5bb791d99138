"""Documentation is what the code says, and leads somewhere."""

import importlib.util
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

import pytest

from fairlead.engine import retries
from fairlead.engine.connect import named_by

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md")])
SOURCES = sorted((ROOT / "src").rglob("*.py"))

_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_COMMAND = re.compile(r"^(?:\$ )?(fairlead(?: [a-z][a-z-]*)+)", re.MULTILINE)


def _build() -> ModuleType:
    """`docs/build.py` is a script and in no package."""
    spec = importlib.util.spec_from_file_location("docs_build", DOCS / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BUILD = _build()


def _relative_links() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        for target in _LINK.findall(_FENCE.sub("", page.read_text())):
            if "://" not in target and not target.startswith("#"):
                yield page, target.split("#")[0]


def _table_ids(page: str, pattern: str) -> set[str]:
    return set(re.findall(rf"^\| `({pattern})` \|", (DOCS / "reference" / page).read_text(), re.MULTILINE))


def _in_sources(pattern: str) -> set[str]:
    return {found for path in SOURCES for found in re.findall(pattern, path.read_text())}


class _Asked(Mapping[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@pytest.mark.parametrize("name", BUILD.PAGES)
def test_a_generated_page_is_what_the_code_says(name: str) -> None:
    assert (DOCS / "reference" / name).read_text() == BUILD.PAGES[name](), "`make docs` writes it anew"


def test_every_link_leads_to_a_file() -> None:
    # Pictures are taken from a real run by `make captures`.
    made = {ROOT / name for name in re.findall(r"docs/pictures/\S+", (ROOT / "scripts/captures.sh").read_text())}
    links = list(_relative_links())
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page, target in links
        if not (page.parent / target).exists() and (page.parent / target) not in made
    ]
    assert links
    assert not broken


def test_every_page_can_be_reached_from_the_index() -> None:
    linked = {(page.parent / target).resolve() for page, target in _relative_links()}
    assert [page for page in PAGES if page not in linked and page != ROOT / "README.md"] == []


def test_every_command_that_pages_show_exists() -> None:
    sections = (DOCS / "reference" / "cli.md").read_text().split("\n## `")[1:]
    known = {section.split("`")[0]: re.search(r"^\| `[A-Z]+` \|", section, re.MULTILINE) for section in sections}
    with_argument = {name for name, argument in known.items() if argument}
    shown = {
        found
        for page in PAGES
        for block in _FENCE.findall(page.read_text())
        for found in _COMMAND.findall(block.split("\n", 1)[1])
    }
    assert shown
    assert not [each for each in shown if each not in known and each.rpartition(" ")[0] not in with_argument]


def test_every_setting_has_its_line() -> None:
    asked = _Asked({"FAIRLEAD_TEMPORAL_ADDRESS": "127.0.0.1:1"})
    named_by(asked)
    settings = asked.names | _in_sources(r"\"(FAIRLEAD_[A-Z_]+)\"")
    assert {"FAIRLEAD_FLEET", "FAIRLEAD_TEMPORAL_API_KEY"} <= settings
    assert settings == _table_ids("settings.md", "FAIRLEAD_[A-Z_]+")


def test_every_finding_has_its_line() -> None:
    # From UPG401 on ids are of checks, which have pages of their own.
    found = _in_sources(r"\"(UPG[0-3]\d\d)\"")
    kinds = {value for name, value in vars(retries).items() if name.isupper() and isinstance(value, str)}
    stopped = {f"RUN-{kind}" for kind in kinds | {"Failed"}}
    assert found
    assert found | stopped == _table_ids("findings.md", r"UPG\d+|RUN-[A-Za-z]+")


def test_every_call_to_gke_has_its_permission() -> None:
    page = (DOCS / "guides" / "production.md").read_text()
    adapter = (ROOT / "src/fairlead/clouds/gke/cloud.py").read_text()
    calls = set(re.findall(r"\"([a-z]+(?:_[a-z]+)+)\"", adapter))
    named = {"".join(word.capitalize() for word in call.split("_")) for call in calls}
    assert "UpdateNodePool" in named
    assert not {call for call in named if not re.search(rf"\b{call}\b", page)}


def test_the_role_lists_all_that_is_read() -> None:
    page = (DOCS / "guides" / "production.md").read_text()
    reader = (ROOT / "src/fairlead/kube/reader.py").read_text()
    read = set(re.findall(r"\"/apis?/\S*/([a-z]+)\"", reader))
    assert {"nodes", "poddisruptionbudgets"} <= read
    listed = {name.strip() for names in re.findall(r"resources: \[(.*?)\]", page) for name in names.split(",")}
    assert read == listed
