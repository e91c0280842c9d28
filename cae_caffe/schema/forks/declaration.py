"""How a module of this package says what a fork adds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..definitions import Enum, Field, Message

# A field that Caffe 1.0 has once and a fork has several times keeps its first value. The others are in a field of our
# own that is named by this and the field's name; text has all of them under the one name (see text/).
FURTHER = "further_"


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
    """One Message of each name, with the parts of all; a field that several declare alike stands once, and an enum has
    the values of all.

    Raises ValueError if two declare a field differently.
    """
    merged: dict[str, dict[str, Field | Enum]] = {}
    for message in messages:
        parts = merged.setdefault(message.name, {})
        own: list[Field | Enum] = [*message.enums, *message.fields]
        for part in own:
            known = parts.setdefault(part.name, part)
            if isinstance(part, Enum) and isinstance(known, Enum):
                parts[part.name] = Enum(part.name, {**known.numbers(), **part.numbers()})
            elif known != part:
                raise ValueError(f"{message.name}.{part.name} is declared twice, as {parts[part.name]} and {part}")
    return [Message(name, *parts.values()) for name, parts in merged.items()]
