"""pycaffe's settings for training on several GPUs at once, which needs NCCL; this engine trains on one device."""

from __future__ import annotations

from ..errors import InputError

REMEDY = "leave it out, or train other seeds on the other GPUs, each in a process of its own"


def has_nccl() -> bool:
    """Whether NCCL is there: never, as in Caffe built without it."""
    return False


def solver_count() -> int:
    """How many solvers train one net together."""
    return 1


def solver_rank() -> int:
    """Which of the solvers that train one net together this process runs."""
    return 0


def set_solver_count(count: int) -> None:
    """Accepts 1 alone. Raises InputError for more: each solver would have to leave out the others' data."""
    if count != 1:
        raise InputError(f"set_solver_count({count}): this engine trains one net with one solver; {REMEDY}.")


def set_solver_rank(rank: int) -> None:
    """Accepts 0 alone, the only solver's. Raises InputError for others."""
    if rank != 0:
        raise InputError(f"set_solver_rank({rank}): this engine trains one net with one solver, rank 0; {REMEDY}.")


def set_multiprocess(multiprocess: bool) -> None:
    """Accepted for scripts that say it; with a single solver it has no effect, as in Caffe."""


class NCCL:
    """Present for scripts that name it; to make one, or its uid, raises InputError."""

    def __init__(self, solver, uid):
        raise _no_nccl()

    @staticmethod
    def new_uid():
        raise _no_nccl()


def _no_nccl() -> InputError:
    return InputError(f"caffe.NCCL: training one net on several GPUs is not supported; {REMEDY}.")
