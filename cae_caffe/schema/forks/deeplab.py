"""DeepLab's fork (xmyqsh/deeplab-v2), whose Interp PSPNet's and ICNet's (hszhao/PSPNet) have too."""

from __future__ import annotations

from ..definitions import Field, Message
from .declaration import ForkLayer

MESSAGES = [
    Message("InterpParameter",
            Field("height", "int32", default=0), Field("width", "int32", default=0),
            Field("zoom_factor", "int32", default=1), Field("shrink_factor", "int32", default=1),
            Field("pad_beg", "int32", default=0), Field("pad_end", "int32", default=0)),
    Message("LayerParameter", Field("interp_param", "InterpParameter")),
]

LAYERS = {
    "Interp": ForkLayer("DeepLab", "interp", "OpenCV 4, NumPy"),
}

V1_TYPES: dict[str, str] = {}
