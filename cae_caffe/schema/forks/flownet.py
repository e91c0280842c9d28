"""FlowNet 2.0's fork (lmb-freiburg/flownet2): optical flow and disparity.

Its data layers are not here, and its DataAugmentation draws nothing.
"""

from __future__ import annotations

from ..definitions import Enum, Field, Message
from .declaration import ForkLayer

# What DataAugmentation draws for each image.
DRAWN = (
    "mirror", "translate", "translate_x", "translate_y", "rotate", "zoom", "squeeze",
    "gamma", "brightness", "contrast", "color", "fog_amount", "fog_size", "motion_blur_angle", "motion_blur_size",
    "shadow_angle", "shadow_distance", "shadow_strength", "noise", "lmult_pow", "lmult_mult", "lmult_add", "sat_pow",
    "sat_mult", "sat_add", "col_pow", "col_mult", "col_add", "ladd_pow", "ladd_mult", "ladd_add", "col_rotate")

MESSAGES = [
    Message("RandomGeneratorParameter",
            Field("rand_type", "string", default="uniform"), Field("exp", "bool", default=False),
            Field("mean", "float", default=0.0), Field("spread", "float", default=0.0),
            Field("prob", "float", default=1.0), Field("apply_schedule", "bool", default=True),
            Field("discretize", "bool", default=False), Field("multiplier", "float", default=1.0)),
    Message("AugmentationParameter",
            Field("crop_width", "uint32", default=0), Field("crop_height", "uint32", default=0),
            Field("augment_during_test", "bool", default=False), Field("recompute_mean", "uint32", default=0),
            Field("mean_per_pixel", "bool", default=True), Field("mean", "float", repeated=True),
            Field("max_multiplier", "float", default=255.0), Field("chromatic_eigvec", "float", repeated=True),
            Field("write_augmented", "string"), Field("write_mean", "string"),
            *(Field(name, "RandomGeneratorParameter") for name in DRAWN)),
    Message("CoeffScheduleParameter",
            Field("half_life", "float", default=1.0), Field("initial_coeff", "float", default=1.0),
            Field("final_coeff", "float", default=1.0)),
    Message("ResampleParameter",
            Enum("ResampleType", {"NEAREST": 1, "LINEAR": 2, "CUBIC": 3, "AREA": 4}),
            Field("antialias", "bool", default=True), Field("width", "uint32"), Field("height", "uint32"),
            Field("type", "ResampleType", default="LINEAR"), Field("factor", "float", default=1.0)),
    Message("CorrelationParameter",
            Enum("CorrelationType", ("MULTIPLY", "SUBTRACT")),
            Field("pad", "uint32", default=0), Field("kernel_size", "uint32"), Field("max_displacement", "uint32"),
            Field("stride_1", "uint32", default=1), Field("stride_2", "uint32", default=1),
            Field("single_direction", "int32", default=0), Field("do_abs", "bool", default=False),
            Field("correlation_type", "CorrelationType", default="MULTIPLY")),
    Message("FlowWarpParameter",
            Enum("FillParameter", {"ZERO": 1, "NOT_A_NUMBER": 2}),
            Field("fill_value", "FillParameter", default="ZERO")),
    Message("L1LossParameter",
            Field("l2_per_location", "bool", default=False), Field("l2_prescale_by_channels", "bool", default=False),
            Field("normalize_by_num_entries", "bool", default=False), Field("epsilon", "float", default=0.01),
            Field("plateau", "float", default=0.0)),
    Message("DownsampleParameter",
            Field("top_height", "uint32", default=0), Field("top_width", "uint32", default=0)),
    Message("MeanParameter",
            Enum("MeanOperation", {"ADD": 1, "SUBTRACT": 4}),
            Field("operation", "MeanOperation"), Field("file", "string"), Field("value", "float", repeated=True),
            Field("mean_scale", "float", default=1.0), Field("input_scale", "float", default=1.0),
            Field("output_scale", "float", default=1.0)),
    Message("AccumParameter",
            Field("top_height", "uint32", default=0), Field("top_width", "uint32", default=0),
            Field("size_divisible_by", "uint32", default=0), Field("have_reference", "bool", default=False)),
    Message("LpqLossParameter",
            Field("l2_prescale_by_channels", "bool", default=False),
            Field("normalize_by_num_entries", "bool", default=False),
            Field("p_epsilon", "float", default=0.0), Field("q_epsilon", "float", default=0.01),
            Field("pq_episode_starts_at_iter", "uint32", repeated=True),
            Field("p", "float", repeated=True), Field("q", "float", repeated=True)),
    Message("FillerParameter", Field("diag_val", "float", repeated=True)),
    Message("LayerParameter",
            Field("augmentation_param", "AugmentationParameter"),
            Field("coeff_schedule_param", "CoeffScheduleParameter"),
            Field("mean_param", "MeanParameter"), Field("accum_param", "AccumParameter"),
            Field("lpq_loss_param", "LpqLossParameter"),
            Field("reshape_every_iter", "bool", default=True),      # of speed alone: shapes follow the bottoms anyway
            Field("resample_param", "ResampleParameter"), Field("correlation_param", "CorrelationParameter"),
            Field("flow_warp_param", "FlowWarpParameter"), Field("l1_loss_param", "L1LossParameter"),
            Field("downsample_param", "DownsampleParameter")),
]

LAYERS: dict[str, ForkLayer] = {
    "Accum": ForkLayer("FlowNet2", "accum", "PyTorch"),
    "ChannelNorm": ForkLayer("FlowNet2", "channel_norm", "NumPy"),
    "Correlation": ForkLayer("FlowNet2", "correlation", "NumPy"),
    "Correlation1D": ForkLayer("FlowNet2", "correlation", "NumPy", fields=("correlation_param",)),
    "DataAugmentation": ForkLayer("FlowNet2", "data_augmentation", "NumPy", fields=("augmentation_param",
                                  "coeff_schedule_param")),
    "Downsample": ForkLayer("FlowNet2", "downsample", "NumPy"),
    "FlowWarp": ForkLayer("FlowNet2", "flow_warp", "NumPy"),
    "L1Loss": ForkLayer("FlowNet2, NVCaffe", "l1_loss", "NumPy"),
    "LpqLoss": ForkLayer("FlowNet2", "lpq_loss", "NumPy"),
    "Mean": ForkLayer("FlowNet2", "mean", "NumPy"),
    "NegReLU": ForkLayer("FlowNet2", "neg_relu", "NumPy", fields=("relu_param",)),
    "Resample": ForkLayer("FlowNet2", "resample", "NumPy, PyTorch"),
}

V1_TYPES: dict[str, str] = {}
