"""Writing files so that nothing half-written is ever seen under its final name."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` on success and remove it on any failure.

    The folder of `path` is made if it is missing. The temporary file does not exist yet when the block starts;
    the block creates it. Renaming is atomic, since both names are in one folder.
    """
    final = Path(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{final.name}.", suffix=".part", dir=str(final.parent))
    os.close(handle)
    part = Path(name)
    part.unlink()
    try:
        yield part
        part.replace(final)
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()


def write_text(path: str | os.PathLike, text: str) -> None:
    r"""Write `text` as UTF-8 with `\n` line ends, by way of `replacing`."""
    with replacing(path) as part:
        part.write_bytes(text.encode("utf-8"))


def write_bytes(path: str | os.PathLike, data: bytes) -> None:
    """Write `data`, by way of `replacing`."""
    with replacing(path) as part:
        part.write_bytes(data)
