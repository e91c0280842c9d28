"""Connected parts of an image's labels."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


class CaffeConnectedComponent(nn.Module):
    """Each part of a channel whose pixels have the same label, not 0, and touch above, below or beside, gets a number.

    In the order in which they begin, row by row, from one above the largest label on. 0 stays 0; labels are truncated.
    """

    def forward(self, x):
        labels = x.detach().long()
        places = torch.arange(x.shape[2] * x.shape[3], device=x.device).reshape(x.shape[2:])
        first = self.first_places(labels, places.expand_as(labels))
        begins = ((first == places) & (labels != 0)).long().flatten(2)
        numbers = begins.cumsum(2).gather(2, first.flatten(2)).reshape(x.shape)
        largest = labels.amax((2, 3), keepdim=True).clamp(min=0)
        return torch.where(labels != 0, numbers + largest, 0).to(x.dtype)

    def first_places(self, labels, places):
        """For each pixel the first place of those that are connected with it by pixels of its label."""
        beyond = labels.shape[2] * labels.shape[3]
        below = torch.where(labels[:, :, 1:] == labels[:, :, :-1], 0, beyond)      # added, it keeps numbers apart
        beside = torch.where(labels[..., 1:] == labels[..., :-1], 0, beyond)
        while True:
            least = places
            for neighbours in (F.pad(places[:, :, 1:] + below, (0, 0, 0, 1), value=beyond),
                               F.pad(places[:, :, :-1] + below, (0, 0, 1, 0), value=beyond),
                               F.pad(places[..., 1:] + beside, (0, 1), value=beyond),
                               F.pad(places[..., :-1] + beside, (1, 0), value=beyond)):
                least = torch.minimum(least, neighbours)
            # Each takes its first place's first place, so that far parts are found in few steps.
            after = least.flatten(2).gather(2, least.flatten(2)).reshape(places.shape)
            if torch.equal(after, places):
                return places
            places = after
