"""SSD's data (weiliu89/caffe, its branch ssd): AnnotatedData, what its databases hold, and what it adds to
transform_param. MobileNet-YOLO's Caffe (eric612) has several `resize_param`s, of which one is drawn now and then, and
labels in YOLO's form.

The messages of a database's records have SSD's numbers: no other Caffe has messages of these names and means
otherwise, and plain Caffe has none.
"""

from __future__ import annotations

from ..definitions import Enum, Field, Message
from .declaration import ForkLayer

RECORD = [
    Message("NormalizedBBox",
            Field("xmin", "float", 1), Field("ymin", "float", 2), Field("xmax", "float", 3), Field("ymax", "float", 4),
            Field("difficult", "bool", 6)),
    Message("Annotation", Field("instance_id", "int32", 1, default=0), Field("bbox", "NormalizedBBox", 2)),
    Message("AnnotationGroup",
            Field("group_label", "int32", 1), Field("annotation", "Annotation", 2, repeated=True)),
    Message("AnnotatedDatum",
            Enum("AnnotationType", ("BBOX",)),
            Field("datum", "Datum", 1), Field("type", "AnnotationType", 2),
            Field("annotation_group", "AnnotationGroup", 3, repeated=True)),
]

MESSAGES = [
    *RECORD,
    Message("Sampler",
            Field("min_scale", "float", default=1.0), Field("max_scale", "float", default=1.0),
            Field("min_aspect_ratio", "float", default=1.0), Field("max_aspect_ratio", "float", default=1.0)),
    Message("SampleConstraint",
            Field("min_jaccard_overlap", "float"), Field("max_jaccard_overlap", "float"),
            Field("min_sample_coverage", "float"), Field("max_sample_coverage", "float"),
            Field("min_object_coverage", "float"), Field("max_object_coverage", "float")),
    Message("BatchSampler",
            Field("use_original_image", "bool", default=True), Field("sampler", "Sampler"),
            Field("sample_constraint", "SampleConstraint"),
            Field("max_sample", "uint32"), Field("max_trials", "uint32", default=100)),
    Message("AnnotatedDataParameter",
            Field("batch_sampler", "BatchSampler", repeated=True), Field("label_map_file", "string"),
            Field("anno_type", "AnnotatedDatum.AnnotationType"),
            # MobileNet-YOLO's; of `yolo_data_jitter`, and of `train_diffcult` in its versions, the defaults differ.
            Field("yolo_data_type", "int32", default=0), Field("yolo_data_jitter", "float"),
            Field("train_diffcult", "bool")),
    Message("SaltPepperParameter", Field("fraction", "float", default=0.0), Field("value", "float", repeated=True)),
    Message("NoiseParameter",
            Field("prob", "float", default=0.0),
            *(Field(name, "bool", default=False) for name in (
                "hist_eq", "inverse", "decolorize", "gauss_blur", "posterize", "erode", "saltpepper", "clahe",
                "convert_to_hsv", "convert_to_lab")),
            Field("jpeg", "float", default=-1.0), Field("saltpepper_param", "SaltPepperParameter")),
    Message("DistortionParameter",
            *(Field(name, "float", default=0.0) for name in (
                "brightness_prob", "brightness_delta", "contrast_prob", "contrast_lower", "contrast_upper", "hue_prob",
                "hue_delta", "saturation_prob", "saturation_lower", "saturation_upper", "random_order_prob"))),
    Message("ExpansionParameter",
            Field("prob", "float", default=1.0), Field("max_expand_ratio", "float", default=1.0)),
    Message("EmitConstraint",
            Enum("EmitType", ("CENTER", "MIN_OVERLAP")),
            Field("emit_type", "EmitType", default="CENTER"), Field("emit_overlap", "float")),
    Message("TransformationParameter",
            Field("crop_h", "uint32", default=0), Field("crop_w", "uint32", default=0),
            Field("resize_param", "ResizeParameter", repeated=True), Field("noise_param", "NoiseParameter"),
            Field("distort_param", "DistortionParameter"), Field("expand_param", "ExpansionParameter"),
            Field("emit_constraint", "EmitConstraint")),
    Message("LayerParameter", Field("annotated_data_param", "AnnotatedDataParameter")),
]

LAYERS: dict[str, ForkLayer] = {
    "AnnotatedData": ForkLayer("SSD", "annotated_data", "OpenCV", ("data_param",)),
}

V1_TYPES: dict[str, str] = {}
