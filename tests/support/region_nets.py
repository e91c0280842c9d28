"""Small nets as Fast R-CNN, Faster R-CNN, R-FCN and PVANET build theirs, and an image with two objects."""

from __future__ import annotations

import numpy as np

from cae_caffe.net_spec import NetSpec
from cae_caffe.net_spec import layers as L

ROWS, COLUMNS, STRIDE, CLASSES = 64, 96, 16, 3
SCALES, RATIOS = (2, 3), (0.5, 1, 2)
ANCHORS = len(SCALES) * len(RATIOS)
OBJECTS = np.array([[4, 6, 37, 39, 1], [54, 18, 89, 55, 2]], np.float32)     # x1, y1, x2, y2, class
XAVIER = {"type": "xavier"}
INFO = [[ROWS, COLUMNS, 1]]


def image():
    """Noise, with a dark and a light square where the objects are; about zero, as when the mean is taken off."""
    pixels = np.random.RandomState(0).uniform(-0.2, 0.2, (1, 3, ROWS, COLUMNS)).astype(np.float32)
    for (x1, y1, x2, y2), value in zip(OBJECTS[:, :4].astype(int), (-1, 1)):
        pixels[0, :, y1:y2 + 1, x1:x2 + 1] += value
    return pixels


def gaussian(std):
    return {"type": "gaussian", "std": std}


def with_inputs(*names):
    """A net with these inputs."""
    shapes = {"data": (1, 3, ROWS, COLUMNS), "im_info": (1, 3), "gt_boxes": OBJECTS.shape, "rois": (8, 5),
              "labels": (8,), "bbox_targets": (8, 4 * CLASSES), "bbox_inside_weights": (8, 4 * CLASSES)}
    net = NetSpec()
    for name in names:
        net[name] = L.Input(shape={"dim": list(shapes[name])})
    return net


def convolved(bottom, outputs, kernel=3, **options):
    options = {"pad": kernel // 2, "weight_filler": XAVIER, **options}
    return L.ReLU(L.Convolution(bottom, num_output=outputs, kernel_size=kernel, **options), in_place=True)


def vgg(data):
    """Four stages of convolutions, each of half the size of the one before, and a last one: the stride is 16."""
    top = data
    for outputs in (8, 8, 16, 16):
        top = L.Pooling(convolved(convolved(top, outputs), outputs), pool="MAX", kernel_size=2, stride=2)
    return convolved(top, 24)


def python(module, layer, options, *bottoms, ntop):
    return L.Python(*bottoms, module=module, layer=layer, param_str=options, ntop=ntop)


def add_proposals(net, features, trains):
    """A region proposal network on the features; returns its regions."""
    anchors = f"'feat_stride': {STRIDE}\n'scales': !!python/tuple {list(SCALES)}"
    output = convolved(features, 24)
    net.rpn_cls_score = L.Convolution(output, num_output=2 * ANCHORS, kernel_size=1, weight_filler=gaussian(0.01))
    net.rpn_bbox_pred = L.Convolution(output, num_output=4 * ANCHORS, kernel_size=1, weight_filler=gaussian(0.01))
    net.scores_in_pairs = L.Reshape(net.rpn_cls_score, shape={"dim": [0, 2, -1, 0]})
    if trains:
        labels, targets, inside, outside = python(
            "rpn.anchor_target_layer", "AnchorTargetLayer", anchors, net.rpn_cls_score, net.gt_boxes, net.im_info,
            net.data, ntop=4)
        net.rpn_loss_cls = L.SoftmaxWithLoss(net.scores_in_pairs, labels, propagate_down=[True, False], loss_weight=1,
                                             loss_param={"ignore_label": -1, "normalize": True})
        net.rpn_loss_bbox = L.SmoothL1Loss(net.rpn_bbox_pred, targets, inside, outside, sigma=3, loss_weight=1)
    probabilities = L.Reshape(L.Softmax(net.scores_in_pairs), shape={"dim": [0, 2 * ANCHORS, -1, 0]})
    net.rpn_rois = python("rpn.proposal_layer", "ProposalLayer", anchors, probabilities, net.rpn_bbox_pred, net.im_info,
                          ntop=1)
    return net.rpn_rois


def sampled(net, regions, classes=CLASSES):
    return python("rpn.proposal_target_layer", "ProposalTargetLayer", f"'num_classes': {classes}", regions,
                  net.gt_boxes, ntop=5)


def detected(net, features, regions):
    """Fast R-CNN's head."""
    pooled = L.ROIPooling(features, regions, pooled_h=4, pooled_w=4, spatial_scale=1 / STRIDE)
    hidden = L.ReLU(L.InnerProduct(pooled, num_output=48, weight_filler=XAVIER), in_place=True)
    hidden = L.Dropout(hidden, dropout_ratio=0.1, in_place=True)
    net.cls_score = L.InnerProduct(hidden, num_output=CLASSES, weight_filler=gaussian(0.01))
    net.bbox_pred = L.InnerProduct(hidden, num_output=4 * CLASSES, weight_filler=gaussian(0.001))


def faster_rcnn(trains=True):
    """The end-to-end form: py-faster-rcnn's models/pascal_voc/VGG16/faster_rcnn_end2end."""
    net = with_inputs("data", "im_info", *["gt_boxes"] * trains)
    features = vgg(net.data)
    regions = add_proposals(net, features, trains)
    if trains:
        net.rois, labels, targets, inside, outside = sampled(net, regions)
        detected(net, features, net.rois)
        net.loss_cls = L.SoftmaxWithLoss(net.cls_score, labels, propagate_down=[True, False], loss_weight=1)
        net.loss_bbox = L.SmoothL1Loss(net.bbox_pred, targets, inside, outside, loss_weight=1)
    else:
        detected(net, features, regions)
        net.cls_prob = L.Softmax(net.cls_score)
    return net.to_proto()


def fast_rcnn():
    """Regions are given; the boxes' loss has one blob of weights, as on the fork's first branch."""
    net = with_inputs("data", "rois", "labels", "bbox_targets", "bbox_inside_weights")
    detected(net, vgg(net.data), net.rois)
    net.loss_cls = L.SoftmaxWithLoss(net.cls_score, net.labels, loss_weight=1)
    net.loss_bbox = L.SmoothL1Loss(net.bbox_pred, net.bbox_targets, net.bbox_inside_weights, loss_weight=1)
    return net.to_proto()


def pooled_by_position(net, name, features, regions, outputs, group=3):
    """Maps for each bin of a region, of which the bins vote."""
    maps = L.Convolution(features, num_output=outputs * group ** 2, kernel_size=1, weight_filler=gaussian(0.01))
    votes = L.PSROIPooling(maps, regions, spatial_scale=1 / STRIDE, output_dim=outputs, group_size=group)
    net[name] = L.Pooling(votes, pool="AVE", kernel_size=group, stride=group)
    return net[name]


def rfcn(kept=8):
    """R-FCN with online hard example mining: the regions of the largest loss alone count."""
    net = with_inputs("data", "im_info", "gt_boxes")
    features = vgg(net.data)
    net.rois, labels, targets, inside, outside = sampled(net, add_proposals(net, features, trains=True), classes=2)
    score = pooled_by_position(net, "cls_score", features, net.rois, CLASSES)
    boxes = pooled_by_position(net, "bbox_pred", features, net.rois, 4 * 2)
    *unused, loss_cls = L.SoftmaxWithLossOHEM(score, labels, ntop=3, loss_weight=[0] * 3, propagate_down=[False] * 2)
    whole, loss_bbox = L.SmoothL1LossOHEM(boxes, targets, inside, ntop=2, loss_weight=[0] * 2,
                                          propagate_down=[False] * 3)
    each = L.Eltwise(loss_cls, loss_bbox, propagate_down=[False, False])
    net.labels_ohem, net.weights_ohem = L.BoxAnnotatorOHEM(net.rois, each, labels, inside, ntop=2, roi_per_img=kept,
                                                           ignore_label=-1, propagate_down=[False] * 4)
    net.silence = L.Silence(outside, *unused, whole, ntop=0)
    net.loss_cls = L.SoftmaxWithLoss(score, net.labels_ohem, loss_param={"ignore_label": -1}, loss_weight=1,
                                     propagate_down=[True, False])
    net.loss_bbox = L.SmoothL1LossOHEM(boxes, targets, net.weights_ohem, loss_weight=1, normalization="PRE_FIXED",
                                       pre_fixed_normalizer=kept, propagate_down=[True, False, False])
    return net.to_proto()


def rfcn_detector():
    """R-FCN as it finds boxes."""
    net = with_inputs("data", "im_info")
    features = vgg(net.data)
    regions = add_proposals(net, features, trains=False)
    net.cls_prob = L.Softmax(pooled_by_position(net, "cls_score", features, regions, CLASSES))
    pooled_by_position(net, "bbox_pred", features, regions, 4 * 2)
    return net.to_proto()


def concatenated_relu(bottom, outputs, stride=1):
    """PVANET's C.ReLU: a convolution and its negative, scaled, and what of both is positive."""
    top = L.Convolution(bottom, num_output=outputs, kernel_size=3, pad=1, stride=stride, weight_filler=XAVIER)
    top = L.Scale(L.Concat(top, L.Power(top, power=1, scale=-1, shift=0)), bias_term=True)
    return L.ReLU(top, in_place=True)


def pvanet():
    """PVANET's test net, whose regions a layer in C++ proposes."""
    net = NetSpec()
    net.data = L.Input(shape={"dim": [1, 3, ROWS, COLUMNS]})
    net.im_info = L.Input(shape={"dim": [1, 6]})
    features = net.data
    for outputs in (4, 6, 8, 8):
        features = concatenated_relu(features, outputs, stride=2)
    output = convolved(features, 16)
    score = L.Convolution(output, num_output=2 * ANCHORS, kernel_size=1, weight_filler=gaussian(0.05))
    deltas = L.Convolution(output, num_output=4 * ANCHORS, kernel_size=1, weight_filler=gaussian(0.05))
    pairs = L.Softmax(L.Reshape(score, shape={"dim": [0, 2, -1, 0]}))
    net.rois, net.scores = L.Proposal(
        L.Reshape(pairs, shape={"dim": [0, 2 * ANCHORS, -1, 0]}), deltas, net.im_info, ntop=2, feat_stride=STRIDE,
        base_size=16, min_size=16, ratio=list(RATIOS), scale=list(SCALES), pre_nms_topn=60, post_nms_topn=12,
        nms_thresh=0.4)
    detected(net, features, net.rois)
    net.cls_prob = L.Softmax(net.cls_score)
    return net.to_proto()
