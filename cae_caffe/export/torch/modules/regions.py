"""Pooling of regions of images: rows (R, 5) of the image's number in the batch, x1, y1, x2, y2."""

from __future__ import annotations

import torch
from torch import nn


class CaffeRegionPool(nn.Module):
    """Base of poolings of regions, of which the maps are `spatial_scale` times as large as what the corners are of."""

    def __init__(self, spatial_scale):
        super().__init__()
        self.spatial_scale = spatial_scale

    def rounded(self, x):
        """The nearest whole numbers, halves away from 0."""
        towards_zero = x.trunc()
        return towards_zero + x.sign() * ((x - towards_zero).abs() >= 0.5)


class CaffeROIPool(CaffeRegionPool):
    """Fast R-CNN's: the maxima (R, C, rows, columns) of as many bins of each region as `pooled` says, 0 of empty ones.

    Of equal maxima the first has the gradient; regions have none. What is no number is no maximum.
    """

    def __init__(self, pooled, spatial_scale):
        super().__init__(spatial_scale)
        self.pooled = pooled

    def forward(self, maps, regions):
        regions = regions.detach().reshape(-1, 5)
        left, top, right, bottom = self.rounded(regions[:, 1:] * self.spatial_scale).unbind(1)
        rows, no_rows = self.members(top, bottom, self.pooled[0], maps.shape[2])
        columns, no_columns = self.members(left, right, self.pooled[1], maps.shape[3])
        pixels = (regions[:, 0].long()[:, None, None] * maps.shape[2] + rows)[:, :, None, :, None] * maps.shape[3]
        pixels = (pixels + columns[:, None, :, None, :]).flatten(3)
        lowest = torch.finfo(maps.dtype).min
        values = torch.where(maps > lowest, maps, lowest).permute(0, 2, 3, 1).flatten(0, 2)
        maxima = values.gather(0, self.places_of_maxima(values.detach(), pixels))
        maxima = maxima.reshape(-1, *self.pooled, maps.shape[1]).permute(0, 3, 1, 2)
        return maxima.masked_fill((no_rows.unsqueeze(2) | no_columns.unsqueeze(1)).unsqueeze(1), 0)

    def places_of_maxima(self, values, pixels):
        """The rows of `values` (pixels, C) that have each channel's maximum of each bin, whose `pixels` are given, (R,
        rows, columns, most): (bins, C).
        """
        places = [of_bins.gather(1, values[of_bins].max(1).indices) for of_bins in pixels.flatten(1, 2)]
        return torch.cat(places) if places else pixels.new_zeros(0, values.shape[1])

    def members(self, first, last, bins, length):
        """Of regions from `first` to `last`, (R,), the places that each bin holds, (R, bins, most), the last of them
        again in shorter ones, and which bins hold none, (R, bins).
        """
        size = (last - first + 1).clamp_min(1).unsqueeze(1) / bins
        number = torch.arange(bins, device=first.device)
        begin = ((number * size).floor() + first.unsqueeze(1)).clamp(0, length).long()
        end = (((number + 1) * size).ceil() + first.unsqueeze(1)).clamp(0, length).long()
        most = max(1, int((end - begin).max())) if len(first) else 1
        places = begin.unsqueeze(2) + torch.arange(most, device=first.device)
        return torch.minimum(places, end.unsqueeze(2) - 1).clamp(0, length - 1), end <= begin


class CaffePSROIPool(CaffeRegionPool):
    """R-FCN's: the means (R, outputs, group, group) of group x group bins of each region, 0 of an empty one.

    That of bin (i, j) for the output d is of the channel (d group + i) group + j. Regions have no gradient.
    """

    def __init__(self, outputs, group, spatial_scale):
        super().__init__(spatial_scale)
        self.outputs, self.group = outputs, group

    def forward(self, maps, regions):
        regions = regions.detach().reshape(-1, 5)
        first = self.rounded(regions[:, 1:3]) * self.spatial_scale
        last = (self.rounded(regions[:, 3:5]) + 1) * self.spatial_scale
        columns = self.inside(first[:, 0], last[:, 0], maps.shape[3]).to(maps.dtype)
        rows = self.inside(first[:, 1], last[:, 1], maps.shape[2]).to(maps.dtype)
        by_bin = maps.reshape(-1, self.outputs, self.group, self.group, *maps.shape[2:])
        sums = maps.new_zeros(len(regions), self.outputs, self.group, self.group)
        for image, of_image in enumerate(by_bin):
            its = (regions[:, 0].long() == image).nonzero().squeeze(1)
            of_rows = torch.einsum("rih,dijhw->rdijw", rows[its], of_image)
            sums[its] = torch.einsum("rjw,rdijw->rdij", columns[its], of_rows)
        counts = rows.sum(2)[:, None, :, None] * columns.sum(2)[:, None, None, :]
        return sums / counts.clamp_min(1)

    def inside(self, first, last, length):
        """Whether each place of a row or column lies in each bin of the regions from `first` to before `last`, both
        (R,): (R, group, length).
        """
        size = (last - first).clamp_min(0.1).unsqueeze(1) / self.group
        number = torch.arange(self.group, device=first.device)
        begin = (number * size + first.unsqueeze(1)).floor().unsqueeze(2)
        end = ((number + 1) * size + first.unsqueeze(1)).ceil().unsqueeze(2)
        place = torch.arange(length, device=first.device)
        return (place >= begin) & (place < end)
