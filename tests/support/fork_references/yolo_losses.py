"""RegionLoss of YOLOv2 and Yolov3: eric612/MobileNet-YOLO, src/caffe/layers/region_loss_layer.cpp and
yolov3_layer.cpp.

Bottoms: (N, num * (5 + classes), H, W), a box's x, y, w, h, whether there is one, and its classes; and the labels
(N, boxes, 5), [class, x, y, w, h] relative to the image, ended by a row of zeros. Each returns the loss and `diff`:
the bottom's diff is diff / N times the loss's diff, which by design is not the derivative.
"""

from __future__ import annotations

import math

import numpy as np

from fork_references.yolo_boxes import iou, likeness, likeness_gradient, sigmoid


def truths(labels):
    """The rows of an image before the one that ends them."""
    rows = labels.reshape(-1, 5)
    ends = [number for number, row in enumerate(rows) if not row[1] or not row[3]]
    return rows[:ends[0]] if ends else rows


def region_loss(bottom, labels, *, biases, num_class=20, num=5,
                object_scale=1., noobject_scale=.5, class_scale=1., coord_scale=5., thresh=.2, bias_match=True,
                rescore=True):
    """The sum of the squares of diff, over N; and diff.

    `biases` are widths and heights in cells, 2 for each of `num`. The classes are a softmax. A box that overlaps a true
    one by more than thresh has no diff for there being none; later true boxes of a cell overwrite earlier ones. H is W.
    """
    n, _, side, _ = bottom.shape
    x = bottom.reshape(n, num, 5 + num_class, side, side)
    there = sigmoid(x[:, :, 4])
    classes = np.exp(x[:, :, 5:] - x[:, :, 5:].max(2, keepdims=True))
    classes /= classes.sum(2, keepdims=True)
    diff = np.zeros(x.shape)

    def box(b, k, j, i):
        return np.array([(i + sigmoid(x[b, k, 0, j, i])) / side, (j + sigmoid(x[b, k, 1, j, i])) / side,
                         np.exp(x[b, k, 2, j, i]) * biases[2 * k] / side,
                         np.exp(x[b, k, 3, j, i]) * biases[2 * k + 1] / side])

    for b, k, j, i in np.ndindex(n, num, side, side):
        best = max((iou(box(b, k, j, i), row[1:]) for row in truths(labels[b])), default=0)
        if best <= thresh:
            diff[b, k, 4, j, i] = noobject_scale * there[b, k, j, i] * slope(there[b, k, j, i])
    for b in range(n):
        for label, *true in truths(labels[b]):
            i, j = int(true[0] * side), int(true[1] * side)
            shapes = [(biases[2 * k] / side, biases[2 * k + 1] / side) if bias_match else box(b, k, j, i)[2:]
                      for k in range(num)]
            k = int(np.argmax([iou((0, 0, *shape), (0, 0, *true[2:])) for shape in shapes]))
            scale = coord_scale if rescore else coord_scale * (2 - true[2] * true[3])
            here, place = diff[b, k, :, j, i], x[b, k, :, j, i]
            for axis, cell in enumerate((i, j)):
                value = sigmoid(place[axis])
                here[axis] = -scale * (true[axis] * side - cell - value) * slope(value)
                here[2 + axis] = -scale * (math.log(true[2 + axis] * side / biases[2 * k + axis]) - place[2 + axis])
            wanted = iou(box(b, k, j, i), true) if rescore else 1
            here[4] = -object_scale * (wanted - there[b, k, j, i]) * slope(there[b, k, j, i])
            here[5:] = -class_scale * (np.eye(num_class)[int(label)] - classes[b, k, :, j, i])
    return (diff ** 2).sum() / n, diff.reshape(bottom.shape)


def slope(value):
    """The derivative of the logistic function where it is `value`."""
    return value * (1 - value)


def yolov3(bottom, labels, *, biases, mask, anchors_scale=32, num_class=20,     # noqa: C901 - its fields
           object_scale=1., class_scale=1., coord_scale=5., thresh=.2, use_logic_gradient=False, use_focal_loss=False,
           iou_loss="MSE", iou_normalizer=.25, iou_thresh=.5, max_delta=10., accumulate=True, label_smooth_eps=.1):
    """The loss, and diff.

    `biases` are widths and heights of all anchors in pixels, anchors_scale of them a cell; `mask` the numbers of this
    layer's, which are `num`. An anchor of the mask learns a true box if of all anchors it is the likest to it, or
    likelier than iou_thresh. (The fork confuses the best anchor's number with its place in the mask, when it looks for
    these others: corrected here.) noobject_scale does nothing.

    The loss is the sum of diff's squares over N; other than with MSE, of those of the last 5 + classes - 4 alone, and
    iou_normalizer times the mean of 1 - likeness. (IOU there has the fork's DIOU: corrected here.) It is taken before
    use_logic_gradient multiplies diff by the slope of the sigmoids (all but w and h; the fork has lost x's and y's with
    another than MSE: corrected here).
    """
    n, _, height, width = bottom.shape
    x = bottom.reshape(n, len(mask), 5 + num_class, height, width)
    s = np.array(sigmoid(x))
    diff, unlike = np.zeros(x.shape), []
    cells = np.array([width, height])

    def box(b, k, j, i):
        shape = np.exp(x[b, k, 2:4, j, i]) * biases[2 * mask[k]:2 * mask[k] + 2] / (cells * anchors_scale)
        return np.array([(i + s[b, k, 0, j, i]) / width, (j + s[b, k, 1, j, i]) / height, *shape])

    def learn(b, k, j, i, label, true):
        here = diff[b, k, :, j, i]
        predicted, scale = box(b, k, j, i), coord_scale * (2 - true[2] * true[3])
        if iou_loss == "MSE":
            for axis, cell in enumerate((i, j)):
                here[axis] = -scale * (true[axis] * cells[axis] - cell - s[b, k, axis, j, i])
                anchor = biases[2 * mask[k] + axis]
                here[2 + axis] = -scale * (math.log(true[2 + axis] * cells[axis] * anchors_scale / anchor)
                                           - x[b, k, 2 + axis, j, i])
        else:
            delta = likeness_gradient(predicted, true, iou_loss) * iou_normalizer
            delta[2:] *= np.exp(x[b, k, 2:4, j, i])
            delta = np.clip(delta, -max_delta, max_delta)
            here[:4] = (here[:4] if accumulate else 0) - delta
        unlike.append(1 - likeness(predicted, true, iou_loss))
        here[4] = -(1 - s[b, k, 4, j, i]) * (object_scale if use_logic_gradient else 1)
        here[5:] = class_diff(here[5:], s[b, k, 5:, j, i], int(label), class_scale, use_focal_loss, label_smooth_eps)

    for b, k, j, i in np.ndindex(n, len(mask), height, width):
        best = max((likeness(box(b, k, j, i), row[1:], iou_loss) for row in truths(labels[b])), default=0)
        diff[b, k, 4, j, i] = s[b, k, 4, j, i] if best <= thresh else 0
    for b in range(n):
        for label, *true in truths(labels[b]):
            anchors = np.reshape(biases, (-1, 2)) / (cells * anchors_scale)
            alike = [likeness((0, 0, *anchor), (0, 0, *true[2:]), iou_loss) for anchor in anchors]
            best = int(np.argmax(alike))
            others = [other for other, like in enumerate(alike) if other != best and like > iou_thresh]
            for number in [best, *others]:
                if number in mask and alike[number] > 0:
                    learn(b, list(mask).index(number), int(true[1] * height), int(true[0] * width), label,
                          np.array(true))
    if iou_loss == "MSE":
        loss = (diff ** 2).sum() / n
    else:
        loss = ((diff[:, :, 4:] ** 2).sum() + (iou_normalizer * np.mean(unlike) if unlike else 0)) / n
    if use_logic_gradient:
        sized = [0, 1, *range(4, 5 + num_class)]
        diff[:, :, sized] *= slope(s[:, :, sized])
    return loss, diff.reshape(bottom.shape)


def class_diff(before, values, label, scale, focal, smooth):
    """The diff of the classes of a box: that of the sigmoids to 1 for the label and 0 for others (smoothed by
    `smooth`); where another true box has been here and the label's diff is not 0, the label's alone is set.
    """
    wanted = np.eye(len(values))[label]
    smoothed = wanted * (1 - smooth) + .5 * smooth
    if before[label]:
        after = before.copy()
        after[label] = -scale * (smoothed[label] - values[label])
        return after
    if focal:
        likely = values[label] + 1e-15
        return -scale * (wanted - values) * .5 * -(1 - likely) * (2 * likely * math.log(likely) + likely - 1)
    return -scale * (smoothed - values)
