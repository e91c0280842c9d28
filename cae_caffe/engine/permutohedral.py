"""Filtering of many points by a Gaussian of their features, in time that grows with their number alone.

Adams, Baek and Davis 2010, "Fast High-Dimensional Filtering Using the Permutohedral Lattice". Points give their values
to the corners of the simplex that they lie in, corners are blurred with their neighbours along each axis of the
lattice, and points take the values back. Of d features a lattice has d + 1 axes.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from ..errors import InputError

FARTHEST = 2.0 ** 31        # no feature may be as large: CRF-RNN's Caffe counts in whole numbers of 32 bits


class Permutohedral:
    """The lattice of points with these features, (points, d), in units of the Gaussian's standard deviation.

    As in CRF-RNN's Caffe (torrvision/caffe's src/caffe/util/modified_permutohedral.cpp). Raises InputError for features
    that are no numbers, or too large or too far apart.

    `vertices` is the number of its vertices; `corners` and `weights` have, for each corner of a simplex, the vertex at
    that of each point, and the point's weight there; `neighbours`, for each axis, the vertices before each vertex, and
    then those behind each, `vertices` where there is none; and `scale` multiplies what is filtered.
    """

    def __init__(self, features: np.ndarray, device: torch.device):
        points, dimensions = features.shape
        if not (np.abs(features) < FARTHEST).all():
            raise InputError("A place or a colour is no number, or too many standard deviations from 0 for the "
                             "permutohedral lattice; correct the images, or give larger standard deviations.")
        keys, weights = _corners(features.astype(np.float64))
        code = _Code(keys)
        vertices, numbers = np.unique(code.of(keys), return_inverse=True)
        self.vertices = len(vertices)
        self.corners = list(torch.from_numpy(numbers.reshape(points, dimensions + 1).T.copy()).to(device))
        self.weights = list(torch.from_numpy(weights.astype(np.float32).T.copy()).to(device)[:, :, None])
        self.neighbours = [torch.from_numpy(numbers).to(device) for numbers in _neighbours(vertices, code)]
        self.scale = 1 / (1 + 2.0**-dimensions)

    def filter(self, values: torch.Tensor) -> torch.Tensor:
        """The values (channels, points) filtered, not normalized; differentiable."""
        rows = values.T.contiguous()
        spread = rows.new_zeros(self.vertices + 1, rows.shape[1])      # the last is of no vertex, and stays 0
        for corner, weight in zip(self.corners, self.weights):
            spread = spread.index_add(0, corner, rows * weight.to(rows.dtype))
        absent = torch.zeros_like(spread[-1:])
        for around in self.neighbours:
            beside = spread.index_select(0, around).view(2, self.vertices, -1).sum(0)
            spread = torch.cat([torch.add(spread[:-1], beside, alpha=0.5), absent])
        terms = [spread.index_select(0, corner) * weight.to(rows.dtype)
                 for corner, weight in zip(self.corners, self.weights)]
        return (torch.stack(terms).sum(0) * self.scale).T


def _corners(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The corners around each point, (points, d + 1, d), without their last coordinate; and barycentric weights."""
    points, dimensions = features.shape
    elevated = _elevated(features)
    nearest = np.rint(elevated / (dimensions + 1)) * (dimensions + 1)
    beyond = np.rint(nearest.sum(1) / (dimensions + 1)).astype(np.int64)
    order = np.argsort(-(elevated - nearest), axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(dimensions + 1)[np.newaxis], axis=1)
    rank += beyond[:, np.newaxis]
    low, high = rank < 0, rank > dimensions
    nearest += (dimensions + 1) * (low.astype(np.float64) - high)
    rank += (dimensions + 1) * (low.astype(np.int64) - high)

    parts = (elevated - nearest) / (dimensions + 1)
    weights = np.zeros((points, dimensions + 2))
    rows = np.arange(points)[:, np.newaxis]
    np.add.at(weights, (rows, dimensions - rank), parts)
    np.subtract.at(weights, (rows, dimensions + 1 - rank), parts)
    weights[:, 0] += 1 + weights[:, -1]

    remainders = np.arange(dimensions + 1)[np.newaxis, :, np.newaxis]
    ranks = rank[:, np.newaxis, :dimensions]
    steps = remainders - (dimensions + 1) * (ranks > dimensions - remainders)
    keys = nearest[:, np.newaxis, :dimensions].astype(np.int64) + steps
    return keys, weights[:, :-1]


def _elevated(features: np.ndarray) -> np.ndarray:
    """The features in the plane of the lattice, (points, d + 1), scaled for the blur's own standard deviation."""
    points, dimensions = features.shape
    counts = np.arange(1, dimensions + 1)
    scaled = features * np.sqrt(2 / 3) * (dimensions + 1) / np.sqrt(counts * (counts + 1))
    behind = np.cumsum(scaled[:, ::-1], axis=1)[:, ::-1]        # the sum from each on
    elevated = np.zeros((points, dimensions + 1))
    elevated[:, :-1] = behind
    elevated[:, 1:] -= counts * scaled
    return elevated


class _Code:
    """A whole number for each corner that `keys` (..., d) have, and for those one step beside them.

    Raises InputError for features so far apart that there are none.
    """

    def __init__(self, keys: np.ndarray):
        flat = keys.reshape(-1, keys.shape[-1])
        margin = keys.shape[-1] + 1
        self._low = flat.min(0) - margin
        lengths = [int(length) for length in flat.max(0) + margin + 1 - self._low]
        if math.prod(lengths) > np.iinfo(np.int64).max:
            raise InputError("Places and colours lie too many standard deviations apart for the permutohedral lattice; "
                             "give larger ones.")
        self.factors = np.array([math.prod(lengths[i + 1:]) for i in range(len(lengths))], np.int64)

    def of(self, keys: np.ndarray) -> np.ndarray:
        return ((keys - self._low) * self.factors).sum(-1)


def _neighbours(vertices: np.ndarray, code: _Code) -> list[np.ndarray]:
    """For each axis the numbers of the vertices before each, and then behind each; their count where none is."""
    count, dimensions = len(vertices), len(code.factors)
    found = []
    for axis in range(dimensions + 1):
        step = -np.ones(dimensions, np.int64)
        if axis < dimensions:
            step[axis] = dimensions
        beside = np.concatenate([vertices + step @ code.factors, vertices - step @ code.factors])
        places = np.searchsorted(vertices, beside).clip(max=count - 1)
        found.append(np.where(vertices[places] == beside, places, count))
    return found
