"""YOLO as eric612/MobileNet-YOLO has it: YOLOv2's RegionLoss and Reorg, YOLOv3, and what finds boxes in their maps."""

from __future__ import annotations

from ..definitions import Field, Message
from .declaration import ForkLayer

MESSAGES = [
    Message("ReorgParameter", Field("stride", "uint32"), Field("reverse", "bool", default=False)),
    Message("LayerParameter",
            Field("reorg_param", "ReorgParameter")),
]

LAYERS = {
    "Reorg": ForkLayer("MobileNet-YOLO", "reorg", "OpenCV 4, NumPy"),
}

V1_TYPES: dict[str, str] = {}
