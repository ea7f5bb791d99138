"""Ask a process whether it is ready to serve."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from fairlead.twin.process import HttpReady, SocketReady, TcpReady

_BETWEEN = 0.1


class Probe:
    """Trusts the twin's CA; shows the admin's certificate where a process demands one."""

    def __init__(self, pki: Path) -> None:
        self._contexts = {shows: _context(pki, shows) for shows in (False, True)}

    async def until_ready(self, how: HttpReady | TcpReady | SocketReady | None) -> None:
        """Return when it is ready; never gives up by itself."""
        match how:
            case None:
                return
            case HttpReady():
                await self._until_http(how)
            case TcpReady(port=port):
                await _until_connected(lambda: asyncio.open_connection("127.0.0.1", port))
            case SocketReady(path=path):
                await _until_connected(lambda: asyncio.open_unix_connection(path))

    async def _until_http(self, how: HttpReady) -> None:
        context = self._contexts[how.client_certificate]
        async with httpx.AsyncClient(verify=context, timeout=2.0, trust_env=False) as client:
            await _until_answered(client, how.url)


async def _until_answered(client: httpx.AsyncClient, url: str) -> None:
    while True:
        if await _answers(client, url):
            return
        await asyncio.sleep(_BETWEEN)


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


async def _until_connected(connect: Callable[[], Awaitable[tuple[Any, asyncio.StreamWriter]]]) -> None:
    while True:
        try:
            _, writer = await connect()
        except OSError:
            await asyncio.sleep(_BETWEEN)
        else:
            writer.close()
            return


def _context(pki: Path, shows: bool) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
    if shows:
        context.load_cert_chain(pki / "admin.crt", pki / "admin.key")
    return context
