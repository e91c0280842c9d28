"""Boxes of YOLO, as (x, y, w, h) with the centre in (x, y): eric612/MobileNet-YOLO, src/caffe/util/bbox_util.cpp, and
for the gradients src/caffe/layers/yolov3_layer.cpp (Darknet's).
"""

from __future__ import annotations

import math

import numpy as np


def sigmoid(x):
    """The logistic function."""
    return 1 / (1 + np.exp(-x))


def corners(box):
    """(top, bottom, left, right)."""
    x, y, w, h = box
    return np.array([y - h / 2, y + h / 2, x - w / 2, x + w / 2])


def iou(a, b):
    """Intersection over union."""
    width = min(corners(a)[3], corners(b)[3]) - max(corners(a)[2], corners(b)[2])
    height = min(corners(a)[1], corners(b)[1]) - max(corners(a)[0], corners(b)[0])
    inner = width * height if width >= 0 and height >= 0 else 0.
    return inner / (a[2] * a[3] + b[2] * b[3] - inner)


def likeness(a, b, kind):
    """IOU (and MSE), GIOU, DIOU (with the power 0.6) or CIOU of a predicted box and a true one."""
    overlap = iou(a, b)
    height, width = _hull(a, b)
    if kind == "GIOU":
        union = (a[2] * a[3] + b[2] * b[3]) / (1 + overlap)
        return overlap - (width * height - union) / (width * height)
    apart = ((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) / (width ** 2 + height ** 2)
    if kind == "DIOU":
        return overlap - apart ** .6
    if kind == "CIOU":
        aspect, alpha = _aspect(a, b, overlap)
        return overlap - apart - alpha * aspect
    return overlap


def likeness_gradient(a, b, kind):
    """What the fork takes for the gradient by the predicted box (x, y, w, h): with Darknet's signs of the hull's terms
    of DIOU and CIOU, and without the halves of w and h.
    """
    mine, true = corners(a), corners(b)
    height, width = mine[1] - mine[0], mine[3] - mine[2]
    inner_height, inner_width = min(mine[1], true[1]) - max(mine[0], true[0]), \
        min(mine[3], true[3]) - max(mine[2], true[2])
    inner = inner_height * inner_width
    union = height * width + b[2] * b[3] - inner
    lengths, inner_lengths = np.array([-width, width, -height, height]), \
        np.array([-inner_width, inner_width, -inner_height, inner_height])
    inside = np.array([mine[0] > true[0], mine[1] < true[1], mine[2] > true[2], mine[3] < true[3]])
    outside = np.array([mine[0] < true[0], mine[1] > true[1], mine[2] < true[2], mine[3] > true[3]])
    by_inner = np.where(inside, inner_lengths, 0)
    by_union = lengths - by_inner
    by_corners = (union * by_inner - inner * by_union) / union ** 2 if union > 0 else np.zeros(4)
    apart = inner_width <= 0 or inner_height <= 0
    hull_height, hull_width = _hull(a, b)
    if kind == "GIOU":
        hull = hull_height * hull_width
        by_hull = np.where(outside, [-hull_width, hull_width, -hull_height, hull_height], 0)
        term = (hull * by_union - union * by_hull) / hull ** 2
        by_corners = term if apart else by_corners + term
    top, bottom, left, right = by_corners
    gradient = np.array([left + right, top + bottom, right - left, bottom - top])
    if kind in ("DIOU", "CIOU"):
        diagonal = hull_height ** 2 + hull_width ** 2
        distance = (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2
        grows = [float(flag) for flag in outside]
        term = np.array([
            2 * (b[0] - a[0]) * diagonal - 2 * hull_width * (grows[3] - grows[2]) * distance,
            2 * (b[1] - a[1]) * diagonal - 2 * hull_height * (grows[1] - grows[0]) * distance,
            2 * hull_width * (grows[3] + grows[2]) / 2 * distance,
            2 * hull_height * (grows[1] + grows[0]) / 2 * distance]) / diagonal ** 2
        if kind == "CIOU":
            _, alpha = _aspect(a, b, inner / union)
            angle = math.atan(b[2] / b[3]) - math.atan(a[2] / a[3])
            term += alpha * 8 / math.pi ** 2 * angle * np.array([0, 0, a[3], -a[2]])
        gradient = term if apart else gradient + term
    return gradient


def _hull(a, b):
    """The height and width of the box round both."""
    top, bottom, left, right = zip(corners(a), corners(b))
    return max(bottom) - min(top), max(right) - min(left)


def _aspect(a, b, overlap):
    """CIOU's difference of the boxes' shapes, and the weight of it."""
    aspect = 4 / math.pi ** 2 * (math.atan(b[2] / b[3]) - math.atan(a[2] / a[3])) ** 2
    return aspect, aspect / (1 - overlap + aspect + 1e-6)


def suppressed(boxes, threshold):
    """The numbers of the boxes, which come best first, that none before them which stays overlaps by the threshold."""
    kept = []
    for number, box in enumerate(boxes):
        if all(iou(boxes[other], box) < threshold for other in kept):
            kept.append(number)
    return kept
