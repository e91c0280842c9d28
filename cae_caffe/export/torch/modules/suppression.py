"""Greedy suppression of boxes that overlap better ones."""

from __future__ import annotations

import torch
from torch import nn


class CaffeSuppression(nn.Module):
    """Base of modules that find boxes, of which those are left out that overlap better ones too much."""

    def suppress(self, boxes, most=None):
        """The numbers of the boxes (M, 4), the best first, that are kept, `most` at most.

        From the first on each is kept that `may_stay` beside all that are kept before it.
        """
        kept: list[torch.Tensor] = []
        left = torch.arange(len(boxes), device=boxes.device)
        while len(left) and len(kept) != most:
            best, left = left[0], left[1:]
            kept.append(best)
            left = left[self.may_stay(self.overlap(boxes[best], boxes[left]))]
        return torch.stack(kept) if kept else left[:0]

    def overlap(self, box, boxes):
        """The part (M,) that the intersections of a box (4,) with others (M, 4) have of the unions."""
        raise NotImplementedError

    def may_stay(self, overlaps):
        """Whether boxes with these overlaps with a better one are no less for it."""
        raise NotImplementedError
