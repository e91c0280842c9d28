"""YOLO's boxes: tensors whose last axis is x, y, w, h, the centre and the size, as parts of the image's size
(MobileNet-YOLO's src/caffe/util/bbox_util.cpp).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch.nn import functional

from ....errors import InputError
from ...blob import Shape, shape_string


def anchor_sizes(biases: Sequence[float], units: tuple[float, float], like: torch.Tensor) -> torch.Tensor:
    """Widths and heights (anchors, 2) of a layer's `biases`, of which the image is `units` wide and high."""
    return like.new_tensor(list(biases)).view(-1, 2) / like.new_tensor(units)


def check_biases(biases: Sequence[float], anchors: int) -> None:
    """Raises InputError unless `biases` has a width and a height, both above 0, for each of so many anchors."""
    if len(biases) < 2 * anchors or len(biases) % 2 or not all(0 < bias < math.inf for bias in biases):
        raise InputError(f"its `biases` are {', '.join(f'{bias:g}' for bias in biases) or 'none'}; give a width and a "
                         f"height above 0 for each of its {anchors} anchors.")


def as_maps(tensor: torch.Tensor, anchors: int) -> torch.Tensor:
    """The maps of a bottom (N, anchors * values, H, W) as (N, anchors, H, W, values)."""
    batch, channels, height, width = tensor.shape
    return tensor.reshape(batch, anchors, channels // anchors, height, width).permute(0, 1, 3, 4, 2)


def check_maps(shape: Shape, anchors: int, values: int) -> None:
    """Raises InputError unless a bottom of `shape` has so many values for each of so many anchors."""
    if len(shape) != 4 or shape[1] != anchors * values or 0 in shape[2:]:
        raise InputError(f"its bottom has shape {shape_string(shape)}; it must have four axes, {anchors * values} "
                         f"channels (for each of {anchors} anchors, {values} values), and a row and a column at least.")


def check_square(shape: Shape) -> None:
    """Raises InputError unless a bottom of `shape` has as many rows as columns."""
    if shape[2:3] != shape[3:4]:
        raise InputError(f"its bottom has shape {shape_string(shape)}; it must be as high as it is wide.")


def decoded(centers: torch.Tensor, sizes: torch.Tensor, anchors: torch.Tensor) -> torch.Tensor:
    """The boxes (N, anchors, H, W, 4) of maps, from their places within cells (0 to 1), the logarithms of their sizes
    in anchors, both (N, anchors, H, W, 2), and the anchors' sizes (anchors, 2).
    """
    height, width = centers.shape[2:4]
    places = torch.stack(torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")[::-1], dim=-1)
    centers = (centers + places.to(centers)) / centers.new_tensor([width, height])
    return torch.cat([centers, sizes.exp() * anchors[:, None, None]], dim=-1)


def likeness(predicted: torch.Tensor, true: torch.Tensor, kind: str = "IOU") -> torch.Tensor:
    """How like the boxes are, of last axes that broadcast: intersection over union (IOU, and MSE, which has none of its
    own), GIOU (arXiv:1902.09630), or with the power 0.6 DIOU, or CIOU (both arXiv:1911.08287).
    """
    start, end = _edges(predicted)
    true_start, true_end = _edges(true)
    inner = torch.minimum(end, true_end) - torch.maximum(start, true_start)
    intersection = torch.where((inner < 0).any(-1), 0, inner.prod(-1))
    union = predicted[..., 2:].prod(-1) + true[..., 2:].prod(-1) - intersection
    overlap = intersection / union
    if kind in ("IOU", "MSE"):
        return overlap
    hull = torch.maximum(end, true_end) - torch.minimum(start, true_start)
    if kind == "GIOU":
        area = hull.prod(-1)
        return torch.where(area == 0, overlap, overlap - (area - union) / area)
    diagonal = hull.square().sum(-1)
    apart = (predicted[..., :2] - true[..., :2]).square().sum(-1) / diagonal
    if kind == "CIOU":
        unlike, weight = _unlike_shapes(predicted, true, overlap)
        apart = apart + weight * unlike
    else:
        apart = apart.pow(0.6)
    return torch.where(diagonal == 0, overlap, overlap - apart)


def likeness_of_sizes(one: torch.Tensor, other: torch.Tensor, kind: str = "IOU") -> torch.Tensor:
    """The same of boxes at one place, whose last axes are w and h alone; 0 where it is no number."""
    return likeness(functional.pad(one, (2, 0)), functional.pad(other, (2, 0)), kind).nan_to_num(nan=0)


def best_likeness(predicted: torch.Tensor, true: torch.Tensor, kind: str = "IOU") -> torch.Tensor:
    """For each of the predicted boxes (..., 4), its likeness to the likest of the true ones (K, 4), at least 0."""
    if not len(true):
        return predicted.new_zeros(predicted.shape[:-1])
    return likeness(predicted.unsqueeze(-2), true, kind).nan_to_num(nan=0).amax(-1).clamp_min(0)


def likeness_gradient(predicted: torch.Tensor, true: torch.Tensor, kind: str) -> torch.Tensor:
    """By x, y, w, h of each predicted box (K, 4), what Darknet has its likeness to the true one grow by.

    It is not the derivative: that by w and h is not halved, the hull's part in DIOU and CIOU has the other sign where
    it comes of x and y, and where boxes do not meet, intersection over union has no part (yolov3_layer.cpp's
    dx_box_iou).
    """
    start, end = _edges(predicted)
    true_start, true_end = _edges(true)
    inner = torch.minimum(end, true_end) - torch.maximum(start, true_start)
    meet = (inner > 0).all(-1, keepdim=True)
    intersection, size = inner.prod(-1, keepdim=True), end - start
    union = size.prod(-1, keepdim=True) + true[..., 2:].prod(-1, keepdim=True) - intersection
    # Of an area, the derivative by an edge is the length of the other axis; flip(-1) exchanges the axes.
    by_inner = [-inner.flip(-1) * (start > true_start), inner.flip(-1) * (end < true_end)]
    by_union = [by_area - by for by_area, by in zip([-size.flip(-1), size.flip(-1)], by_inner)]
    by_edges = [torch.where(union > 0, (union * inside - intersection * outside) / union.square(), 0)
                for inside, outside in zip(by_inner, by_union)]
    hull = torch.maximum(end, true_end) - torch.minimum(start, true_start)
    out = [start < true_start, end > true_end]
    if kind == "GIOU":
        area = hull.prod(-1, keepdim=True)
        by_hull = [-hull.flip(-1) * out[0], hull.flip(-1) * out[1]]
        terms = [(area * of_union - union * of_hull) / area.square() for of_union, of_hull in zip(by_union, by_hull)]
        by_edges = [torch.where(meet, by + term, term) for by, term in zip(by_edges, terms)]
    gradient = torch.cat([by_edges[0] + by_edges[1], by_edges[1] - by_edges[0]], dim=-1)
    if kind in ("DIOU", "CIOU"):
        term = _distance_gradient(predicted, true, hull, out)
        if kind == "CIOU":
            term = term + _shape_gradient(predicted, true, intersection / union)
        gradient = torch.where(meet, gradient + term, term)
    return gradient


def _edges(boxes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Left and top, and right and bottom, each as a last axis."""
    half = boxes[..., 2:] / 2
    return boxes[..., :2] - half, boxes[..., :2] + half


def _distance_gradient(predicted, true, hull, out) -> torch.Tensor:
    away = true[..., :2] - predicted[..., :2]
    distance, diagonal = away.square().sum(-1, keepdim=True), hull.square().sum(-1, keepdim=True)
    starts, ends = (flags.to(hull) for flags in out)
    by_center = (2 * away * diagonal - 2 * hull * (ends - starts) * distance) / diagonal.square()
    by_size = hull * (ends + starts) * distance / diagonal.square()
    return torch.cat([by_center, by_size], dim=-1)


def _shape_gradient(predicted, true, overlap) -> torch.Tensor:
    _, weight = _unlike_shapes(predicted, true, overlap.squeeze(-1))
    angle = 8 / math.pi ** 2 * weight * (_angle(true) - _angle(predicted))
    zero = torch.zeros_like(angle)
    return torch.stack([zero, zero, angle * predicted[..., 3], -angle * predicted[..., 2]], dim=-1)


def _unlike_shapes(predicted, true, overlap) -> tuple[torch.Tensor, torch.Tensor]:
    """CIOU's measure of how unlike the boxes' proportions are, and its weight."""
    unlike = 4 / math.pi ** 2 * (_angle(true) - _angle(predicted)).square()
    return unlike, unlike / (1 - overlap + unlike + 1e-6)


def _angle(boxes: torch.Tensor) -> torch.Tensor:
    return torch.atan(boxes[..., 2] / boxes[..., 3])
