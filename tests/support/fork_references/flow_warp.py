"""FlowWarp: lmb-freiburg/flownet2, src/caffe/layers/flow_warp_layer.cpp."""

from __future__ import annotations

import numpy as np


def flow_warp(image, flow, *, fill_value="ZERO"):
    """At each pixel the image at this pixel plus the flow (channel 0 along x, channel 1 along y), bilinearly.

    Between the last row or column and the image's end (H or W) the last one's values hold; outside [0, W) x [0, H) the
    top is 0, or with NOT_A_NUMBER NaN.
    """
    top = np.full(image.shape, 0. if fill_value == "ZERO" else np.nan)
    for n, y, x in np.ndindex(image.shape[0], *image.shape[2:]):
        corners, _, _ = _corners(flow, n, y, x)
        if corners:
            top[n, :, y, x] = sum(weight * image[n, :, row, column] for row, column, weight in corners)
    return top


def flow_warp_backward(image, flow, top_diff):
    """The diffs of the image and the flow: the derivatives, 0 where a pixel lay outside."""
    image_diff, flow_diff = np.zeros(image.shape), np.zeros(flow.shape)
    for n, y, x in np.ndindex(image.shape[0], *image.shape[2:]):
        corners, alpha, beta = _corners(flow, n, y, x)
        if not corners:
            continue
        for row, column, weight in corners:
            image_diff[n, :, row, column] += weight * top_diff[n, :, y, x]
        top_left, top_right, bottom_left, bottom_right = (image[n, :, row, column] for row, column, _ in corners)
        flow_diff[n, 0, y, x] = (top_diff[n, :, y, x] * (
            (1 - beta) * (top_right - top_left) + beta * (bottom_right - bottom_left))).sum()
        flow_diff[n, 1, y, x] = (top_diff[n, :, y, x] * (
            (1 - alpha) * (bottom_left - top_left) + alpha * (bottom_right - top_right))).sum()
    return image_diff, flow_diff


def _corners(flow, n, y, x):
    """The four places round where the flow of a pixel ends, with their weights, or none outside the image; and how far
    right of the left ones and below the upper ones it lies.
    """
    height, width = flow.shape[2:]
    to_x, to_y = x + flow[n, 0, y, x], y + flow[n, 1, y, x]
    if not (0 <= to_x < width and 0 <= to_y < height):
        return [], 0., 0.
    left, upper = int(to_x), int(to_y)
    right, lower = min(left + 1, width - 1), min(upper + 1, height - 1)
    alpha, beta = to_x - left, to_y - upper
    return [(upper, left, (1 - alpha) * (1 - beta)), (upper, right, alpha * (1 - beta)),
            (lower, left, (1 - alpha) * beta), (lower, right, alpha * beta)], alpha, beta
