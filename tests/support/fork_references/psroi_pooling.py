"""PSROIPooling of R-FCN: daijifeng001/caffe-rfcn, src/caffe/layers/psroi_pooling_layer.cu.

The bins are computed in single precision, as in the fork: which elements they hold depends on it.
"""

from __future__ import annotations

import numpy as np

from .roi_pooling import c_round


def psroi_pooling(data, rois, *, spatial_scale, output_dim, group_size):
    """The mean over each bin of each region, each bin of a channel of its own: (R, output_dim, group_size, group_size)
    of `data` (N, output_dim * group_size^2, H, W) and `rois` (R, 5) = [item of the batch, x1, y1, x2, y2].

    An empty bin gives 0. The corners are rounded, and then scaled; the second is inside.
    """
    tops = np.zeros((len(rois), output_dim, group_size, group_size))
    for place in np.ndindex(tops.shape):
        item, channel, rows, columns = _bin(place, data.shape, rois, spatial_scale, group_size)
        values = [data[item, channel, h, w] for h in rows for w in columns]
        tops[place] = sum(values) / len(values) if values else 0.0
    return tops


def psroi_pooling_backward(top_diff, data, rois, *, spatial_scale, output_dim, group_size):
    """The diff of `data`, which is the derivative."""
    bottom_diff = np.zeros(data.shape)
    for place in np.ndindex(len(rois), output_dim, group_size, group_size):
        item, channel, rows, columns = _bin(place, data.shape, rois, spatial_scale, group_size)
        for h in rows:
            for w in columns:
                bottom_diff[item, channel, h, w] += top_diff[place] / (len(rows) * len(columns))
    return bottom_diff


def _bin(place, shape, rois, spatial_scale, group_size):
    """The item and channel that an element of the top is taken from, and the rows and columns of its bin."""
    r, c, ph, pw = place
    item, x1, y1, x2, y2 = rois[r].flat
    return (int(item), (c * group_size + ph) * group_size + pw,
            _range(ph, y1, y2, shape[2], spatial_scale, group_size),
            _range(pw, x1, x2, shape[3], spatial_scale, group_size))


def _range(p, first, last, extent, spatial_scale, group_size):
    scale = np.float32(spatial_scale)
    start = np.float32(c_round(first)) * scale
    end = np.float32(c_round(last) + 1.0) * scale
    size = np.float32(max(float(end - start), 0.1)) / np.float32(group_size)
    begin = int(np.floor(np.float32(p) * size + start))
    stop = int(np.ceil(np.float32(p + 1) * size + start))
    return range(min(max(begin, 0), extent), min(max(stop, 0), extent))
