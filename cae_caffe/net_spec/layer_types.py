"""The layer types that nets written in Python may have, whatever engine runs them in the end."""

from __future__ import annotations

from ..schema import layer_types
from .errors import UnknownNameError
from .fields import add_fields


def require_layer_type(name: str) -> None:
    """Raises UnknownNameError if `name` is no layer type of Caffe's, of LAYER_TYPES, or of an installed package."""
    known = layer_types.layer_types()
    if name not in known:
        raise UnknownNameError(f"Caffe has no layer type `{name}`{layer_types.meaning(name, known)}; for a Caffe that "
                               "has, add it to cae_caffe.net_spec.LAYER_TYPES.")


def add_layer_type(name: str, *fields: str) -> None:
    """Let nets have layers of the type `name`, whose keywords go into these message fields of LayerParameter."""
    layer_types.LAYER_TYPES.add(name)
    add_fields(name, *fields)
