"""Products with factors as Caffe's BLAS takes them: of a factor of 0 they are 0, whatever the other value is.

IEEE's product of 0 with infinity, or with what is no number, is no number; BLAS's `scal` and `axpy` do not look at the
values if the factor is 0.
"""

from __future__ import annotations

import torch

from .. import tape


def scaled(values: torch.Tensor, factor: float, out: torch.Tensor | None = None) -> torch.Tensor:
    """`values` times the number `factor`, in `out` if given, which may be `values`."""
    if factor:
        return torch.mul(values, factor, out=out)
    return (torch.empty_like(values) if out is None else out).zero_()


def scaled_by_each(values: torch.Tensor, factors: torch.Tensor, out: torch.Tensor) -> None:
    """`values` times the `factors` that spread over them, in `out`, which may be `values`.

    On an accelerator it is the plain product, as in Caffe's own kernels for GPUs.
    """
    if factors.device.type != "cpu":
        torch.mul(values, factors, out=out)
        return

    def multiply() -> None:
        torch.mul(values, factors, out=out)
        if not factors.all():
            out.masked_fill_(factors == 0, 0)

    tape.call(multiply, reads=(values, factors), writes=(out,))     # a recording looks at the factors each time
