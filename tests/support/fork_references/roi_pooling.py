"""ROIPooling of Fast R-CNN: rbgirshick/caffe-fast-rcnn, branch fast-rcnn, src/caffe/layers/roi_pooling_layer.cpp, .cu.

The bins are computed in single precision, as in the fork: which elements they hold depends on it.
"""

from __future__ import annotations

import numpy as np

LOWEST = -float(np.finfo(np.float32).max)      # what a bin gives in which no element is greater, as one of NaN alone


def c_round(value):
    """The nearest integer; of two equally near, the one that is farther from zero."""
    return int(np.trunc(value + np.copysign(0.5, value)))


def roi_pooling(data, rois, pooled_h, pooled_w, spatial_scale=1.0):
    """The greatest element of each bin of each region: (R, C, pooled_h, pooled_w) of `data` (N, C, H, W) and `rois`
    (R, 5), which are [item of the batch, x1, y1, x2, y2] with both corners inside. An empty bin gives 0.
    """
    return _pool(data, rois, pooled_h, pooled_w, spatial_scale)[0]


def roi_pooling_backward(top_diff, data, rois, pooled_h, pooled_w, spatial_scale=1.0):
    """The diff of `data`: each bin's goes to the element that it took.

    Not so of a region whose second corner lies before the first: forward it has the one element at its first corner,
    but the fork sends back to elements between the corners only, so to none.
    """
    _, taken = _pool(data, rois, pooled_h, pooled_w, spatial_scale)
    bottom_diff = np.zeros(data.shape)
    for (r, c, ph, pw), index in np.ndenumerate(taken):
        x1, y1, x2, y2 = _corners(rois[r], spatial_scale)
        if index >= 0 and x1 <= x2 and y1 <= y2:
            bottom_diff[int(rois[r].flat[0]), c, index // data.shape[3], index % data.shape[3]] += (
                top_diff[r, c, ph, pw])
    return bottom_diff


def _corners(roi, spatial_scale):
    return [c_round(float(np.float32(coordinate) * np.float32(spatial_scale))) for coordinate in roi.flat[1:5]]


def _pool(data, rois, pooled_h, pooled_w, spatial_scale):
    _, channels, height, width = data.shape
    tops = np.zeros((len(rois), channels, pooled_h, pooled_w))
    taken = np.full(tops.shape, -1)
    for r, roi in enumerate(rois):
        x1, y1, x2, y2 = _corners(roi, spatial_scale)
        rows = [_bin(p, y1, y2, pooled_h, height) for p in range(pooled_h)]
        columns = [_bin(p, x1, x2, pooled_w, width) for p in range(pooled_w)]
        for c, ph, pw in np.ndindex(channels, pooled_h, pooled_w):
            if not rows[ph] or not columns[pw]:
                continue
            tops[r, c, ph, pw] = LOWEST
            for h in rows[ph]:
                for w in columns[pw]:
                    if data[int(roi.flat[0]), c, h, w] > tops[r, c, ph, pw]:
                        tops[r, c, ph, pw] = data[int(roi.flat[0]), c, h, w]
                        taken[r, c, ph, pw] = h * width + w
    return tops, taken


def _bin(p, first, last, pooled, extent):
    """The indices of the p-th of `pooled` bins of the elements first to last, as far as they are in 0 to extent."""
    size = np.float32(max(last - first + 1, 1)) / np.float32(pooled)
    begin = int(np.floor(np.float32(p) * size)) + first
    end = int(np.ceil(np.float32(p + 1) * size)) + first
    return range(min(max(begin, 0), extent), min(max(end, 0), extent))
