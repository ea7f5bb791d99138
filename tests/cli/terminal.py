"""The command `fairlead` as somebody meets it at a terminal on a machine where nothing is set up."""

import asyncio
import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fairlead.cli import main

# Enough for a busy machine; nothing here may hang.
_PATIENCE = 60.0


@dataclass(frozen=True)
class Said:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def hint(self) -> str:
        found = re.search(r"^hint: (.*)", self.err, re.MULTILINE)
        return found[1] if found else ""


@dataclass
class Home:
    """Somebody's home, with nothing in it but what the test puts there."""

    folder: Path

    @property
    def engine(self) -> Path:
        return self.folder / "state/fairlead/engine"

    @property
    def surroundings(self) -> dict[str, str]:
        """Of the environment only the search path is passed on."""
        return {"HOME": str(self.folder), "XDG_STATE_HOME": str(self.folder / "state"), "PATH": os.environ["PATH"]}

    def file(self, document: dict[str, Any], name: str = "fleet.yaml") -> Path:
        """JSON is YAML."""
        path = self.folder / name
        path.write_text(json.dumps(document, indent=2))
        return path

    def check_refused(self, said: Said, code: int) -> Said:
        """It ended with `code` and an error for people: no traceback, nothing printed as data, nothing begun."""
        assert said.code == code, f"it ended with {said.code}\n{said.out}\n{said.err}"
        assert "Traceback" not in said.err
        assert re.search(r"^error: ", said.err, re.MULTILINE), said.err
        assert said.out == ""
        assert not self.engine.exists(), "an engine was started for what cannot be"
        return said


@dataclass
class Prompt(Home):
    """`fairlead` in the test's own process: quick."""

    capture: pytest.CaptureFixture[str]

    def fairlead(self, *words: object, **environment: str) -> Said:
        with pytest.MonkeyPatch.context() as patch:
            for name in [each for each in os.environ if each.startswith(("FAIRLEAD_", "GOOGLE_", "XDG_"))]:
                patch.delenv(name)
            for name, value in {**self.surroundings, **environment}.items():
                patch.setenv(name, value)
            patch.chdir(self.folder)
            patch.setattr(sys, "argv", ["fairlead", *map(str, words)])
            with pytest.raises(SystemExit) as ended:
                main()
        code = ended.value.code
        return Said(code if isinstance(code, int) else int(code is not None), *self.capture.readouterr())

    def refuses(self, code: int, *words: object, **environment: str) -> Said:
        return self.check_refused(self.fairlead(*words, **environment), code)


@dataclass
class Terminal(Home):
    """`fairlead` as a process of its own."""

    async def fairlead(self, *words: object, **environment: str) -> Said:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "fairlead", *map(str, words)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**self.surroundings, **environment},
            cwd=self.folder,
        )
        try:
            async with asyncio.timeout(_PATIENCE):
                out, err = await child.communicate()
        finally:
            if child.returncode is None:
                child.kill()
        assert child.returncode is not None
        return Said(child.returncode, out.decode(), err.decode())

    async def refuses(self, code: int, *words: object, **environment: str) -> Said:
        return self.check_refused(await self.fairlead(*words, **environment), code)


def a_fleet(*clusters: str, name: str = "shop", **spec: Any) -> dict[str, Any]:
    """A fleet file's document: clusters of the emulator's, by name."""
    places = {"tokyo": "asia-northeast1", "taipei": "asia-east1-a"}
    return {
        "apiVersion": "fairlead.dev/v1",
        "kind": "Fleet",
        "metadata": {"name": name},
        "spec": {
            "clusters": [
                {"name": each, "gke": {"project": "twin", "location": places[each], "cluster": each}}
                for each in clusters or ("tokyo",)
            ],
            **spec,
        },
    }
