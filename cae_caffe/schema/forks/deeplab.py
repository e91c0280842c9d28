"""DeepLab's Caffe (xmyqsh/deeplab-v2), which PSPNet's and ICNet's (hszhao/PSPNet) have too."""

from __future__ import annotations

from ..definitions import Enum, Field, Message
from .declaration import ForkLayer

MESSAGES = [
    Message("InterpParameter",
            Field("height", "int32", default=0), Field("width", "int32", default=0),
            Field("zoom_factor", "int32", default=1), Field("shrink_factor", "int32", default=1),
            Field("pad_beg", "int32", default=0), Field("pad_end", "int32", default=0),
            Field("use_blob_size", "bool", default=False)),     # of soeaver/caffe-model's nets
    Message("SegAccuracyParameter",
            Enum("AccuracyMetric", ("PixelAccuracy", "ClassAccuracy", "PixelIOU")),
            Field("metric", "AccuracyMetric", default="PixelAccuracy"),
            Field("ignore_label", "int32", repeated=True), Field("reset", "bool", default=True)),
    Message("UniqueLabelParameter",
            Field("max_labels", "int32"), Field("ignore_label", "int32", repeated=True),
            Field("force_label", "float", repeated=True)),
    Message("MatWriteParameter",
            Field("prefix", "string"), Field("source", "string"), Field("strip", "int32", default=0),
            Field("period", "int32", default=1)),
    Message("MatReadParameter",
            Field("prefix", "string"), Field("source", "string"), Field("strip", "int32", default=0),
            Field("batch_size", "int32", default=1)),
    Message("LayerParameter",
            Field("interp_param", "InterpParameter"),
            Field("seg_accuracy_param", "SegAccuracyParameter"), Field("unique_label_param", "UniqueLabelParameter"),
            Field("mat_write_param", "MatWriteParameter"), Field("mat_read_param", "MatReadParameter")),
]

LAYERS: dict[str, ForkLayer] = {
    "Interp": ForkLayer("DeepLab", "interp", "OpenCV 4, NumPy"),
    "MatRead": ForkLayer("DeepLab, PSPNet", "mat_files", "SciPy"),
    "MatWrite": ForkLayer("DeepLab, PSPNet", "mat_files", "SciPy"),
    "SegAccuracy": ForkLayer("DeepLab, PSPNet", "seg_accuracy", "NumPy"),
    "SpatialProduct": ForkLayer("DeepLab, PSPNet", "spatial_product", "NumPy"),
    "UniqueLabel": ForkLayer("DeepLab, PSPNet", "unique_label", "NumPy"),
}

V1_TYPES: dict[str, str] = {}
