"""SSD's fork (weiliu89/caffe, its branch ssd): detection in one pass. ParseNet's, of the same author (its branch fcn),
has Normalize too, with `fix_scale`. NormFace's Normalize (happynear/caffe-windows), in `normalize_param`, is another.
"""

from __future__ import annotations

from ..definitions import Enum, Field, Message
from .declaration import ForkLayer

MESSAGES = [
    Message("PermuteParameter", Field("order", "uint32", repeated=True)),
    Message("NormalizeParameter",
            Field("across_spatial", "bool", default=True),
            Field("scale_filler", "FillerParameter"),
            Field("channel_shared", "bool", default=True),
            Field("eps", "float", default=1e-10),
            Field("fix_scale", "bool")),        # absent: true in ParseNet, which had it; SSD's scale is always learned
    Message("NormFaceNormalizeParameter",
            Field("normalize_type", "string", default="L2"),
            Field("fix_gradient", "bool", default=False),
            Field("bp_norm", "bool", default=False)),
    Message("PriorBoxParameter",
            Enum("CodeType", {"CORNER": 1, "CENTER_SIZE": 2, "CORNER_SIZE": 3}),
            Field("min_size", "float", repeated=True),
            Field("max_size", "float", repeated=True),
            Field("aspect_ratio", "float", repeated=True),
            Field("flip", "bool", default=True),
            Field("clip", "bool", default=False),
            Field("variance", "float", repeated=True),
            Field("img_size", "uint32"), Field("img_h", "uint32"), Field("img_w", "uint32"),
            Field("step", "float"), Field("step_h", "float"), Field("step_w", "float"),
            Field("offset", "float", default=0.5)),
    Message("LayerParameter",
            Field("permute_param", "PermuteParameter"),
            Field("norm_param", "NormalizeParameter"),
            Field("normalize_param", "NormFaceNormalizeParameter"),
            Field("prior_box_param", "PriorBoxParameter")),
]

LAYERS: dict[str, ForkLayer] = {
    "Permute": ForkLayer("SSD", "permute", "NumPy"),
    "Normalize": ForkLayer("SSD, NormFace", "normalize", "NumPy, OpenCV 4", ("norm_param", "normalize_param")),
    "PriorBox": ForkLayer("SSD", "prior_box", "NumPy, OpenCV 4"),
}

V1_TYPES: dict[str, str] = {}
