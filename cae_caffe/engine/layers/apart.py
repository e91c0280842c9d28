"""For layers whose top cannot be their bottom."""

from __future__ import annotations

from ...errors import InputError


def require_own_tops(layer, bottom, top) -> None:
    """Raises InputError if `layer` runs in place, where its result would be lost or, in Caffe, is wrong."""
    for blob, name in zip(top, layer.param.top):
        if any(blob is other for other in bottom):
            raise InputError(f"it runs in place (`{name}` is both a bottom and a top), which {layer.type} layers "
                             "cannot; give the top another name.")
