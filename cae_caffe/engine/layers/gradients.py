"""For layers that have no gradient for some bottom."""

from __future__ import annotations

from ...errors import InputError


def refuse_gradient(layer, propagate_down: list[bool], *bottoms: int) -> None:
    """Raises InputError if the net asks `layer` for the gradient of one of the `bottoms`, given by number."""
    for i in bottoms:
        if propagate_down[i]:
            raise InputError(f"Layer `{layer.name}` (type {layer.type}) has no gradient for its bottom "
                             f"`{layer.param.bottom[i]}`; give `propagate_down: false` for it, or leave out "
                             "`force_backward`.")
