"""SSD's fork (weiliu89/caffe, its branch ssd): detection in one pass."""

from __future__ import annotations

from ..definitions import Field, Message
from .declaration import ForkLayer

MESSAGES = [
    Message("PermuteParameter", Field("order", "uint32", repeated=True)),
    Message("LayerParameter", Field("permute_param", "PermuteParameter")),
]

LAYERS: dict[str, ForkLayer] = {
    "Permute": ForkLayer("SSD", "permute", "NumPy"),
}

V1_TYPES: dict[str, str] = {}
