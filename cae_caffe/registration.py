"""Layers of others: a class for a layer type, and the message of its parameters, in one statement."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:       # neither is imported before a layer is registered
    from .engine.layer import Layer
    from .schema import Message


def register_layer(type_name: str, message: Message | None = None, *, field: str | None = None,
                   number: int | None = None, source: str | None = None) -> Callable[[type[Layer]], type[Layer]]:
    """Class decorator: makes a layer class the one for prototxt's `type: "type_name"`, for this process.

        @cae_caffe.register_layer("Permute", Message("PermuteParameter", Field("order", "uint32", 1, repeated=True)))
        class Permute(AutogradLayer): ...

    `message` says the layer's own parameters, if it has any; `field` is what they are called in LayerParameter, by
    default as the message, `permute_param`. `number` is the field's in the binary files of the Caffe that the layer
    comes from, and `source` the name of that Caffe (see `schema.extend`); without them the field gets a number that no
    Caffe uses, and the source is the layer itself. net_spec knows the type from then on, and the layer's fields as
    plain keywords.

    Raises InputError if the type has a layer already, naming both, and as `schema.extend` does: for one, if Caffe's
    messages are in use already.
    """
    from . import net_spec, schema  # here, so that cae_caffe itself imports quickly

    if message is not None:
        field = field or _field_name(message.name)
        home = schema.Message("LayerParameter", schema.Field(field, message.name, number))
        schema.extend(source or f"The layer type {type_name}", message, home)

    def add(layer_class: type[Layer]) -> type[Layer]:
        from .engine.layers import registry  # needs PyTorch

        registry.register(type_name)(layer_class)
        net_spec.add_layer_type(type_name, *filter(None, [field]))
        return layer_class
    return add


def _field_name(message_name: str) -> str:
    """PermuteParameter as Caffe would call a field of it, permute_param; ROIPoolingParameter, roi_pooling_param."""
    stem = message_name.removesuffix("Parameter")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", stem).lower() + "_param"
