"""What Caffe's forks add to Caffe 1.0, as far as it is carried out here: messages, fields, and the types of layers.

Each module of this package says what one fork, or several that agree, adds: MESSAGES, the fields by name; LAYERS, the
layer types; and V1_TYPES, what those are called in the `layers` blocks of 2014. All of them are one language: a name
that two forks use is declared once, with what either means by it, and a layer sees by its fields, bottoms and blobs
which of them is meant (dialects.py).

Fields have no numbers of the forks, for those clash: LayerParameter's 147 means a layer of its own in nearly each fork.
They get numbers of our own that no Caffe uses (see merging.py), so that nothing of a fork is read from a binary file,
and nothing is written into one, under a number that means something else to Caffe. The one exception are BlobProto's
bytes, whose numbers clash with nobody's (nvidia.py): weights that hold nothing else are read by them. `python -m
cae_caffe.schema.forks` merges them into caffe_and_forks.desc, which the package loads.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterator
from types import ModuleType

from .declaration import ForkLayer

SOURCE = "Caffe's forks"
_NO_FORKS = ("__main__", "beyond", "declaration", "dialects", "elsewhere")


def _modules() -> Iterator[ModuleType]:
    import pkgutil  # takes time, and plain nets ask for no module

    names = [module.name for module in pkgutil.iter_modules(__path__) if module.name not in _NO_FORKS]
    return (importlib.import_module(f".{name}", __name__) for name in names)


@functools.cache
def layers() -> dict[str, ForkLayer]:
    """The layer types of forks, by name."""
    return {name: layer for module in _modules() for name, layer in module.LAYERS.items()}


@functools.cache
def v1_types() -> dict[str, str]:
    """Today's name of each layer type that `layers` blocks of forks have, by the name there."""
    return {old: name for module in _modules() for old, name in module.V1_TYPES.items()}


def messages() -> list:
    """The messages and fields that forks add, one Message of a name for all of them."""
    from .declaration import together  # for compiling, and where others extend the schema, alone

    return together([message for module in _modules() for message in module.MESSAGES])
