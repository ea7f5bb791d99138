"""Payloads are our msgspec types as JSON, encoded and decoded by `fairlead.model.wire`."""

from dataclasses import replace
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultPayloadConverter,
    EncodingPayloadConverter,
    JSONPlainPayloadConverter,
)

from fairlead.model import wire


class _WireConverter(EncodingPayloadConverter):
    """Takes the place of Temporal's own JSON; the encoding's name stays, so that its tools show payloads."""

    @property
    def encoding(self) -> str:
        return "json/plain"

    def to_payload(self, value: Any) -> Payload:
        return Payload(metadata={"encoding": self.encoding.encode()}, data=wire.encode(value))

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        return wire.decode(payload.data, Any if type_hint is None else type_hint)


class WirePayloadConverter(CompositePayloadConverter):
    """Temporal's converters with JSON by `fairlead.model.wire`."""

    def __init__(self) -> None:
        others = DefaultPayloadConverter.default_encoding_payload_converters
        super().__init__(
            *(_WireConverter() if isinstance(each, JSONPlainPayloadConverter) else each for each in others)
        )


DATA_CONVERTER = replace(DataConverter.default, payload_converter_class=WirePayloadConverter)
