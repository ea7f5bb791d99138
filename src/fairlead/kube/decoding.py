"""Reads what an API server answered; an answer that is no such thing is an error of ours."""

from typing import TypeVar

import msgspec

from fairlead.kube.errors import KubeRefusedError

T = TypeVar("T")


def decode(body: bytes, kind: type[T], path: str) -> T:
    """KubeRefusedError where something else than Kubernetes seems to answer there."""
    return decode_with(msgspec.json.Decoder(kind), body, path)


def decode_with(decoder: msgspec.json.Decoder[T], body: bytes, path: str) -> T:
    """As `decode`, with a decoder that is made once for many pages."""
    try:
        return decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise KubeRefusedError(
            f"GET {path} was answered with something that cannot be read: {error}",
            hint="does a Kubernetes API server answer at this address?",
        ) from error
