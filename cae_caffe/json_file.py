"""Reading JSON files that hold an object."""

from __future__ import annotations

import json
import os
from pathlib import Path

from .errors import InputError


def read_object(path: str | os.PathLike, remedy: str) -> dict:
    """The object in the JSON file at `path`.

    FileNotFoundError if there is no such file. Raises InputError, which ends with `remedy`, if it cannot be read, is
    no JSON, holds anything but an object, or text that cannot be written again (half a character of two).
    """
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    except FileNotFoundError:
        raise
    except OSError as error:
        raise InputError(f"{path}: this cannot be read: {error.strerror}; {remedy}.") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"{path}: this is no JSON ({error}); {remedy}.") from error
    if not isinstance(found, dict):
        raise InputError(f"{path}: this holds no JSON object; {remedy}.")
    return found
