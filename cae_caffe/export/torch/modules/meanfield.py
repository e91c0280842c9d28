"""A conditional random field over the pixels of an image, as iterations of a network."""

from __future__ import annotations

import math

import torch
from torch import nn


class CaffePermutohedral(nn.Module):
    """Base of what filters points by a Gaussian of their features, in time that grows with their number alone.

    Adams, Baek and Davis 2010, "Fast High-Dimensional Filtering Using the Permutohedral Lattice": points give their
    values to the corners of the simplex that they lie in, corners are blurred with their neighbours along each axis of
    the lattice, and points take the values back. Of d features a lattice has d + 1 axes.
    """

    def lattice(self, features):
        """What `filter` needs, for points of these features (points, d), in standard deviations, float32.

        For each corner of the simplices the number of the vertex at that of each point, and the point's weight there;
        and for each axis the vertices before each vertex, then those behind each, and their count where none is.
        """
        if not (features.abs() < 2.0**31).all():
            raise ValueError("features are no numbers or too large; correct them, or give larger standard deviations")
        keys, weights = self.corners(features.double())
        margin = keys.shape[2] + 1
        low = keys.amin((0, 1)) - margin
        lengths = keys.amax((0, 1)) + margin + 1 - low
        if lengths.double().log2().sum() >= 63:
            raise ValueError("features lie too far apart; give larger standard deviations")
        factors = torch.cat([lengths[1:].flip(0).cumprod(0).flip(0), lengths.new_ones(1)])
        vertices, corners = torch.unique(((keys - low) * factors).sum(-1), return_inverse=True)
        return corners.T, weights.to(features.dtype).T, self.neighbours(vertices, factors)

    def corners(self, features):
        """The corners around each point, (points, d + 1, d), without their last coordinate, and its weights there."""
        axes = features.shape[1] + 1
        elevated = self.elevated(features)
        nearest = (elevated / axes).round() * axes
        order = torch.argsort(nearest - elevated, dim=1, stable=True)
        rank = torch.argsort(order, dim=1) + (nearest.sum(1, keepdim=True) / axes).round().long()
        turn = axes * ((rank < 0).long() - (rank >= axes).long())
        rank, nearest = rank + turn, nearest + turn
        parts = (elevated - nearest) / axes
        # Of the parts in falling order of rank, each less the one before it; the first also 1 less the last.
        ordered = torch.zeros_like(parts).scatter(1, axes - 1 - rank, parts)
        weights = ordered - torch.cat([ordered[:, -1:] - 1, ordered[:, :-1]], 1)
        remainders = torch.arange(axes, device=features.device)[:, None]
        wraps = rank[:, None, :-1] > axes - 1 - remainders
        return nearest[:, None, :-1].long() + remainders - axes * wraps.long(), weights

    def elevated(self, features):
        """The features in the plane of the lattice, (points, d + 1), scaled for the blur's own standard deviation."""
        axes = features.shape[1] + 1
        counts = torch.arange(1, axes, dtype=features.dtype, device=features.device)
        scaled = features * math.sqrt(2 / 3) * axes / (counts * (counts + 1)).sqrt()
        zero = torch.zeros_like(scaled[:, :1])
        behind = scaled.flip(1).cumsum(1).flip(1)       # the sum from each on
        return torch.cat([behind, zero], 1) - torch.cat([zero, counts * scaled], 1)

    def neighbours(self, vertices, factors):
        count, axes = len(vertices), len(factors) + 1
        found = []
        for axis in range(axes):
            step = -factors.sum() + (axes * factors[axis] if axis < axes - 1 else 0)
            beside = torch.cat([vertices + step, vertices - step])
            places = torch.searchsorted(vertices, beside).clamp(max=count - 1)
            found.append(torch.where(vertices[places] == beside, places, count))
        return found

    def filter(self, rows, lattice):
        """The rows (points, ...) filtered, not normalized."""
        corners, weights, neighbours = lattice
        weights = weights[:, :, None].to(rows.dtype)
        count = len(neighbours[0]) // 2
        spread = rows.new_zeros(count + 1, rows.shape[1])       # the last is of no vertex, and stays 0
        for corner, weight in zip(corners, weights):
            spread = spread.index_add(0, corner, rows * weight)
        for around in neighbours:
            beside = spread[around].reshape(2, count, -1).sum(0)
            spread = torch.cat([spread[:-1] + 0.5 * beside, spread[-1:]])
        return (spread[corners] * weights).sum(0) / (1 + 2.0 ** (1 - len(neighbours)))


class CaffeMeanfield(CaffePermutohedral):
    """CRF-RNN (Zheng and others 2015): `iterations` times q := u - C (S G(p) + B H(p)), p being the softmax of q.

    Called with the unary terms u (N, classes, H, W), the first q, and the images (N, 3, H, W), which have no gradient.
    G is a Gaussian of the place with the standard deviation `gamma` in pixels, H one of the place with `alpha` and of
    the colour with `beta`; both divided by what they make of ones. S, B and C are the parameters.
    """

    def __init__(self, classes, iterations, alpha, beta, gamma):
        super().__init__()
        self.iterations, self.alpha, self.beta, self.gamma = iterations, alpha, beta, gamma
        self.spatial = nn.Parameter(torch.zeros(classes, classes))
        self.bilateral = nn.Parameter(torch.zeros(classes, classes))
        self.compatibility = nn.Parameter(torch.zeros(classes, classes))

    def forward(self, unary, first, images):
        by_place, *by_colour = self.filters(images.detach())
        results = [self.iterated(*each, by_place) for each in zip(unary.flatten(2), first.flatten(2), by_colour)]
        return torch.stack(results).reshape(unary.shape)

    def iterated(self, unary, scores, by_colour, by_place):
        """The last q of an image, (classes, pixels)."""
        for _ in range(self.iterations):
            likely = scores.softmax(0)
            message = (self.spatial @ self.normalized(likely, *by_place)
                       + self.bilateral @ self.normalized(likely, *by_colour))
            scores = unary - self.compatibility @ message
        return scores

    def filters(self, images):
        """The lattice of the places, then that of each image, each with what its filter is multiplied by."""
        rows, columns = (torch.arange(length, dtype=torch.float64, device=images.device) for length in images.shape[2:])
        places = torch.stack(torch.meshgrid(rows, columns, indexing="ij"), -1).flip(-1).reshape(-1, 2)
        colours = images.flatten(2).transpose(1, 2).double() / self.beta
        features = [places / self.gamma, *(torch.cat([places / self.alpha, each], 1) for each in colours)]
        lattices = [self.lattice(each.float()) for each in features]
        ones = images.new_ones(len(places), 1)
        return [(lattice, 1 / (self.filter(ones, lattice) + 1e-20)) for lattice in lattices]

    def normalized(self, values, lattice, norm):
        """The values (classes, pixels) filtered."""
        return (self.filter(values.T, lattice) * norm).T
