"""MalisLoss: whether pixels of one object are joined by sure affinities, and those of two are not."""

from __future__ import annotations

import math

import numpy as np
import torch

from ....errors import InputError
from ...blob import shape_string
from ...layer import between
from ...traits import Traits
from ..loss import LossLayer
from ..registry import register

LEAST_AXES, MOST_AXES = 3, 5
AXES = 3                # of an image, at most: depth, height and width


@register("MalisLoss")
class MalisLoss(LossLayer):
    """Turaga and others 2009, constrained: half of each of two sums, over a batch of N.

    The bottoms are affinities (N, edges, [[D,] H,] W), the true ones, and the numbers of the objects (N, 1 or 2, ...),
    0 for none; a fourth gives for each edge the step (depth, height, width) to the pixel that it joins, by default one
    step along each axis, the last axes for fewer edges than three. For each pair of pixels in two objects the loss is
    a**2, for each pair in one object (1 - a)**2, over the number of such pairs, with a the weakest affinity on the
    best path between them; affinities are the larger of those given and the true ones for the former, and the smaller
    for the latter. Of two channels of objects the first counts for the former and the second for the latter. The
    second top is the first bottom. The gradient is the fork's: that of a maximin edge, -(1 - a) or a for each pair,
    over 2, for each image whatever N (naibaf7/caffe's src/caffe/layers/malis_loss_layer.cpp, in which threads of a
    batch spoil each other's gradients, the weight of the loss does not count, and steps back are read as far ones).
    """

    traits = Traits(capturable=False)
    bottoms = between(3, 4)
    tops = between(1, 2)

    def allows_forced_backward(self, bottom_index):
        return bottom_index == 0

    def shapes(self, bottom_shapes):
        loss_shape = super().shapes(bottom_shapes)
        affinity, true, objects = bottom_shapes[:3]
        if not LEAST_AXES <= len(affinity) <= MOST_AXES or true != affinity:
            raise InputError(f"its bottoms have shapes {shape_string(affinity)} and {shape_string(true)}; both must be "
                             "alike, of a batch, edges, and one to three axes of the image.")
        if objects[:1] != affinity[:1] or objects[2:] != affinity[2:] or objects[1] not in (1, 2):
            raise InputError(f"its third bottom has shape {shape_string(objects)}; the numbers of objects are one or "
                             f"two channels of images as large as those of the first, {shape_string(affinity)}.")
        edges = affinity[1]
        if len(bottom_shapes) == 3 and edges > AXES:
            raise InputError(f"it has {edges} edges; give for more than three a fourth bottom with their steps.")
        if len(bottom_shapes) == 4 and math.prod(bottom_shapes[3]) != edges * AXES:
            raise InputError(f"its fourth bottom has shape {shape_string(bottom_shapes[3])}; give three steps for each "
                             f"of the {edges} edges.")
        return [*loss_shape, affinity]

    def forward(self, bottom, top):
        total, _ = self._losses(bottom)
        top[0].data.fill_(total)
        if len(top) == 2:
            top[1].data.copy_(bottom[0].data)

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, *range(1, len(bottom)))
        if propagate_down[0]:
            _, slopes = self._losses(bottom)
            bottom[0].diff.copy_(torch.from_numpy(slopes)).mul_(top[0].diff)

    def _losses(self, bottom) -> tuple[float, np.ndarray]:
        """The loss, and the gradient of a loss of weight 1."""
        given, true, objects = (blob.data.cpu().numpy().astype(np.float64) for blob in bottom[:3])
        number, edges = given.shape[:2]
        size = (1,) * (AXES - given.ndim + 2) + given.shape[2:]
        steps = bottom[3].data.cpu().numpy().reshape(edges, AXES).astype(np.int64) if len(bottom) == 4 else (
            np.eye(AXES, dtype=np.int64)[AXES - edges:])
        ends = [_ends(size, step) for step in steps]
        total, slopes = 0.0, np.zeros(given.shape, np.float32)
        for image in range(number):
            for of_one, weights in ((False, np.maximum(given[image], true[image])),
                                    (True, np.minimum(given[image], true[image]))):
                numbers = objects[image, -1 if of_one else 0].astype(np.int64).ravel()
                loss, slope = _malis(weights.reshape(edges, -1), ends, numbers, of_one)
                total += loss / 2
                slopes[image] += slope.reshape(given.shape[1:]) / 2
        return total / max(1, number), slopes


def _ends(size: tuple[int, ...], step: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pixels of which one is `step` from the other, both within the image, as flat numbers."""
    places = np.indices(size).reshape(AXES, -1)
    targets = places + step[:, np.newaxis]
    within = np.all((targets >= 0) & (targets < np.array(size)[:, np.newaxis]), axis=0)
    return np.flatnonzero(within), np.ravel_multi_index(tuple(targets[:, within]), size)


def _malis(weights: np.ndarray, ends, numbers: np.ndarray, of_one: bool) -> tuple[float, np.ndarray]:
    """The loss of one image's pairs in one object, or in two, and its gradient by the weights (edges, pixels)."""
    sizes = np.unique(numbers[numbers != 0], return_counts=True)[1].astype(np.float64)
    pairs_in_one = float(np.sum(sizes * (sizes - 1) / 2))
    pairs = pairs_in_one if of_one else float(sizes.sum() * (sizes.sum() - 1) / 2) - pairs_in_one
    slopes = np.zeros(weights.shape)
    if not pairs:
        return 0.0, slopes
    loss = 0.0
    for edge, pixel, counts in _joins(weights, ends, numbers):
        first, second = counts
        same = sum(count * second.get(number, 0) for number, count in first.items())
        joined = same if of_one else sum(first.values()) * sum(second.values()) - same
        missing = 1 - weights[edge, pixel] if of_one else -weights[edge, pixel]
        loss += missing**2 * joined
        slopes[edge, pixel] = -missing * joined / pairs
    return loss / pairs, slopes


def _joins(weights: np.ndarray, ends, numbers: np.ndarray):
    """Kruskal's maximal tree: its edges, the strongest first, and how many pixels of which object each one joins."""
    edges = np.concatenate([np.full(len(first), edge) for edge, (first, _) in enumerate(ends)])
    firsts, seconds = (np.concatenate([pair[i] for pair in ends]) for i in (0, 1))
    order = np.argsort(-weights[edges, firsts], kind="stable")
    parents = list(range(len(numbers)))
    counts: list[dict[int, int]] = [{number: 1} if number else {} for number in numbers.tolist()]

    def root(pixel: int) -> int:
        while parents[pixel] != pixel:
            parents[pixel] = parents[parents[pixel]]
            pixel = parents[pixel]
        return pixel

    for edge, first, second in zip(edges[order].tolist(), firsts[order].tolist(), seconds[order].tolist()):
        one, other = root(first), root(second)
        if one == other:
            continue
        yield edge, first, (counts[one], counts[other])
        if len(counts[one]) < len(counts[other]):
            one, other = other, one
        parents[other] = one
        for number, count in counts[other].items():
            counts[one][number] = counts[one].get(number, 0) + count
        counts[other] = {}
