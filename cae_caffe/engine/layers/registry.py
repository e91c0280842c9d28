"""The layer types of the engine by Caffe's names for them. Searching for a name in quotes finds all of a layer."""

from __future__ import annotations

from typing import Callable

from ..layer import Layer

_TYPES: dict[str, type[Layer]] = {}


def register(type_name: str) -> Callable[[type[Layer]], type[Layer]]:
    """Class decorator: makes a layer class the one for prototxt's `type: "type_name"`. A second one is an error."""
    def add(layer_class: type[Layer]) -> type[Layer]:
        if type_name in _TYPES:
            raise ValueError(f"layer type {type_name} is registered twice: {_TYPES[type_name]} and {layer_class}")
        layer_class.type = type_name
        _TYPES[type_name] = layer_class
        return layer_class
    return add


def find(type_name: str) -> type[Layer] | None:
    """The layer class for a prototxt's type, or None."""
    return _TYPES.get(type_name)


def type_names() -> list[str]:
    """All registered types, sorted, as pycaffe's `layer_type_list` gives them."""
    return sorted(_TYPES)
