"""Values put at places of a larger plane, as unpooling puts back the maxima that pooling took out."""

from __future__ import annotations

import torch

from ....errors import InputError
from ...blob import Shape, shape_string


def check_mask(mask: Shape, values: Shape) -> None:
    """Raises InputError unless a mask of the shape `mask` has one place for each value of a blob of shape `values`."""
    if mask != values:
        raise InputError(f"its bottoms have the shapes {shape_string(values)} and {shape_string(mask)}; the second has "
                         "the places of the first one's values, so both must be of one shape.")


def places_of(mask: torch.Tensor, size: Shape) -> torch.Tensor:
    """The places that a mask holds, such as the second top of a Pooling layer: row by row in a plane of `size`.

    Returns int64 (N, C, places). Raises InputError for a place outside the plane.
    """
    count = size[0] * size[1]
    outside = ~((mask >= 0) & (mask < count))
    if outside.any():
        raise InputError(f"its second bottom says that a value lies at place {mask[outside][0].item():g}, and the "
                         f"planes of its top, {size[0]}x{size[1]}, have the places 0 to {count - 1}. The second bottom "
                         "must be the second top of a Pooling layer with `pool: MAX` whose bottom is as high and wide "
                         "as this top.")
    return mask.detach().flatten(2).long()


def put(values: torch.Tensor, places: torch.Tensor, size: Shape) -> torch.Tensor:
    """Planes of `size`, zero but for the `values` (N, C, h, w), each at its place (N or 1, C or 1, h * w); the last of
    several that are put at one place stays there, and it alone has a gradient.
    """
    flat = values.flatten(2)
    places = places.expand_as(flat)
    count = size[0] * size[1]
    numbers = torch.arange(flat.shape[2], dtype=torch.int32, device=flat.device).expand_as(flat)
    last = numbers.new_zeros(*flat.shape[:2], count).scatter_reduce_(2, places, numbers, "amax")
    staying = torch.where(last.gather(2, places) == numbers, flat, 0)
    return flat.new_zeros(*flat.shape[:2], count).scatter_add(2, places, staying).unflatten(2, size)
