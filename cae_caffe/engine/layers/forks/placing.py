"""Values put at places of a larger plane, as unpooling puts back the maxima that pooling took out."""

from __future__ import annotations

import torch

from ....errors import InputError
from ...blob import Blob, Shape, shape_string
from .constant import zero_gradients


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
    least, largest = torch.aminmax(mask) if mask.numel() else (mask.new_zeros(()),) * 2
    if not (least >= 0 and largest < count):        # nor if one is no number
        outside = ~((mask >= 0) & (mask < count))
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
    places, stays = _which_stay(places.expand_as(flat), size)
    planes = flat.new_zeros(*flat.shape[:2], size[0] * size[1])
    if stays is None:
        return planes.scatter_(2, places, flat).unflatten(2, size)
    return planes.scatter_add_(2, places, torch.where(stays, flat, 0)).unflatten(2, size)


def take(planes: torch.Tensor, places: torch.Tensor, out: torch.Tensor) -> None:
    """The way back of `put`: write into `out` (N, C, h, w) what of the `planes` is at each place, and zero where
    another value stays there.
    """
    places, stays = _which_stay(places.expand(*out.shape[:2], -1), (planes.shape[2], planes.shape[3]))
    taken = planes.flatten(2).gather(2, places)
    out.copy_((taken if stays is None else torch.where(stays, taken, 0)).view(out.shape))


def backward(top_diff: torch.Tensor, propagate_down: list[bool], bottom: list[Blob], places: torch.Tensor) -> None:
    """The backward pass of a layer that puts the values of its first bottom; places have no gradient."""
    if propagate_down[0]:
        take(top_diff, places, bottom[0].diff)
    zero_gradients(propagate_down[1:], bottom[1:])


def _which_stay(places: torch.Tensor, size: Shape) -> tuple[torch.Tensor, torch.Tensor | None]:
    """The places, and whether the value that is put at each stays there: None if all do, as after most poolings."""
    numbers = torch.arange(places.shape[2], dtype=torch.int32, device=places.device).expand_as(places)
    owners = numbers.new_empty(*places.shape[:2], size[0] * size[1])
    if torch.equal(owners.scatter_(2, places, numbers).gather(2, places), numbers):
        return places, None
    last = owners.zero_().scatter_reduce_(2, places, numbers, "amax")
    return places, last.gather(2, places) == numbers
