"""Out of memory: what was asked for, what is there, which layer, and what to do."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator

import torch

from ..errors import CaeCaffeError, RunError
from .spare_memory import spare_memory_and_swap

LARGE = 2**28       # bytes; what is smaller is not worth a look at what is there
_ASKED = re.compile(r"allocate (?:more than )?([\d.]+) ?(bytes|[KMGT]i?B)")
_UNITS = {"bytes": 0, "K": 1, "M": 2, "G": 3, "T": 4}


class TooLargeError(MemoryError):
    """Raised for memory that this machine does not have, before the kernel ends the process that touches it."""


def check(count: int, device: torch.device) -> None:
    """Raises TooLargeError if `count` float32 values have no place in the host's memory; a GPU says so itself."""
    size = 4 * count
    if size < LARGE or device.type != "cpu":
        return
    there = spare_memory_and_swap()
    if there is not None and size > there:
        raise TooLargeError(f"to allocate {size} bytes")


@contextlib.contextmanager
def named(where: str, device: torch.device) -> Iterator[None]:
    """Let a lack of memory in the block raise RunError that names `where`, such as a layer's place."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        tell(error, where, device)
        raise


def tell(error: Exception, where: str, device: torch.device) -> None:
    """Raises RunError, which names `where`, such as a layer's place, if `error` is a lack of memory."""
    if isinstance(error, CaeCaffeError):
        return
    text = str(error)
    on_device = isinstance(error, torch.cuda.OutOfMemoryError)
    if not (on_device or isinstance(error, MemoryError) or "can't allocate memory" in text):
        return
    asked = _ASKED.search(text)
    wanted = _readable(_bytes(*asked.groups())) if asked else "more memory than there is"
    if on_device:
        free, total = torch.cuda.mem_get_info(device)
        there = f"{_readable(free)} of {_readable(total)} are free on the GPU"
        remedy = "Take a smaller batch_size, another GPU (-gpu), or the CPU"
    else:
        free_here = spare_memory_and_swap()
        there = f"{_readable(free_here)} are free on this machine" if free_here is not None else "there is less"
        limit = _limit()
        there += f", and this process may have {_readable(limit)} in all (ulimit -v)" if limit is not None else ""
        remedy = "Take a smaller batch_size or num_output, or end other programs"
    raise RunError(f"{where}: out of memory: {wanted} {'were' if asked else 'was'} asked for, and {there}. "
                   f"{remedy}.") from error


def _bytes(number: str, unit: str) -> int:
    return int(float(number) * 1024 ** _UNITS[unit if unit == "bytes" else unit[0]])


def _readable(size: float) -> str:
    units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
    while size >= 1024 and len(units) > 1:
        size /= 1024
        del units[0]
    return f"{size:.4g} {units[0]}"


def _limit() -> int | None:
    """The bytes of memory that this process may have in all, if it may not have any number of them."""
    if sys.platform == "win32":
        return None
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if soft == resource.RLIM_INFINITY else soft
