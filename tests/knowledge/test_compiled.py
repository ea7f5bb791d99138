"""The JSON that is loaded says what the readable YAML says, and loading it costs a fast command nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from fairlead.knowledge import compiling
from fairlead.model.errors import UsageError


@pytest.mark.parametrize("name", compiling.COMPILERS)
def test_the_compiled_file_is_in_step_with_its_source(name: str) -> None:
    written = (compiling.DATA / f"{name}.json").read_bytes()
    assert written == compiling.compiled(name), "run `python -m fairlead.knowledge.compiling`"


def test_every_file_is_compiled() -> None:
    assert {path.stem for path in compiling.DATA.glob("*.yaml")} == set(compiling.COMPILERS)
    assert {path.stem for path in compiling.DATA.glob("*.json")} == set(compiling.COMPILERS)


def test_a_wrong_row_is_told_with_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (compiling.DATA / "lifecycle.yaml").read_text()
    (tmp_path / "lifecycle.yaml").write_text(text.replace("introduced: '1.0'", "introduced: soon", 1))
    monkeypatch.setattr(compiling, "DATA", tmp_path)
    with pytest.raises(UsageError, match=r"lifecycle\.yaml.*soon"):
        compiling.compiled("lifecycle")


def test_a_number_where_a_minor_was_meant_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Unquoted, YAML reads 1.20 as 1.2: the mistake everybody makes once.
    text = (compiling.DATA / "lifecycle.yaml").read_text()
    (tmp_path / "lifecycle.yaml").write_text(text.replace("introduced: '1.20'", "introduced: 1.20", 1))
    monkeypatch.setattr(compiling, "DATA", tmp_path)
    with pytest.raises(UsageError, match=r"lifecycle\.yaml"):
        compiling.compiled("lifecycle")


def test_decoding_the_largest_table_takes_less_than_5_ms() -> None:
    script = (
        "import time, sys, msgspec\n"
        "from fairlead.knowledge.removals import known\n"
        "start = time.process_time(); known(); print(time.process_time() - start)\n"
        "assert 'ruamel.yaml' not in sys.modules\n"
    )
    seconds = min(
        float(subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout) for _ in "abc"
    )
    assert seconds < 0.005
