"""The layer types of the engine by Caffe's names for them. Searching for a name in quotes finds all of a layer.

Layers of other packages are found by their entry points (cae_caffe/plugins.py), those of a script where it registers
them with cae_caffe.register_layer. Layers of Caffe's forks (forks/) are imported when a net has them, and yield to
layers of those names in packages and scripts.
"""

from __future__ import annotations

import importlib
from typing import Callable

from ... import plugins
from ...errors import InputError
from ...schema import forks, layer_types, view
from ..layer import Layer

_TYPES: dict[str, type[Layer]] = {}
_FORKS = f"{__package__}.forks."


def register(type_name: str) -> Callable[[type[Layer]], type[Layer]]:
    """Class decorator: makes a layer class the one for prototxt's `type: "type_name"`.

    It raises InputError, naming both classes, if the type has a class already.
    """
    def add(layer_class: type[Layer]) -> type[Layer]:
        if type_name in _TYPES and _is_forks(layer_class):
            return layer_class
        if type_name in _TYPES and not _is_forks(_TYPES[type_name]):
            raise InputError(f"The layer type `{type_name}` is registered twice: for {_place(_TYPES[type_name])} "
                             f"and for {_place(layer_class)}; give the second another name.")
        layer_class.type = type_name
        _TYPES[type_name] = layer_class
        layer_types.LAYER_TYPES.add(type_name)
        return layer_class
    return add


def _is_forks(layer_class: type[Layer]) -> bool:
    return layer_class.__module__.startswith(_FORKS)


def complaints(layer) -> list[str]:
    """Clauses on what this engine does not carry out of a LayerParameter of a known type; none where all is well."""
    layer_class = _TYPES[layer.type]
    clauses = layer_class.unsupported(view(layer))
    if _is_forks(layer_class):
        from .forks.options import not_finite  # for these alone

        clauses = [*clauses, *not_finite(layer)]
    return clauses


def _place(layer_class: type[Layer]) -> str:
    return f"{layer_class.__module__}.{layer_class.__qualname__}"


def find(type_name: str) -> type[Layer] | None:
    """The layer class for a prototxt's type, or None. A package that has the type is imported if need be.

    Raises InputError, naming the package, if it cannot be imported or registers no such type.
    """
    if type_name not in _TYPES:
        for package in plugins.load_layer(type_name):
            if type_name not in _TYPES:
                raise InputError(f"The package {package} says that it has the layer type `{type_name}`, and registers "
                                 "no such type; its entry point must name the module that does.")
    if type_name not in _TYPES and type_name in forks.layers():
        importlib.import_module(_FORKS + forks.layers()[type_name].module)
    return _TYPES.get(type_name)


def registered() -> dict[str, type[Layer]]:
    """The types that are registered by now and those of forks, by name, sorted as in a dictionary."""
    for type_name in forks.layers():
        find(type_name)
    return dict(sorted(_TYPES.items(), key=lambda item: item[0].lower()))


def type_names() -> list[str]:
    """All types, also those not yet imported, sorted, as pycaffe's `layer_type_list` gives them."""
    return sorted({*_TYPES, *plugins.layer_types(), *forks.layers()})
