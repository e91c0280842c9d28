"""YOLO as eric612/MobileNet-YOLO has it: YOLOv2's RegionLoss and Reorg, YOLOv3, and what finds boxes in their maps."""

from __future__ import annotations

from ..definitions import Enum, Field, Message
from .declaration import ForkLayer

MESSAGES = [
    Message("ReorgParameter", Field("stride", "uint32"), Field("reverse", "bool", default=False)),
    Message("RegionLossParameter",
            Field("side", "uint32", default=13), Field("num_class", "uint32", default=20),
            Field("bias_match", "uint32", default=1), Field("coords", "uint32", default=4),
            Field("num", "uint32", default=5), Field("softmax", "uint32", default=1),
            Field("jitter", "float", default=0.2), Field("rescore", "uint32", default=1),
            Field("object_scale", "float", default=1.0), Field("class_scale", "float", default=1.0),
            Field("noobject_scale", "float", default=0.5), Field("coord_scale", "float", default=5.0),
            Field("absolute", "uint32", default=1), Field("thresh", "float", default=0.2),
            Field("random", "uint32", default=1), Field("biases", "float", repeated=True),
            Field("softmax_tree", "string"), Field("class_map", "string")),
    Message("Yolov3Parameter",
            Enum("IOU_LOSS", ("IOU", "GIOU", "MSE", "DIOU", "CIOU")),
            Field("side", "uint32", default=13), Field("num_class", "uint32", default=20),
            Field("num", "uint32", default=5),
            Field("object_scale", "float", default=1.0), Field("class_scale", "float", default=1.0),
            Field("noobject_scale", "float", default=0.5), Field("coord_scale", "float", default=5.0),
            Field("thresh", "float", default=0.2), Field("anchors_scale", "uint32", default=32),
            Field("biases", "float", repeated=True), Field("mask", "uint32", repeated=True),
            Field("use_logic_gradient", "bool", default=False), Field("use_focal_loss", "bool", default=False),
            Field("iou_loss", "IOU_LOSS", default="MSE"), Field("iou_normalizer", "float", default=0.25),
            Field("iou_thresh", "float", default=0.5), Field("max_delta", "float", default=10.0),
            Field("accumulate", "bool", default=True), Field("label_smooth_eps", "float", default=0.1)),
    Message("YoloDetectionOutputParameter",
            Field("side", "uint32", default=13), Field("num_classes", "uint32", default=20),
            Field("num_box", "uint32", default=5), Field("coords", "uint32", default=4),
            Field("confidence_threshold", "float", default=0.01), Field("nms_threshold", "float", default=0.45),
            Field("biases", "float", repeated=True), Field("label_map_file", "string")),
    Message("Yolov3DetectionOutputParameter",
            Field("num_classes", "uint32", default=20), Field("num_box", "uint32", default=3),
            Field("confidence_threshold", "float", default=0.01), Field("nms_threshold", "float", default=0.45),
            Field("biases", "float", repeated=True), Field("anchors_scale", "uint32", repeated=True),
            Field("mask_group_num", "uint32", default=2), Field("mask", "uint32", repeated=True),
            Field("gaussian_box", "bool", default=False)),
    # Of these two, what is meant where they are not given differs.
    Message("AnnotatedDataParameter",
            Field("yolo_data_type", "int32", default=0), Field("yolo_data_jitter", "float"),
            Field("train_diffcult", "bool")),
    Message("LayerParameter",
            Field("reorg_param", "ReorgParameter"),
            Field("region_loss_param", "RegionLossParameter"),
            Field("yolov3_param", "Yolov3Parameter"),
            Field("yolo_detection_output_param", "YoloDetectionOutputParameter"),
            Field("yolov3_detection_output_param", "Yolov3DetectionOutputParameter")),
]

LAYERS = {
    "Reorg": ForkLayer("MobileNet-YOLO", "reorg", "OpenCV 4, NumPy"),
    "RegionLoss": ForkLayer("MobileNet-YOLO", "region_loss", "NumPy"),
    "Yolov3": ForkLayer("MobileNet-YOLO", "yolov3", "NumPy"),
    "YoloDetectionOutput": ForkLayer("MobileNet-YOLO", "yolo_detection_output", "OpenCV 4"),
    "Yolov3DetectionOutput": ForkLayer("MobileNet-YOLO", "yolo_detection_output", "OpenCV 4"),
}

V1_TYPES: dict[str, str] = {}
