"""Where a run was made: the versions and the machine, as its record keeps them."""

from __future__ import annotations

import functools
import os
import platform
from importlib import metadata
from pathlib import Path

from ...version import VERSION

LIBRARIES = ("numpy", "torch", "protobuf", "h5py")


def environment() -> dict:
    """Versions of this package, Python and what computes, and the machine; a library that is not there is None."""
    return {"cae-caffe": VERSION, "python": platform.python_version(),
            **{name: _version(name) for name in LIBRARIES},
            "system": f"{platform.system()} {platform.release()}", "machine": platform.machine(),
            "processor": processor(), "cores": os.cpu_count()}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


@functools.cache
def processor() -> str:
    """The processor's name, as far as the system says it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or "unknown"
