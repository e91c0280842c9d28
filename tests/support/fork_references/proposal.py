"""Anchors and proposals of Faster R-CNN: the Proposal layer of PVANET (sanghoon/caffe, branch dev_pvanet,
src/caffe/layers/proposal_layer.cpp and util/nms.cpp), and py-faster-rcnn's lib/rpn/generate_anchors.py,
proposal_layer.py, anchor_target_layer.py, lib/fast_rcnn/bbox_transform.py, lib/nms and lib/utils/bbox.pyx.

A box is [x1, y1, x2, y2] in pixels, of which the last belong to it. Of equal scores the first counts as the higher; the
forks leave that to their sorting.
"""

from __future__ import annotations

import math

import numpy as np


def generate_anchors(base_size=16, ratios=(0.5, 1, 2), scales=(8, 16, 32), to_even=True):
    """Boxes around the middle of a square of base_size pixels: (ratios * scales, 4), the scales of a ratio together.

    A ratio is height by width. Sides are rounded before they are scaled; halves to even as NumPy does, or up as PVANET.
    """
    def whole(value):
        return round(value) if to_even else math.floor(value + 0.5)

    anchors = []
    for ratio in ratios:
        width = whole(math.sqrt(base_size * base_size / ratio))
        height = whole(width * ratio)
        for scale in scales:
            x, y = (width * scale - 1) / 2, (height * scale - 1) / 2
            middle = (base_size - 1) / 2
            anchors.append([middle - x, middle - y, middle + x, middle + y])
    return np.array(anchors)


def all_anchors(anchors, height, width, feat_stride):
    """The anchors at each place of a map, by row, column and anchor: (height * width * anchors, 4)."""
    return np.array([anchor + np.array([w, h, w, h]) * feat_stride
                     for h in range(height) for w in range(width) for anchor in np.asarray(anchors)])


def bbox_transform(box, target):
    """(dx, dy, dw, dh), which takes a box to another: the way of the centres by the size, the logarithm of the sizes'
    ratio."""
    width, height, x, y = _centre(box)
    its_width, its_height, its_x, its_y = _centre(target)
    return np.array([(its_x - x) / width, (its_y - y) / height, math.log(its_width / width),
                     math.log(its_height / height)])


def bbox_transform_inv(box, delta):
    """The box of this centre and size. Its second corner is a pixel past that of bbox_transform(), as in the forks."""
    width, height, x, y = _centre(box)
    x, y = x + delta[0] * width, y + delta[1] * height
    half_width, half_height = width * math.exp(delta[2]) / 2, height * math.exp(delta[3]) / 2
    return np.array([x - half_width, y - half_height, x + half_width, y + half_height])


def clip_box(box, height, width):
    return np.array([max(min(value, most - 1), 0) for value, most in zip(box, (width, height, width, height))])


def overlap(first, second):
    """The part that the intersection has of the union."""
    width = min(first[2], second[2]) - max(first[0], second[0]) + 1
    height = min(first[3], second[3]) - max(first[1], second[1]) + 1
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (_area(first) + _area(second) - width * height)


def overlap_if_touching(first, second):
    """As overlap(), but 0 of boxes that lie apart by less than the pixel that is counted more: PVANET's."""
    apart = first[0] > second[2] or first[1] > second[3] or first[2] < second[0] or first[3] < second[1]
    return 0.0 if apart else overlap(first, second)


def suppressed(boxes, threshold, most=0, measure=overlap):
    """Indices of boxes, best first, of which none overlaps one before it by more than the threshold; `most` at most."""
    taken = []
    for i, box in enumerate(boxes):
        if all(not measure(boxes[j], box) > threshold for j in taken):
            taken.append(i)
            if len(taken) == most:
                break
    return taken


def proposal(scores, deltas, im_info, *, feat_stride=16, base_size=16, min_size=16, ratio=(), scale=(),
             pre_nms_topn=6000, post_nms_topn=300, nms_thresh=0.7):
    """PVANET's layer: regions (R, 5) = [0, x1, y1, x2, y2] and their scores (R,).

    scores are (1, 2 A, H, W), of which the second half counts; deltas (1, 4 A, H, W), four for each anchor; im_info
    (1, 4) = [height, width, and by what the image's height and width were scaled]; with three, the last is for both.
    A box that is smaller than min_size of the unscaled image stays, with score 0.
    """
    anchors = generate_anchors(base_size, ratio, scale, to_even=False)
    found = _decoded(scores, deltas, im_info, anchors, feat_stride)
    info = np.ravel(im_info)
    smallest = min_size * np.array([info[3] if len(info) > 3 else info[2], info[2]])
    found = [(box, score if (box[2:] - box[:2] + 1 >= smallest).all() else 0.0) for box, score in found]
    found = sorted(found, key=lambda pair: -pair[1])[:pre_nms_topn]
    kept = suppressed([box for box, _ in found], float(np.float32(nms_thresh)), post_nms_topn, overlap_if_touching)
    return [np.array([[0.0, *found[i][0]] for i in kept]).reshape(-1, 5), np.array([found[i][1] for i in kept])]


def python_proposal(scores, deltas, im_info, *, feat_stride, scales=(8, 16, 32), min_size=16, pre_nms_top_n=6000,
                    post_nms_top_n=300, nms_thresh=0.7):
    """py-faster-rcnn's layer: regions (R, 5) and their scores (R, 1). Boxes that are too small are dropped."""
    found = _decoded(scores, deltas, im_info, generate_anchors(scales=scales), feat_stride)
    smallest = min_size * np.ravel(im_info)[2]
    found = [(box, score) for box, score in found if (box[2:] - box[:2] + 1 >= smallest).all()]
    found = sorted(found, key=lambda pair: -pair[1])[:pre_nms_top_n if pre_nms_top_n > 0 else None]
    kept = suppressed([box for box, _ in found], nms_thresh, post_nms_top_n)
    return [np.array([[0.0, *found[i][0]] for i in kept]).reshape(-1, 5),
            np.array([found[i][1] for i in kept]).reshape(-1, 1)]


def anchor_targets(height, width, truths, im_info, *, feat_stride, scales=(8, 16, 32), allowed_border=0,
                   positive_overlap=0.7, negative_overlap=0.3):
    """py-faster-rcnn's AnchorTargetLayer where it need not draw lots: labels (1, 1, A * H, W), targets, inside and
    outside weights, each (1, 4 A, H, W).

    truths are (G, 5), of which the last is a label. An anchor inside the image is 1 if it overlaps a truth by
    positive_overlap or is the best of one, else 0 if it overlaps all by less than negative_overlap, else -1.
    """
    anchors = generate_anchors(scales=scales)
    places = all_anchors(anchors, height, width, feat_stride)
    image_height, image_width = np.ravel(im_info)[:2]
    inside = [i for i, box in enumerate(places) if box[0] >= -allowed_border and box[1] >= -allowed_border
              and box[2] < image_width + allowed_border and box[3] < image_height + allowed_border]
    overlaps = np.array([[overlap(places[i], truth) for truth in truths] for i in inside])
    labels, targets, weights = np.full(len(places), -1.0), np.zeros((len(places), 4)), np.zeros((2, len(places), 4))
    for row, i in enumerate(inside):
        best = overlaps[row].max() >= positive_overlap or (overlaps[row] == overlaps.max(axis=0)).any()
        labels[i] = 1 if best else 0 if overlaps[row].max() < negative_overlap else -1
        targets[i] = bbox_transform(places[i], truths[int(overlaps[row].argmax())])
    weights[0, labels == 1], weights[1, labels >= 0] = 1, 1 / max((labels >= 0).sum(), 1)
    return [_by_anchor(labels, height, width, 1).reshape(1, 1, -1, width),
            *(_by_anchor(rows, height, width, 4) for rows in (targets, *weights))]


def _decoded(scores, deltas, im_info, anchors, feat_stride):
    """Pairs of a box, within the image, and its score, by row, column and anchor."""
    number, (height, width) = len(anchors), scores.shape[2:]
    image_height, image_width = np.ravel(im_info)[:2]
    places = all_anchors(anchors, height, width, feat_stride).reshape(height, width, number, 4)
    return [(clip_box(bbox_transform_inv(places[h, w, a], deltas[0, 4 * a:4 * a + 4, h, w]), image_height, image_width),
             scores[0, number + a, h, w]) for h, w, a in np.ndindex(height, width, number)]


def _by_anchor(rows, height, width, length):
    return np.reshape(rows, (1, height, width, -1)).transpose(0, 3, 1, 2).reshape(1, -1, height, width)


def _centre(box):
    width, height = box[2] - box[0] + 1, box[3] - box[1] + 1
    return width, height, box[0] + width / 2, box[1] + height / 2


def _area(box):
    return (box[2] - box[0] + 1) * (box[3] - box[1] + 1)
