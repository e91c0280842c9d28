"""A net as py-faster-rcnn's, small, without its data layer; the blobs before it are data, im_info and gt_boxes.

Its images are as they are, 0 to 255 less a mean, and its anchors of two scales.
"""

from __future__ import annotations

ANCHORS = r"'feat_stride': 16 \n'scales': !!python/tuple [2, 4]"


def _layer(kind: str, name: str, bottoms: str, tops: str, options: str = "") -> str:
    ends = [f'bottom: "{bottom}"' for bottom in bottoms.split()] + [f'top: "{top}"' for top in tops.split()]
    return f'layer {{ name: "{name}" type: "{kind}" {" ".join(ends)} {options} }}\n'


def _convolution(name: str, bottom: str, outputs: int, options: str, std: float | None = None) -> str:
    filler = 'type: "xavier"' if std is None else f'type: "gaussian" std: {std}'
    return _layer("Convolution", name, bottom, name,
                  f"convolution_param {{ num_output: {outputs} {options} weight_filler {{ {filler} }} }}")


def _python(module: str, layer: str, bottoms: str, tops: str, options: str) -> str:
    return _layer("Python", module, bottoms, tops, f'python_param {{ module: "rpn.{module}" layer: "{layer}" '
                                                   f'param_str: "{options}" }}')


def _product(name: str, bottom: str, outputs: int, filler: str) -> str:
    return _layer("InnerProduct", name, bottom, name,
                  f"inner_product_param {{ num_output: {outputs} weight_filler {{ {filler} }} }}")


def _in_place(kind: str, blob: str, options: str = "") -> str:
    return _layer(kind, f"{kind}_{blob}", blob, blob, options)


AFTER_DATA = "".join([
    _convolution("conv1", "data", 8, "kernel_size: 5 stride: 4 pad: 2"), _in_place("ReLU", "conv1"),
    _convolution("conv2", "conv1", 16, "kernel_size: 5 stride: 4 pad: 2"), _in_place("ReLU", "conv2"),
    _convolution("rpn", "conv2", 16, "kernel_size: 3 pad: 1", 0.05), _in_place("ReLU", "rpn"),
    _convolution("rpn_cls_score", "rpn", 12, "kernel_size: 1", 0.01),
    _convolution("rpn_bbox_pred", "rpn", 24, "kernel_size: 1", 0.01),
    _layer("Reshape", "pairs", "rpn_cls_score", "pairs", "reshape_param { shape { dim: 0 dim: 2 dim: -1 dim: 0 } }"),
    _python("anchor_target_layer", "AnchorTargetLayer", "rpn_cls_score gt_boxes im_info data",
            "rpn_labels rpn_bbox_targets rpn_bbox_inside_weights rpn_bbox_outside_weights", ANCHORS),
    _layer("SoftmaxWithLoss", "rpn_loss_cls", "pairs rpn_labels", "rpn_cls_loss",
           "propagate_down: 1 propagate_down: 0 loss_weight: 1 loss_param { ignore_label: -1 normalize: true }"),
    _layer("SmoothL1Loss", "rpn_loss_bbox",
           "rpn_bbox_pred rpn_bbox_targets rpn_bbox_inside_weights rpn_bbox_outside_weights", "rpn_loss_bbox",
           "loss_weight: 1 smooth_l1_loss_param { sigma: 3.0 }"),
    _layer("Softmax", "rpn_cls_prob", "pairs", "rpn_cls_prob"),
    _layer("Reshape", "probabilities", "rpn_cls_prob", "probabilities",
           "reshape_param { shape { dim: 0 dim: 12 dim: -1 dim: 0 } }"),
    _python("proposal_layer", "ProposalLayer", "probabilities rpn_bbox_pred im_info", "rpn_rois", ANCHORS),
    _python("proposal_target_layer", "ProposalTargetLayer", "rpn_rois gt_boxes",
            "rois labels bbox_targets bbox_inside_weights bbox_outside_weights", "'num_classes': 3"),
    _layer("ROIPooling", "pool5", "conv2 rois", "pool5",
           "roi_pooling_param { pooled_w: 3 pooled_h: 3 spatial_scale: 0.0625 }"),
    _product("fc6", "pool5", 32, 'type: "xavier"'), _in_place("ReLU", "fc6"),
    _in_place("Dropout", "fc6", "dropout_param { dropout_ratio: 0.5 }"),
    _product("cls_score", "fc6", 3, 'type: "gaussian" std: 0.01'),
    _product("bbox_pred", "fc6", 12, 'type: "gaussian" std: 0.001'),
    _layer("SoftmaxWithLoss", "loss_cls", "cls_score labels", "loss_cls",
           "propagate_down: 1 propagate_down: 0 loss_weight: 1"),
    _layer("SmoothL1Loss", "loss_bbox", "bbox_pred bbox_targets bbox_inside_weights bbox_outside_weights", "loss_bbox",
           "loss_weight: 1"),
])
