"""PriorBox of SSD: weiliu89/caffe, branch ssd, src/caffe/layers/prior_box_layer.cpp.

Sizes are cut to whole numbers before boxes are made of them, as in the fork.
"""

from __future__ import annotations

import math

import numpy as np


def prior_box(feature_map, data, *, min_size, max_size=(), aspect_ratio=(), flip=True, clip=False, variance=(),
              img_size=0, img_h=0, img_w=0, step=0.0, step_h=0.0, step_w=0.0, offset=0.5):
    """(1, 2, H * W * priors * 4): the boxes [xmin, ymin, xmax, ymax] as parts of the image, and their variances."""
    layer_h, layer_w = feature_map.shape[2:]
    if img_h and img_w:
        image_h, image_w = img_h, img_w
    elif img_size:
        image_h = image_w = img_size
    else:
        image_h, image_w = data.shape[2:]
    step_h, step_w = (step_h, step_w) if step_h and step_w else (step, step)
    if not step_h:
        step_h, step_w = image_h / layer_h, image_w / layer_w
    boxes, variances = [], []
    for h in range(layer_h):
        for w in range(layer_w):
            x, y = (w + offset) * step_w, (h + offset) * step_h
            for width, height in _extents(min_size, max_size, ratios(aspect_ratio, flip)):
                boxes += [(x - width / 2) / image_w, (y - height / 2) / image_h,
                          (x + width / 2) / image_w, (y + height / 2) / image_h]
                variances += list(variance) if len(variance) == 4 else [*variance, 0.1][:1] * 4
    if clip:
        boxes = [min(max(value, 0.0), 1.0) for value in boxes]
    return np.array([[boxes, variances]])


def ratios(aspect_ratio, flip=True):
    """1, and each ratio that is not there yet, by 1e-6, with its inverse behind it if `flip`."""
    found = [1.0]
    for ratio in aspect_ratio:
        if all(abs(ratio - other) >= 1e-6 for other in found):
            found += [ratio, 1 / ratio] if flip else [ratio]
    return found


def _extents(min_size, max_size, all_ratios):
    extents = []
    for s, smallest in enumerate(min_size):
        side = int(smallest)
        extents.append((side, side))
        if max_size:
            extents.append((math.sqrt(side * int(max_size[s])),) * 2)
        extents += [(side * math.sqrt(ratio), side / math.sqrt(ratio)) for ratio in all_ratios
                    if abs(ratio - 1) >= 1e-6]
    return extents
