"""Caffes with which faces are learned: that of CenterLoss (ydwen/caffe-face), and that of NormFace
(happynear/caffe-windows), of which the losses and what stands before them are here.
"""

from __future__ import annotations

from ..definitions import Enum, Field, Message
from .declaration import ForkLayer

MESSAGES = [
    Message("CenterLossParameter",
            Field("num_output", "uint32"), Field("center_filler", "FillerParameter"),
            Field("axis", "int32", default=1), Field("distance_type", "string", default="L2")),
    Message("InnerDistanceParameter",
            Field("num_output", "uint32"), Field("weight_filler", "FillerParameter"),
            Field("bias_term", "bool", default=True), Field("bias_filler", "FillerParameter"),
            Field("axis", "int32", default=1), Field("transpose", "bool", default=False),
            Field("distance_type", "string", default="L2"), Field("normalize", "bool", default=False),
            Field("update_center_only", "bool", default=False)),
    Message("GeneralContrastiveParameter",
            Field("positive_margin", "float", default=0.0), Field("negative_margin", "float", default=1.0),
            Field("positive_weight", "float", default=1.0), Field("negative_weight", "float", default=1.0),
            Field("normalize_negative", "float", default=0.0), Field("square", "bool", default=False),
            Field("positive_outlier_thresh", "float", default=4.0),
            Field("max_negative_only", "bool", default=False), Field("max_positive_only", "bool", default=False),
            Field("positive_first", "bool", default=False), Field("positive_upper_bound", "float", default=1.0),
            Field("exp_negative_weight", "bool", default=False), Field("add_intra_mae", "bool", default=False),
            Field("max_negative_margin", "float", default=1.2)),
    Message("GeneralTripletParameter",
            Field("margin", "float", default=0.2), Field("add_center_loss", "bool", default=True),
            Field("hardest_only", "bool", default=False),
            Field("positive_weight", "float", default=1.0), Field("negative_weight", "float", default=1.0),
            Field("positive_first", "bool", default=False), Field("positive_upper_bound", "float", default=1.0)),
    Message("LabelSpecificMarginParameter",
            Enum("MarginType", ("HARD", "SOFT")),
            Field("margin_base", "float", default=0.0), Field("margin_max", "float", default=10.0),
            Field("gamma", "float", default=1.0), Field("power", "float", default=1.0),
            Field("iteration", "int32", default=0), Field("type", "MarginType", default="HARD"),
            Field("margin_on_test", "bool", default=False), Field("reset_margin", "bool", default=False),
            Field("auto_tune", "bool", default=False), Field("pass_bp", "bool", default=False)),
    Message("LabelSpecificRescaleParameter",
            Field("positive_weight", "float", default=1.0), Field("negative_weight", "float", default=1.0),
            Field("rescale_test", "bool", default=False), Field("for_ip", "bool", default=False),
            Field("positive_weight_base", "float", default=0.0), Field("gamma", "float", default=0.0),
            Field("power", "float", default=1.0), Field("iteration", "uint32", default=0),
            Field("positive_weight_min", "float", default=0.0), Field("positive_weight_max", "float", default=0.0),
            Field("bias_fix", "bool", default=False), Field("power_on_positive", "bool", default=False),
            Field("do_backward", "bool", default=True)),
    Message("InnerProductParameter", Field("normalize", "bool", default=False)),
    Message("ScaleParameter", Field("min_value", "float"), Field("max_value", "float")),
    Message("SoftmaxParameter", Field("normalize_type", "string", default="Softmax")),
    Message("ParameterParameter", Field("blob_filler", "FillerParameter")),
    Message("LayerParameter",
            Field("center_loss_param", "CenterLossParameter"), Field("inner_distance_param", "InnerDistanceParameter"),
            Field("general_contrastive_loss_param", "GeneralContrastiveParameter"),
            Field("general_triplet_loss_param", "GeneralTripletParameter"),
            Field("label_specific_margin_param", "LabelSpecificMarginParameter"),
            Field("label_specific_rescale_param", "LabelSpecificRescaleParameter")),
]

LAYERS: dict[str, ForkLayer] = {
    "CenterLoss": ForkLayer("caffe-face, NormFace", "center_loss", "NumPy"),
    "GeneralContrastiveLoss": ForkLayer("NormFace", "general_contrastive_loss", "NumPy",
                                        fields=("general_contrastive_loss_param",)),
    "GeneralTripletLoss": ForkLayer("NormFace", "general_triplet_loss", "NumPy",
                                    fields=("general_triplet_loss_param",)),
    "InnerDistance": ForkLayer("NormFace", "inner_distance", "NumPy"),
    "LabelSpecificMargin": ForkLayer("NormFace", "label_specific_margin", "NumPy"),
    "LabelSpecificRescale": ForkLayer("NormFace", "label_specific_rescale", "NumPy"),
}

V1_TYPES: dict[str, str] = {}
