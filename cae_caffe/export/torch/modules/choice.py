"""Where the largest values are."""

from __future__ import annotations

import torch
from torch import nn


class CaffeArgMax(nn.Module):
    """The places of the `top_k` largest values, floats, in falling order; of equal values the last comes first.

    Along `axis`, or, if `out_max_val`, the values themselves. Without an axis of all that belongs to one row of x:
    (rows, 1, top_k), or with `out_max_val` (rows, 2, top_k), places before values; further axes, of length 1, follow
    until there are as many as x has.
    """

    def __init__(self, top_k=1, axis=None, out_max_val=False):
        super().__init__()
        self.top_k, self.axis, self.out_max_val = top_k, axis, out_max_val

    def forward(self, x):
        if self.axis is not None:
            places, values = self.largest(x, self.axis)
            return values if self.out_max_val else places
        places, values = self.largest(x.flatten(1) if x.dim() > 1 else x.unsqueeze(1), 1)
        y = torch.stack([places, values], 1) if self.out_max_val else places.unsqueeze(1)
        return y.reshape(y.shape + (1,) * (x.dim() - 3))

    def largest(self, x, axis):
        values, places = torch.sort(x.flip(axis), dim=axis, descending=True, stable=True)
        places = x.shape[axis] - 1 - places.narrow(axis, 0, self.top_k)
        return places.to(x.dtype), values.narrow(axis, 0, self.top_k)
