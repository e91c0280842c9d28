"""Masks that Pooling layers give, and unpooling reads: which forms are exact depends on where they come from."""

from __future__ import annotations

from ..graph import Node


def is_apart(pooling: Node) -> bool:
    """Whether a mask comes from a pooling whose windows do not overlap, so that no two values have one place."""
    if pooling.type != "Pooling":
        return False
    param = pooling.param.pooling_param
    kernel, stride = ([getattr(param, field) for field in (f"{stem}_h", f"{stem}_w", both) if param.has(field)]
                      for stem, both in (("kernel", "kernel_size"), ("stride", "stride")))
    several = [*param.further_kernel_size, *param.further_stride, *param.dilation]
    return param.global_pooling or (not several and max(kernel) <= min(stride or [1]))
