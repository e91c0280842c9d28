"""Text of list files: paths of HDF5 files or of images, one a line."""

from __future__ import annotations

import codecs
import os
from pathlib import Path


def read_list(path: str | os.PathLike, errors: str = "strict") -> str:
    """The text of the list file at `path`; `errors` as for `bytes.decode`.

    Raises OSError if it cannot be read, and ValueError, whose text is what to say of it, if it is no text or begins
    with a mark that Caffe would take for a part of the first path.
    """
    content = Path(path).read_bytes()
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ValueError("it is UTF-16, as PowerShell writes text, and Caffe reads UTF-8: save it so")
    if content.startswith(codecs.BOM_UTF8):
        raise ValueError("it begins with a byte order mark, which Caffe takes for a part of the first path: save it as "
                         "plain UTF-8")
    if b"\0" in content:
        raise ValueError(f"its line {_line(content, content.index(0))} has a zero byte, so it is no text")
    try:
        return content.decode("utf-8", errors)
    except UnicodeDecodeError as error:
        raise ValueError(f"its line {_line(content, error.start)} is not UTF-8") from None


def reason(error: OSError | ValueError) -> str:
    """Why a list could not be read, out of what `read_list` raised."""
    return getattr(error, "strerror", None) or str(error)


def _line(content: bytes, place: int) -> int:
    return content.count(b"\n", 0, place) + 1
