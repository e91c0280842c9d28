"""What all layers of forks ask of their options."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ....schema import messages


def not_finite(message, path: str = "") -> Iterator[str]:
    """Clauses for the options in a LayerParameter's messages that are NaN or infinite: no fork's layer means them."""
    for field, content in message.ListFields():
        for value in content if messages.is_repeated(field) else [content]:
            if field.message_type and (path or field.name.endswith("_param")):
                yield from not_finite(value, f"{path}{field.name}.")
            elif path and isinstance(value, float) and not math.isfinite(value):
                yield f"its `{path}{field.name}` is {value:g}; it must be a finite number"
