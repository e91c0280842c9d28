"""What may be meant by a bottom that no layer before writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import spelling


def remedy_for(blob: str, layers: Sequence[Any], number: int) -> str:
    """The remedy, half a sentence, for layer `number` of the LayerParameters `layers`, whose bottom `blob` is missing.

    Empty if nothing comes near to it.
    """
    later = next((layer for layer in layers[number + 1:] if blob in layer.top), None)
    if later is not None:
        return f"layer `{later.name}` writes it, but comes later: change their order"
    namesake = next((layer for at, layer in enumerate(layers) if layer.name == blob and at != number), None)
    if namesake is not None:
        tops = " and ".join(f"`{top}`" for top in namesake.top) or "nothing"
        return f"layer `{blob}` writes {tops}: correct its top, or this bottom"
    near = spelling.nearest(blob, [top for layer in layers[:number] for top in layer.top])
    return f"perhaps `{near}` is meant" if near else ""
