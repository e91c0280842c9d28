"""What AdaGrad, RMSProp and Adam share: a step divided by the root of a history of squared gradients."""

from __future__ import annotations

import torch

from ...errors import InputError


def divide(step: torch.Tensor, squares: torch.Tensor, delta: float) -> None:
    """step = step / (sqrt(squares) + delta), in place."""
    step.div_(torch.sqrt(squares).add_(delta))


def refuse_momentum(solver_type: str, param) -> None:
    """Raises InputError if `param` gives a momentum, which `solver_type` has not."""
    if param.momentum:
        raise InputError(f"The solver's momentum is {param.momentum:g}, and {solver_type} takes none; leave it out, or "
                         "change `type`.")
