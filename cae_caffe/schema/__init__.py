"""Caffe 1.0's messages: every one by its Caffe name, read and written as text and binary, upgraded as Caffe does it.

`NetParameter`, `SolverParameter`, `BlobProto`, ... and `TRAIN`, `TEST` are attributes of this package. They are made
when the first of them is asked for; before, `extend` adds messages and fields of other Caffes.
"""

from __future__ import annotations

from typing import Any

from . import messages, net_state
from .definitions import Enum, Field, Message
from .messages import as_module, extend, extension_numbers
from .nets import layer_lines, parse_net, parse_solver, read_net, read_net_with_lines, read_solver, read_weights
from .rewriting import rewrite
from .storage import parse_text, read_binary, read_text, to_binary, write_binary, write_text
from .stored_blobs import read_blobs
from .text import format_text
from .upgrade import fill_snapshot_prefix, upgrade_net, upgrade_solver
from .view import View, copied, view

__all__ = [
    "Enum", "Field", "Message", "View", "as_module", "copied", "extend", "extension_numbers", "fill_snapshot_prefix",
    "format_text", "layer_lines", "net_state", "parse_net", "parse_solver", "parse_text", "read_binary", "read_blobs",
    "read_net", "read_net_with_lines", "read_solver", "read_text", "read_weights", "rewrite", "to_binary",
    "upgrade_net", "upgrade_solver", "view", "write_binary", "write_text",
]


def __getattr__(name: str) -> Any:
    return getattr(messages, name)


def __dir__() -> list[str]:
    return [*globals(), *messages.namespace()]
