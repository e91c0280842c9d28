"""DenseImageData of SegNet: alexgkendall/caffe-segnet, src/caffe/layers/dense_image_data_layer.cpp; ENet's
(TimoSaemann/caffe-enet) has label_divide_factor. What is drawn by lot is an argument.

Images that are given are resized already: those of data as OpenCV does linearly, those of labels to the nearest pixel,
which nearest() does. A crop of smaller labels lies outside of them in ENet's fork; so there is none here.
"""

from __future__ import annotations

import numpy as np


def dense_image_data(image, label, *, mirror=False, crop_height=0, crop_width=0, top=0, left=0, mean_value=(),
                     scale=1.0):
    """An item of both tops: data (channels, height, width), and labels (1, height, width), which are not scaled.

    `image` is (height, width, channels) and `label` (height, width). Both are mirrored, and then cropped at this row
    and column, which the fork draws in both phases.
    """
    data, labels = np.asarray(image, float).transpose(2, 0, 1), np.asarray(label, float)[None]
    if mirror:
        data, labels = data[..., ::-1], labels[..., ::-1]
    if crop_height and crop_width:
        data, labels = (array[:, top:top + crop_height, left:left + crop_width] for array in (data, labels))
    means = list(mean_value) or [0.0]
    return (data - np.reshape(means * (len(data) if len(means) == 1 else 1), (-1, 1, 1))) * scale, labels


def label_size(height, width, label_divide_factor=1):
    """What labels are resized to where images are to be of this size."""
    return height // label_divide_factor, width // label_divide_factor


def nearest(label, height, width):
    """A label image of this size: each pixel that of the same part of the old one, cut to a whole number."""
    old_height, old_width = np.shape(label)
    return np.array([[label[min(h * old_height // height, old_height - 1)][min(w * old_width // width, old_width - 1)]
                      for w in range(width)] for h in range(height)])
