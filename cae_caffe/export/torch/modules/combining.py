"""What combines two inputs, or channels of one, by Caffe's rules."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


class CaffeInnerDistance(nn.Module):
    """Of features x (..., K) and vectors w (number, K) the sums of (x - w)^2, or with `norm` 1 of |x - w|.

    The axes of x from `axis` on are one. The vectors are the parameter `weight`, whose shape is `vectors`, or else a
    second input. With `normalize` the parameter's rows count as divided by their lengths, which are constants to the
    gradient.
    """

    def __init__(self, axis=1, norm=2, vectors=None, normalize=False):
        super().__init__()
        self.axis, self.norm, self.normalize = axis, norm, normalize
        self.weight = nn.Parameter(torch.zeros(vectors)) if vectors else None

    def forward(self, x, *more):
        rows, vectors = self.rows(x, *more)
        return self.distances(rows, vectors).reshape(*x.shape[:self.axis], -1)

    def rows(self, x, *more):
        """Features and vectors, each (rows, K)."""
        vectors = more[0].flatten(1) if self.weight is None else self.weight
        if self.normalize:
            vectors = vectors / (vectors.detach().square().sum(1, keepdim=True) + 1e-6).sqrt()
        return x.reshape(-1, vectors.shape[1]), vectors

    def distances(self, rows, vectors):
        found = torch.cdist(rows, vectors, self.norm, "donot_use_mm_for_euclid_dist")
        return found if self.norm == 1 else found.square()


class CaffeCenterDistance(CaffeInnerDistance):
    """CaffeInnerDistance whose last input are labels: each vector learns from the features of its class alone."""

    def forward(self, x, *more):
        rows, vectors = self.rows(x, *more)
        is_own = more[-1].reshape(-1, 1) == torch.arange(len(vectors), device=x.device)
        found = torch.where(is_own, self.distances(rows, vectors), self.distances(rows, vectors.detach()))
        return found.reshape(*x.shape[:self.axis], -1)


class CaffeMergeCrop(nn.Module):
    """The channels of two inputs, or with `add` their sum; of the second the middle, as large as the first.

    `values` says of each whether its values are in the output, or zeros for them; `gradients` whether it has one. The
    one has no bearing on the other.
    """

    def __init__(self, add=False, values=(True, True), gradients=(True, False)):
        super().__init__()
        self.add, self.values, self.gradients = add, values, gradients

    def forward(self, first, second):
        for axis in range(2, first.dim()):
            length = first.shape[axis]
            second = second.narrow(axis, (second.shape[axis] - length) // 2, length)
        parts = [self.part(*given) for given in zip((first, second), self.values, self.gradients)]
        return parts[0] + parts[1] if self.add else torch.cat(parts, 1)

    def part(self, x, has_values, has_gradient):
        if has_values:
            return x if has_gradient else x.detach()
        return x - x.detach() if has_gradient else torch.zeros_like(x)


class CaffeAffinity(nn.Module):
    """Of the channel `offset`, p, the smaller of p there and p below, and of p there and p to the right.

    The result is (N, 2, H, W), 0 in the last row and column. The gradient goes to the smaller of the two, to the
    neighbour if they are equal, and the negative of it to the other of the first two channels, taken for 1 - p.
    """

    def __init__(self, offset=0):
        super().__init__()
        self.offset = offset

    def forward(self, x):
        p = x[:, self.offset]
        if x.shape[1] > 1:
            rest = x[:, (self.offset + 1) % 2]
            p = p - (rest - rest.detach())
        here, below, right = p[:, :-1, :-1], p[:, 1:, :-1], p[:, :-1, 1:]
        least = [torch.where(here < neighbour, here, neighbour) for neighbour in (below, right)]
        return F.pad(torch.stack(least, 1), (0, 1, 0, 1))
