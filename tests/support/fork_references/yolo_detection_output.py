"""YoloDetectionOutput and Yolov3DetectionOutput: eric612/MobileNet-YOLO, src/caffe/layers/
yolo_detection_output_layer.cpp and yolov3_detection_output_layer.cpp.

The fork puts the boxes of all images of a batch into one list, as if they were image 0's: corrected here.
"""

from __future__ import annotations

import numpy as np

from fork_references.yolo_boxes import corners, sigmoid, suppressed


def yolo_detection_output(bottoms, *, biases, num_classes=20, num_box=5, confidence_threshold=.01, nms_threshold=.45):
    """The top (1, 1, K, 7) of [image, label, confidence, xmin, ymin, xmax, ymax], each image's best first: of each box
    its likeliest class by a softmax, times whether there is a box, from the threshold on. Labels are numbered from 1.

    `biases` (in cells) are the same for each bottom.
    """
    found = []
    for bottom in bottoms:
        n, _, height, width = bottom.shape
        x = bottom.reshape(n, num_box, -1, height, width)
        for b, j, i, k in np.ndindex(n, height, width, num_box):
            here = x[b, k, :, j, i]
            box = ((i + sigmoid(here[0])) / width, (j + sigmoid(here[1])) / height,
                   np.exp(here[2]) * biases[2 * k] / width, np.exp(here[3]) * biases[2 * k + 1] / height)
            classes = np.exp(here[5:5 + num_classes] - here[5:5 + num_classes].max())
            label = int(np.argmax(classes))
            confidence = sigmoid(here[4]) * classes[label] / classes.sum()
            if confidence >= confidence_threshold:
                found.append((b, label + 1, confidence, box))
    return rows(found, len(bottoms[0]), nms_threshold)


def yolov3_detection_output(bottoms, *, biases, mask, anchors_scale, num_classes=20, num_box=3,
                            confidence_threshold=.01, nms_threshold=.45, gaussian_box=False):
    """The same of YOLOv3: each class whose sigmoid times that of there being a box is above the threshold is a row; of
    these, whatever their labels, the most confident suppresses those that it overlaps.

    `mask` has an equal share for each bottom: the numbers of its anchors in `biases` (in pixels, anchors_scale[t] of
    them a cell of bottom t). With gaussian_box x, y, w and h are each followed by an uncertainty, and the confidence is
    multiplied by 1 less the mean of these. (The fork's CPU code reads a class for whether there is a box, its GPU code
    counts x's uncertainty twice: corrected here.)
    """
    found = []
    share = len(mask) // len(bottoms)
    places, rest = ((0, 2, 4, 6), 8) if gaussian_box else ((0, 1, 2, 3), 4)
    for t, bottom in enumerate(bottoms):
        n, _, height, width = bottom.shape
        x = bottom.reshape(n, num_box, -1, height, width)
        for b, j, i, k in np.ndindex(n, height, width, num_box):
            here, anchor = x[b, k, :, j, i], mask[t * share + k]
            box = ((i + sigmoid(here[places[0]])) / width, (j + sigmoid(here[places[1]])) / height,
                   np.exp(here[places[2]]) * biases[2 * anchor] / (width * anchors_scale[t]),
                   np.exp(here[places[3]]) * biases[2 * anchor + 1] / (height * anchors_scale[t]))
            there = sigmoid(here[rest])
            if gaussian_box:
                there *= 1 - np.mean(sigmoid(here[1:8:2]))
            for c in range(num_classes):
                confidence = there * sigmoid(here[rest + 1 + c])
                if confidence > confidence_threshold:
                    found.append((b, c + 1, confidence, box))
    return rows(found, len(bottoms[0]), nms_threshold)


def rows(found, images, nms_threshold):
    """The top; if nothing at all was found, a row [image, -1, ...] for each image."""
    top = []
    for image in range(images):
        ours = sorted((one for one in found if one[0] == image), key=lambda one: -one[2])
        for number in suppressed([box for *_, box in ours], nms_threshold):
            _, label, confidence, box = ours[number]
            upper, lower, left, right = corners(box)
            top.append([image, label, confidence, left, upper, right, lower])
    return np.array([[top or [[image, *[-1] * 6] for image in range(images)]]], np.float64)
