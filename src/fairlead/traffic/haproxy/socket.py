"""One command to one HAProxy socket, with its answer; every wait has an end."""

import asyncio

from fairlead.traffic.port import BalancerUnreachableError

# An answer of `show stat` is about 600 bytes a server; this bounds what a wrong address may pour into our memory.
MOST_BYTES = 64 * 1024 * 1024


async def ask(address: str, command: str, within: float) -> str:
    """
    Send one line to a unix socket (a path) or `host:port` and read until HAProxy closes.

    Several commands may be joined by `;`: one connection is served by one worker, so their answers belong together
    even when a reload happens meanwhile. BalancerUnreachableError when there is no whole answer `within` seconds.
    """
    try:
        async with asyncio.timeout(within):
            return await _converse(address, command)
    except TimeoutError:
        raise BalancerUnreachableError(f"no answer within {within:g}s", place=address) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BalancerUnreachableError(str(error) or type(error).__name__, place=address) from error


async def ask_master(address: str, command: str, within: float) -> str:
    """
    The same on a master CLI. While it reloads, a master executes itself anew and refuses connections for some tenths
    of a second (seen on 2.6.12): that is not taken for an answer before the time is over.
    """
    deadline = asyncio.get_running_loop().time() + within
    while True:
        try:
            return await ask(address, command, within)
        except BalancerUnreachableError as error:
            refused = isinstance(error.__cause__, (ConnectionError, FileNotFoundError))
            if not refused or asyncio.get_running_loop().time() > deadline:
                raise
        await asyncio.sleep(0.05)


async def _converse(address: str, command: str) -> str:
    reader, writer = await _connect(address)
    try:
        writer.write(f"{command}\n".encode())
        # The master CLI keeps the connection open for more commands unless we say there are none.
        writer.write_eof()
        return (await _read_all(address, reader)).decode()
    finally:
        writer.close()


async def _connect(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, colon, port = address.rpartition(":")
    if "/" not in address and colon and port.isdigit():
        return await asyncio.open_connection(host.strip("[]"), int(port))
    return await asyncio.open_unix_connection(address)


async def _read_all(address: str, reader: asyncio.StreamReader) -> bytes:
    parts: list[bytes] = []
    left = MOST_BYTES
    while left > 0 and (part := await reader.read(65536)):
        parts.append(part)
        left -= len(part)
    if left <= 0:
        raise BalancerUnreachableError(f"more than {MOST_BYTES} bytes came; this is no HAProxy socket", place=address)
    return b"".join(parts)
