"""Starts Helm and Kustomize: argument lists, a time-out, an environment without network and plugins."""

import os
from collections.abc import Sequence
from pathlib import Path

# Larger than what any cluster would take, smaller than memory.
_MOST_OUTPUT = 256 * 1024 * 1024
# Nothing listens on the discard port: what would be fetched fails at once.
_NO_NETWORK = "http://127.0.0.1:9"


class RenderError(Exception):
    """Why nothing was rendered: what the tool said, or that it took too long."""


def run(command: Sequence[str | Path], seconds: float) -> bytes:
    """What the tool writes. RenderError where it fails, takes longer than `seconds`, or writes too much."""
    import subprocess
    import tempfile

    with tempfile.TemporaryDirectory(prefix="fairlead-render-") as home, tempfile.TemporaryFile() as output:
        try:
            ended = subprocess.run(
                [str(each) for each in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.PIPE,
                env=_environment(home),
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise RenderError(f"took longer than {seconds:g} seconds") from None
        except OSError as error:
            raise RenderError(f"could not be started: {error.strerror}") from error
        if ended.returncode:
            raise RenderError(_last_words(ended.stderr))
        if output.tell() > _MOST_OUTPUT:
            raise RenderError(f"wrote more than {_MOST_OUTPUT // 1024 // 1024} MB")
        output.seek(0)
        return output.read()


def _environment(home: str) -> dict[str, str]:
    """Nothing of the person's settings and credentials: a chart must look the same to everybody."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "SYSTEMROOT") if name in os.environ}
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), _NO_NETWORK)
    return {**kept, **proxies, "HOME": home, "KUBECONFIG": os.devnull, "GIT_ALLOW_PROTOCOL": "file"}


def _last_words(stderr: bytes) -> str:
    lines = [line for line in stderr.decode(errors="replace").strip().splitlines() if line.strip()]
    said = " ".join(line.strip() for line in lines[-3:]).removeprefix("Error: ")
    return said[:500] or "said nothing"
