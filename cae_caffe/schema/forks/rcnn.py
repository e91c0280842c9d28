"""Fast and Faster R-CNN's fork (rbgirshick/caffe-fast-rcnn), R-FCN's (daijifeng001/caffe-rfcn and Microsoft/caffe) and
PVANET's (sanghoon/caffe): detection by regions.
"""

from __future__ import annotations

from ..definitions import Field, Message
from .declaration import ForkLayer

MESSAGES = [
    Message("ROIPoolingParameter",
            Field("pooled_h", "uint32", default=0), Field("pooled_w", "uint32", default=0),
            Field("spatial_scale", "float", default=1.0)),
    Message("SmoothL1LossParameter", Field("sigma", "float", default=1.0)),
    Message("PSROIPoolingParameter",
            Field("spatial_scale", "float"), Field("output_dim", "int32"), Field("group_size", "int32")),
    Message("BoxAnnotatorOHEMParameter",
            Field("roi_per_img", "uint32"), Field("ignore_label", "int32", default=-1)),
    Message("ProposalParameter",
            Field("feat_stride", "uint32", default=16), Field("base_size", "uint32", default=16),
            Field("min_size", "uint32", default=16),
            Field("ratio", "float", repeated=True), Field("scale", "float", repeated=True),
            Field("pre_nms_topn", "uint32", default=6000), Field("post_nms_topn", "uint32", default=300),
            Field("nms_thresh", "float", default=0.7)),
    Message("LayerParameter",
            Field("proposal_param", "ProposalParameter"),
            Field("roi_pooling_param", "ROIPoolingParameter"),
            Field("smooth_l1_loss_param", "SmoothL1LossParameter"),
            Field("psroi_pooling_param", "PSROIPoolingParameter"),
            Field("box_annotator_ohem_param", "BoxAnnotatorOHEMParameter")),
]

LAYERS: dict[str, ForkLayer] = {
    "ROIPooling": ForkLayer("Fast R-CNN", "roi_pooling", "NumPy, OpenCV 4"),
    "PSROIPooling": ForkLayer("R-FCN", "psroi_pooling", "NumPy, OpenCV 4"),
    "SmoothL1Loss": ForkLayer("Fast R-CNN", "smooth_l1_loss", "NumPy", ("loss_param",)),
    "SmoothL1LossOHEM": ForkLayer("R-FCN", "smooth_l1_loss", "NumPy", ("loss_param",)),
    "SoftmaxWithLossOHEM": ForkLayer("R-FCN", "softmax_with_loss_ohem", "NumPy, Caffe 1.0's SoftmaxWithLoss",
                                     ("loss_param", "softmax_param")),
    "BoxAnnotatorOHEM": ForkLayer("R-FCN", "box_annotator_ohem", "NumPy"),
    "Proposal": ForkLayer("PVANET", "proposal", "NumPy, OpenCV 4"),
}

V1_TYPES: dict[str, str] = {}
