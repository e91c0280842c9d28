"""The layer types that nets written in Python may have, whatever engine runs them in the end."""

from __future__ import annotations

import warnings

from ..schema import layer_types
from .fields import add_fields


def warn_of_unknown(name: str, stacklevel: int) -> None:
    """Warn if `name` is no layer type of Caffe's, of LAYER_TYPES, or of an installed package; as pycaffe, take it."""
    known = layer_types.layer_types()
    if name not in known:
        warnings.warn(f"Caffe 1.0 has no layer type `{name}`{layer_types.meaning(name, known)}; the net is written all "
                      "the same, for a Caffe that has. Add the type to cae_caffe.net_spec.LAYER_TYPES, and nothing is "
                      "said.", stacklevel=stacklevel + 1)


def add_layer_type(name: str, *fields: str) -> None:
    """Let nets have layers of the type `name`, whose keywords go into these message fields of LayerParameter."""
    layer_types.LAYER_TYPES.add(name)
    add_fields(name, *fields)
