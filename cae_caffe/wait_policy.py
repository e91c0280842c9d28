"""How OpenMP's threads wait for each other, said before PyTorch is imported: it reads the environment only once.

Threads that wait actively (spinning) gain a fifth to a half on free cores, but where another process takes one of the
cores a net of small kernels runs twenty times slower with them than with passive ones. So passive is the default here,
and `--threads N`, OMP_WAIT_POLICY or GOMP_SPINCOUNT say otherwise.
"""

from __future__ import annotations

import os


def wait_passively() -> None:
    """Let threads sleep while they wait, unless the environment says how they should."""
    if "GOMP_SPINCOUNT" not in os.environ:
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
