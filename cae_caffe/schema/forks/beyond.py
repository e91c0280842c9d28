"""What of a net Caffe 1.0 has not."""

from __future__ import annotations

from collections.abc import Iterator

from .. import messages
from ..blob_values import RAW_FIELDS
from ..merging import FIRST_PRIVATE_NUMBER
from . import layers


def parts_beyond(net) -> list[str]:
    """The layer types and the fields of forks in a NetParameter, each once, as a sentence names them."""
    types = [f"the layer type `{layer.type}`" for layer in net.layer if layer.type in layers()]
    return list(dict.fromkeys([*types, *_fields(net)]))


def _fields(message) -> Iterator[str]:
    for field, content in message.ListFields():
        if field.number >= FIRST_PRIVATE_NUMBER or field.name in RAW_FIELDS:
            yield f"the field `{field.name}` of {message.DESCRIPTOR.name}"
        elif field.message_type:
            for part in content if messages.is_repeated(field) else [content]:
                yield from _fields(part)
