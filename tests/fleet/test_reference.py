"""What is published about the fleet file is what its types say."""

import json
from pathlib import Path

from fairlead.fleet import reference
from fairlead.fleet.schema import parts, schema

PAGES = Path(__file__).parents[2] / "docs/reference"


def test_the_published_schema_is_the_types_own() -> None:
    assert json.loads((PAGES / "fleet.schema.json").read_text()) == json.loads(json.dumps(schema()))


def test_the_published_page_is_the_types_own() -> None:
    assert (PAGES / "fleet-file.md").read_text() == reference.markdown()


def test_every_part_of_the_file_has_its_section() -> None:
    page = reference.markdown()
    assert [part.__name__ for part in parts() if f"\n## {part.__name__}\n" not in page] == ["_Part", "ClusterRef"]
