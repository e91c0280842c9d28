"""Data layers whose labels are images: SegNet's and ENet's DenseImageData (alexgkendall/caffe-segnet,
TimoSaemann/caffe-enet), DeconvNet's and DeepLab's ImageSegData (HyeonwooNoh/caffe, xmyqsh/deeplab-v2, hszhao/PSPNet)
with DeconvNet's WindowSegData, and ImageLabelmapData of HED (s9xie/hed) and of DeepSkeleton (zeakey/DeepSkeleton).
"""

from __future__ import annotations

from ..definitions import Enum, Field, Message
from .declaration import ForkLayer

MESSAGES = [
    Message("DenseImageDataParameter",
            Field("source", "string"), Field("batch_size", "uint32"), Field("rand_skip", "uint32", default=0),
            Field("shuffle", "bool", default=False),
            Field("new_height", "uint32", default=0), Field("new_width", "uint32", default=0),
            Field("is_color", "bool", default=True), Field("root_folder", "string"), Field("mean_file", "string"),
            Field("mirror", "bool", default=False),
            Field("crop_width", "uint32", default=0), Field("crop_height", "uint32", default=0),
            Field("label_divide_factor", "uint32", default=1)),
    Message("ImageDataParameter",
            Enum("LabelType", ("NONE", "IMAGE", "PIXEL")),
            Field("label_type", "LabelType", default="IMAGE"), Field("ignore_label", "int32", default=255),
            Field("labelmap_scales", "bool", default=False)),       # of no fork: see dialects.py
    Message("TransformationParameter",
            Field("crop_height", "uint32", default=0), Field("crop_width", "uint32", default=0),
            Field("scale_factors", "float", repeated=True)),
    Message("LayerParameter", Field("dense_image_data_param", "DenseImageDataParameter")),
    Message("V1LayerParameter", Enum("LayerType", {"IMAGE_SEG_DATA": 46, "WINDOW_SEG_DATA": 47})),
]

LAYERS: dict[str, ForkLayer] = {
    "DenseImageData": ForkLayer("SegNet", "dense_image_data", "OpenCV"),
    "ImageLabelmapData": ForkLayer("HED", "image_labelmap_data", "OpenCV", ("image_data_param",)),
    "ImageSegData": ForkLayer("DeconvNet", "image_seg_data", "OpenCV", ("image_data_param",)),
    "WindowSegData": ForkLayer("DeconvNet", "image_seg_data", "OpenCV", ("image_data_param",)),
}

V1_TYPES = {"IMAGE_SEG_DATA": "ImageSegData", "WINDOW_SEG_DATA": "WindowSegData"}
