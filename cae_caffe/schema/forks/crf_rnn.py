"""CRF-RNN's Caffe (torrvision/caffe, its branches master and crfrnn)."""

from __future__ import annotations

from ..definitions import Enum, Field, Message
from .declaration import ForkLayer

MESSAGES = [
    Message("MultiStageMeanfieldParameter",
            Enum("Mode", ("POTTS",)),
            Field("compatibility_mode", "Mode", default="POTTS"), Field("threshold", "float"),
            Field("theta_alpha", "float", default=10.0), Field("theta_beta", "float", default=10.0),
            Field("theta_gamma", "float", default=10.0), Field("num_iterations", "uint32", default=1),
            Field("spatial_filter_weight", "float", default=1.0),
            Field("bilateral_filter_weight", "float", default=1.0),
            Field("spatial_filter_weights_str", "string"), Field("bilateral_filter_weights_str", "string"),
            Field("forced_spatial_filter_weight", "float"), Field("forced_bilateral_filter_weight", "float"),
            Field("force_cpu", "bool", default=False)),
    Message("LayerParameter", Field("multi_stage_meanfield_param", "MultiStageMeanfieldParameter")),
    Message("V1LayerParameter",
            Enum("LayerType", {"MULTI_STAGE_MEANFIELD": 1000}),
            Field("multi_stage_meanfield_param", "MultiStageMeanfieldParameter")),
]

LAYERS: dict[str, ForkLayer] = {
    "MultiStageMeanfield": ForkLayer("CRF-RNN", "multi_stage_meanfield", "NumPy"),
}

V1_TYPES = {"MULTI_STAGE_MEANFIELD": "MultiStageMeanfield"}
