"""FlowNet2's layers for images that move: Correlation, FlowWarp, ChannelNorm, Mean and DataAugmentation."""

from __future__ import annotations

import math
from typing import Any

from .....engine.layers.forks import data_augmentation
from ...literals import literal, times
from ...modules.augmentation import CaffeCenterCut, CaffeMeanImage, CaffeRunningMean
from ...modules.flow import CaffeCorrelation, CaffeCorrelation1d, CaffeFlowWarp
from ...registry import Inexpressible, exports
from ...writing import LayerWriter


@exports("Correlation", "Correlation1D")
def correlation(layer: LayerWriter) -> str:
    """A module of its own."""
    param = layer.param.correlation_param
    options: dict[str, Any] = {name: value for name, value, default in (
        ("stride_1", param.stride_1, 1), ("stride_2", param.stride_2, 1), ("pad", param.pad, 0)) if value != default}
    if layer.layer.subtracts:
        options["subtract"] = True
    kind = CaffeCorrelation
    if layer.type == "Correlation1D":
        kind = CaffeCorrelation1d
        if param.single_direction:
            options["direction"] = param.single_direction
    return layer.apply(kind, param.kernel_size, param.max_displacement, **options)


@exports("FlowWarp")
def flow_warp(layer: LayerWriter) -> str:
    """A module of its own: F.grid_sample rounds where it looks, and takes another border."""
    return layer.apply(CaffeFlowWarp, *([layer.layer.fill] if math.isnan(layer.layer.fill) else []))


@exports("ChannelNorm")
def channel_norm(layer: LayerWriter) -> str:
    """torch.linalg.vector_norm."""
    return f"torch.linalg.vector_norm({layer.bottoms[0]}, dim=1, keepdim=True)"


@exports("Mean")
def mean(layer: LayerWriter) -> list[str]:
    """The difference or the sum, as Python writes it; for all bottoms one constant, or of a `file` one module."""
    param, values = layer.param.mean_param, layer.layer.mean.cpu().numpy()
    if param.has("file"):
        module = layer.module(CaffeMeanImage, values.shape, state={"mean": values})
        terms = [f"{module}({x})" for x in layer.bottoms]
    else:
        numbers = literal(tuple(values.ravel().tolist()))
        constant = layer.constant(f"torch.tensor({numbers}, dtype=torch.float32).reshape(-1, 1, 1)")
        terms = [_repeated(constant, shape[1] // len(values)) for shape in layer.bottom_shapes]
    sums = [f"{times(x, param.input_scale)} + {term}" for x, term in zip(layer.bottoms, terms)]
    return sums if param.output_scale == 1 else [times(f"({one})", param.output_scale) for one in sums]


def _repeated(constant: str, number: int) -> str:
    return f"{constant}.repeat({number}, 1, 1)" if number > 1 else constant


@exports("DataAugmentation")
def data_augmentation_at_test_time(layer: LayerWriter) -> str:
    """A module that cuts, and a difference, or a module, for the mean."""
    x, param = layer.bottoms[0], layer.param.augmentation_param
    if data_augmentation.cuts(param):
        cut = f"{layer.module(CaffeCenterCut, (param.crop_height, param.crop_width))}({x})"
        x = layer.let(cut) if param.recompute_mean or param.mean else cut
    if param.recompute_mean:
        return f"{_running_mean(layer)}({x})"
    if param.mean and not param.mean_per_pixel:
        values = f"torch.tensor({literal(tuple(param.mean))}, dtype=torch.float32)"
        return f"{x} - {layer.constant(f'{values}.reshape(3, 1, 1)')}"
    return x


def _running_mean(layer: LayerWriter) -> str:
    passes, wanted = int(layer.array(0).item()), layer.param.augmentation_param.recompute_mean
    if passes + 1 <= wanted:
        raise Inexpressible(f"`recompute_mean: {wanted}` takes the mean of so many passes, of which its weights have "
                            f"{passes}, and what the module computes does not depend on passes before")
    options: dict[str, Any] = {"per_pixel": True} if layer.param.augmentation_param.mean_per_pixel else {}
    return layer.module(CaffeRunningMean, layer.array(1).shape[1:], **options,
                        state={"passes": 0, "mean_image": 1, "mean": 2})
