"""SSD's arithmetic of boxes: weiliu89/caffe, branch ssd, src/caffe/util/bbox_util.cpp.

A box is [xmin, ymin, xmax, ymax], as parts of the image unless it is said otherwise.
"""

from __future__ import annotations

import math

import numpy as np

SMALL = 1e-5    # the size below which nms() knows no box


def intersection(first, second):
    """What both boxes hold; [0, 0, 0, 0] if they do not even touch."""
    if second[0] > first[2] or second[2] < first[0] or second[1] > first[3] or second[3] < first[1]:
        return np.zeros(4)
    return np.array([max(first[0], second[0]), max(first[1], second[1]),
                     min(first[2], second[2]), min(first[3], second[3])])


def box_size(box, normalized=True):
    """The area; in pixels (not `normalized`), of which the last belong to the box. 0 for a box that is inside out."""
    if box[2] < box[0] or box[3] < box[1]:
        return 0.0
    more = 0 if normalized else 1
    return float((box[2] - box[0] + more) * (box[3] - box[1] + more))


def jaccard(first, second, normalized=True):
    """The part that the intersection has of the union; 0 where the intersection has no size."""
    more = 0 if normalized else 1
    common = intersection(first, second)
    width, height = common[2] - common[0] + more, common[3] - common[1] + more
    if width <= 0 or height <= 0:
        return 0.0
    inner = width * height
    return float(inner / (box_size(first, normalized) + box_size(second, normalized) - inner))


def coverage(box, other):
    """The part of `box` that lies in `other`."""
    inner = box_size(intersection(box, other))
    return inner / box_size(box) if inner > 0 else 0.0


def clip(box, height=1.0, width=1.0):
    return np.array([max(min(value, most), 0.0) for value, most in zip(box, (width, height, width, height))])


def scale(box, height, width):
    return np.asarray(box, float) * [width, height, width, height]


def locate(source, box):
    """A box that is told as parts of the box `source`, in the terms in which `source` is told."""
    extent = np.array([source[2] - source[0], source[3] - source[1]] * 2)
    return np.array([source[0], source[1]] * 2) + np.asarray(box) * extent


def project(source, box):
    """The part of a box inside `source`, as parts of that; None if nothing is inside."""
    if box[0] >= source[2] or box[2] <= source[0] or box[1] >= source[3] or box[3] <= source[1]:
        return None
    inside = clip(_relative(source, box))
    return inside if box_size(inside) > 0 else None


def meets_constraint(source, box, emit_type="CENTER", emit_overlap=0.0):
    """Whether a box belongs to `source`: by its centre, or (MIN_OVERLAP) by more than this part of its area."""
    if emit_type == "CENTER":
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        return bool(source[0] <= x <= source[2] and source[1] <= y <= source[3])
    return coverage(box, source) > emit_overlap


def encode(prior, variance, box, code_type="CORNER", encode_variance_in_target=False):
    """What a prediction must be for decode() to give `box`."""
    prior, box = np.asarray(prior, float), np.asarray(box, float)
    if code_type == "CORNER":
        code = box - prior
    elif code_type == "CORNER_SIZE":
        code = (box - prior) / _extent(prior)
    else:
        code = np.append((_centre(box) - _centre(prior)) / _extent(prior)[:2],
                         np.log(_extent(box)[:2] / _extent(prior)[:2]))
    return code if encode_variance_in_target else code / variance


def decode(prior, variance, prediction, code_type="CORNER", variance_encoded_in_target=False, clip_box=False):
    """The box that a prediction means at a prior."""
    prior = np.asarray(prior, float)
    code = np.asarray(prediction, float) * (1.0 if variance_encoded_in_target else np.asarray(variance, float))
    if code_type == "CORNER":
        box = prior + code
    elif code_type == "CORNER_SIZE":
        box = prior + code * _extent(prior)
    else:
        centre = code[:2] * _extent(prior)[:2] + _centre(prior)
        half = np.exp(code[2:]) * _extent(prior)[:2] / 2
        box = np.append(centre - half, centre + half)
    return clip(box) if clip_box else box


def match(truths, boxes, *, label=-1, match_type="PER_PREDICTION", overlap_threshold=0.5,
          ignore_cross_boundary_bbox=False):
    """For each box the index of its ground truth (-1: none, -2: left out as it crosses the boundary), and its overlap:
    that with its ground truth, or the greatest.

    `truths` are pairs of a label and a box; only those of `label` are matched, or all with -1. First the best pair is
    matched, then the best of the others, until each ground truth has a box or overlaps none that is free; then, with
    PER_PREDICTION, each other box whose overlap is the threshold at least. Of equal overlaps the first box's is the
    better, and then the first ground truth's.
    """
    found, overlaps = [-1] * len(boxes), [0.0] * len(boxes)
    mine = [g for g, (its_label, _) in enumerate(truths) if label in (-1, its_label)]
    if mine and ignore_cross_boundary_bbox:
        found = [-2 if any(value < 0 or value > 1 for value in box) else -1 for box in boxes]
    pairs = {(i, g): jaccard(box, truths[g][1]) for i, box in enumerate(boxes) if found[i] == -1 for g in mine}
    pairs = {pair: overlap for pair, overlap in pairs.items() if overlap > 1e-6}
    for (i, _), overlap in pairs.items():
        overlaps[i] = max(overlaps[i], overlap)
    free = pairs
    while free:
        i, g = max(free, key=free.__getitem__)
        found[i], overlaps[i] = g, free[i, g]
        free = {pair: overlap for pair, overlap in free.items() if pair[0] != i and pair[1] != g}
    for i in range(len(boxes) if match_type == "PER_PREDICTION" else 0):
        near = {g: pairs[i, g] for g in mine if pairs.get((i, g), -1) >= overlap_threshold}
        if found[i] == -1 and near:
            found[i] = max(near, key=near.__getitem__)
            overlaps[i] = near[found[i]]
    return found, overlaps


def nms(boxes, scores, threshold, top_k=-1):
    """Indices of the best boxes, best first, of which none overlaps a better one by more than the threshold.

    Only the top_k best are looked at (-1: all). A box smaller than SMALL is never taken.
    """
    left = _order(scores, range(len(scores)), top_k)
    left = [i for i in left if box_size(boxes[i]) >= SMALL]
    taken = []
    while left:
        best = left.pop(0)
        taken.append(best)
        left = [i for i in left if not jaccard(boxes[best], boxes[i]) > threshold]
    return taken


def nms_fast(boxes, scores, score_threshold, nms_threshold, eta=1.0, top_k=-1):
    """As nms(), of the boxes whose score is above the threshold, without regard to their size; after each box that is
    taken, while the threshold of overlaps is above .5, it is multiplied by `eta`.
    """
    taken = []
    for i in _order(scores, [i for i, score in enumerate(scores) if score > score_threshold], top_k):
        if all(jaccard(boxes[i], boxes[kept]) <= nms_threshold for kept in taken):
            taken.append(i)
            if eta < 1 and nms_threshold > 0.5:
                nms_threshold *= eta
    return taken


def output_box(box, height, width, resize=None):
    """A box in the pixels of an image of this height and width.

    `resize` are the options of the resizing that was done before (resize_mode, height, width, height_scale,
    width_scale), which is undone.
    """
    resize = {"resize_mode": "WARP", "height_scale": 0, "width_scale": 0, **(resize or {})}
    if resize["resize_mode"] == "FIT_SMALL_SIZE" and resize["height_scale"] and resize["width_scale"]:
        return clip(scale(box, resize["height_scale"], resize["width_scale"]), height, width)
    if resize["resize_mode"] == "FIT_LARGE_SIZE_AND_PAD":
        source = np.array([0.0, 0, 1, 1])
        if width / height > resize["width"] / resize["height"]:
            padding = (resize["height"] - resize["width"] / (width / height)) / 2 / resize["height"]
            source[[1, 3]] = padding, 1 - padding
        else:
            padding = (resize["width"] - resize["height"] * (width / height)) / 2 / resize["width"]
            source[[0, 2]] = padding, 1 - padding
        if box[0] < source[2] and box[2] > source[0] and box[1] < source[3] and box[3] > source[1]:
            box = _relative(source, box)
    return scale(clip(box), height, width)


def _relative(source, box):
    return (np.asarray(box) - [source[0], source[1]] * 2) / _extent(source)


def _order(scores, indices, top_k):
    ordered = sorted(indices, key=lambda i: -scores[i])
    return ordered if top_k < 0 else ordered[:top_k]


def _centre(box):
    return np.array([box[0] + box[2], box[1] + box[3]]) / 2


def _extent(box):
    width, height = box[2] - box[0], box[3] - box[1]
    if not (width > 0 and height > 0) or math.isnan(width + height):
        raise ValueError(f"The box {box} has no size, and nothing is coded by it")
    return np.array([width, height, width, height])
