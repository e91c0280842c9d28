"""What combines bottoms, or entries of one: SpatialProduct, BatchReduction, InnerDistance, MergeCrop, Affinity."""

from __future__ import annotations

from typing import Any

from ...modules.combining import CaffeAffinity, CaffeCenterDistance, CaffeInnerDistance, CaffeMergeCrop
from ...registry import exports
from ...writing import LayerWriter


@exports("SpatialProduct")
def spatial_product(layer: LayerWriter) -> str:
    """The product."""
    return " * ".join(layer.bottoms)


@exports("BatchReduction")
def batch_reduction(layer: LayerWriter) -> str:
    """Sums and means, of the diagonal, or of each piece."""
    settings, x = layer.layer, layer.bottoms[0]
    axis = settings.axis
    if settings.on_diagonal:
        x = f"{x}.diagonal(dim1={axis}, dim2={axis + 1})" + ("" if len(layer.bottom_shapes[0]) == axis + 2 else
                                                             f".movedim(-1, {axis})")
    if not settings.pieces:
        return f"{x}{_reduced(settings)}"
    if len(settings.pieces) == 1:
        return f"{x}{_reduced(settings)}.unsqueeze({axis})"
    return f"torch.stack([part{_reduced(settings)} for part in {x}.split({settings.pieces}, {axis})], {axis})"


def _reduced(settings) -> str:
    reduction, axis = settings.reduction, settings.axis
    if reduction.operation == "TOPK":   # sorted, as torch.topk takes any of equal values
        return (f".sort(dim={axis}, descending=True, stable=True).values.narrow({axis}, 0, {reduction.k})"
                f".mean({axis})")
    return f".{reduction.operation.lower()}({axis})"


@exports("InnerDistance")
def inner_distance(layer: LayerWriter) -> str:
    """A module of its own; labels have a say in the gradient alone."""
    settings, param = layer.layer, layer.param.inner_distance_param
    options: dict[str, Any] = {} if settings.axis == 1 else {"axis": settings.axis}
    if settings.norm == 1:
        options["norm"] = 1
    if settings.has_weights:
        options["vectors"] = (param.num_output, settings.features)
    if settings.has_weights and param.normalize:
        options["normalize"] = True
    return layer.apply(CaffeCenterDistance if settings.has_labels else CaffeInnerDistance, **options,
                       state={"weight": 0} if settings.has_weights else {})


@exports("MergeCrop")
def merge_crop(layer: LayerWriter) -> str:
    """A module of its own."""
    settings = layer.layer
    switches = {"values": settings.is_forward, "gradients": settings.is_backward}
    defaults = {"values": (True, True), "gradients": (True, False)}
    return layer.apply(CaffeMergeCrop, **({"add": True} if settings.adds else {}),
                       **{name: switch for name, switch in switches.items() if switch != defaults[name]})


@exports("Affinity")
def affinity(layer: LayerWriter) -> list[str]:
    """A module of its own for each bottom."""
    return [f"{layer.module(CaffeAffinity, *([offset] if offset else []))}({x})"
            for x, offset in zip(layer.bottoms, layer.layer.offsets)]
