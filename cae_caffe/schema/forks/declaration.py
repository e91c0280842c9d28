"""How a module of this package says what a fork adds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..definitions import Message


class ForkLayer(NamedTuple):
    """A layer type of a fork: `fork` is the fork's name as its users call it, `module` the module of
    engine/layers/forks that registers the type, `judge` who else computes it (for docs/layers.md), and `fields` are
    the message fields in which net_spec looks for its keywords, beyond the one that its message's name tells.
    """

    fork: str
    module: str
    judge: str
    fields: tuple[str, ...] = ()


def together(messages: Iterable[Message]) -> list[Message]:
    """One Message of each name, with the parts of all; a part that several declare alike stands once.

    Raises ValueError if two declare a part differently.
    """
    merged: dict[str, dict[str, object]] = {}
    for message in messages:
        parts = merged.setdefault(message.name, {})
        for part in [*message.enums, *message.fields]:
            if parts.setdefault(part.name, part) != part:
                raise ValueError(f"{message.name}.{part.name} is declared twice, as {parts[part.name]} and {part}")
    return [Message(name, *parts.values()) for name, parts in merged.items()]     # type: ignore[arg-type]
