"""Prototxt from dicts, in the dicts' own order.

The files are written without protobuf, whose printer orders fields by their numbers (a solver's `net` would come near
the end) and has changed its layout and its floats from version to version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Fields = Mapping[str, Any]       # a message: scalars, Fields, or lists of either for repeated fields

WIDTH = 80          # a nested message stands on one line if it fits into this
INDENT = "  "
ALWAYS_LONG = {"layer", "layers"}       # as in every net there is


class Word(str):
    """A value that stands without quotes: the name of an enum's entry."""


def format_fields(message: Fields) -> str:
    """The message in Caffe's text format, one top-level field a line or block, ending in a newline."""
    return "".join(f"{line}\n" for line in _lines(message, depth=0))


def _lines(message: Fields, depth: int) -> list[str]:
    indent, lines = INDENT * depth, []
    for name, values in message.items():
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, (str, int, float)) or not isinstance(value, Mapping):      # quick for most
                lines.append(f"{indent}{name}: {_scalar(value)}")
            else:
                lines += _block(name, value, depth)
    return lines


def _block(name: str, message: Fields, depth: int) -> list[str]:
    inner = _lines(message, depth + 1)
    short = f"{INDENT * depth}{name} {{ {' '.join(line.strip() for line in inner)} }}"
    if len(short) <= WIDTH and name not in ALWAYS_LONG:
        return [short]
    return [f"{INDENT * depth}{name} {{", *inner, f"{INDENT * depth}}}"]


def _scalar(value) -> str:
    if isinstance(value, Word):
        return value
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value)
