"""Reads whole lists page by page; only the wanted fields are ever decoded, and one page at a time is in memory."""

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from fairlead.kube.link import ExpiredError, KubeLink
from fairlead.kube.port import KubeUnavailableError

Item = TypeVar("Item")
Noun = TypeVar("Noun")

# 1,000 pods are some 3 MB; more saves no time, less costs round trips.
_PAGE = 1000
# A list lives five minutes on the server; who is too slow three times will be so again.
_ATTEMPTS = 3


class ListMeta(msgspec.Struct, gc=False):
    continue_: str = msgspec.field(default="", name="continue")


class Page(msgspec.Struct, Generic[Item]):
    """Go writes `null` for an empty list."""

    items: list[Item] | None = None
    metadata: ListMeta = msgspec.field(default_factory=ListMeta)


async def read_list(
    link: KubeLink, path: str, page: type[Page[Item]], noun_of: Callable[[Item], Noun], **selectors: str
) -> list[Noun]:
    """The whole list as our nouns, of one state of the cluster."""
    decoder = msgspec.json.Decoder(page)
    for _ in range(_ATTEMPTS):
        try:
            return await _read_once(link, path, decoder, noun_of, selectors)
        except ExpiredError:
            # The rest of another state would not be one picture: begin again.
            continue
    raise KubeUnavailableError(f"{path} changes faster than it can be read")


async def _read_once(
    link: KubeLink,
    path: str,
    decoder: msgspec.json.Decoder[Page[Item]],
    noun_of: Callable[[Item], Noun],
    selectors: dict[str, str],
) -> list[Noun]:
    nouns: list[Noun] = []
    parameters = {"limit": str(_PAGE), **selectors}
    while True:
        answer = await link.read(path, **parameters)
        page = _decoded(path, decoder, answer.content)
        nouns.extend(noun_of(item) for item in page.items or ())
        if not page.metadata.continue_:
            return nouns
        parameters["continue"] = page.metadata.continue_


def _decoded(path: str, decoder: msgspec.json.Decoder[Page[Item]], content: bytes) -> Page[Item]:
    try:
        return decoder.decode(content)
    except msgspec.DecodeError as error:
        raise KubeUnavailableError(f"the answer to {path} cannot be understood: {error}") from error
