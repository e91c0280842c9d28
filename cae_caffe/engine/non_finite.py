"""A look at a pass's values, so that the exact formula for NaN and infinity is paid for only where there are some."""

from __future__ import annotations

import math

import torch


def may_hold_non_finite(*tensors: torch.Tensor) -> bool:
    """Whether some value may be NaN or infinite: one pass, a sum, tells; one that overflows only seems to hold some.

    True on an accelerator, which cannot tell without being waited for.
    """
    return any(values.device.type != "cpu" or not math.isfinite(values.sum()) for values in tensors)
