"""Messages in files: the text format (prototxt) and the binary one (caffemodel, solverstate, binaryproto)."""

from __future__ import annotations

import codecs
import os
import stat
import warnings
from pathlib import Path

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError

from .. import files
from ..errors import InputError
from .file_kinds import appearance
from .messages import is_repeated
from .text import format_text, parse

MAX_BYTES = 2**31 - 1  # of one binary message, for protobuf and so for Caffe


def read_bytes(path: str | os.PathLike) -> bytes:
    """Return what the file at `path` holds; raise InputError if there is no such file, or it cannot be read."""
    if not os.fspath(path):
        raise InputError("The path of a file is empty; give one.")
    try:
        if _is_endless(path):
            raise InputError(f"{path}: this is a device, and no file.")
        return Path(path).read_bytes()
    except FileNotFoundError:
        folder = "" if Path(path).is_absolute() else f" (relative paths start at {os.getcwd()})"
        raise InputError(f"{path}: there is no such file{folder}.") from None
    except IsADirectoryError:
        raise InputError(f"{path}: this is a folder; the path of a file is needed.") from None
    except (OSError, ValueError) as error:      # ValueError: a zero byte in the path
        raise InputError(f"{path}: the file cannot be read: {getattr(error, 'strerror', None) or error}.") from None


def _is_endless(path: str | os.PathLike) -> bool:
    """Whether a device is at `path`, which may have no end, as /dev/zero has none; a pipe has one."""
    mode = os.stat(path).st_mode
    return (stat.S_ISCHR(mode) and not os.path.samefile(path, os.devnull)) or stat.S_ISBLK(mode)


def read_source(path: str | os.PathLike) -> str:
    """Return the text of the file at `path`; raise InputError if it is not UTF-8 text."""
    data = read_bytes(path)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise InputError(f"{path}: this is text in UTF-16, as PowerShell writes it, and Caffe reads UTF-8; save it "
                             "so.") from None
        line = data.count(b"\n", 0, error.start) + 1
        problem = f"{path}:{line}: byte 0x{data[error.start]:02x} is not UTF-8, so this is not a text file"
        wanted = "; a file of that name holds weights, and a prototxt is wanted here" if _is_named_weights(path) else ""
        raise InputError(f"{problem}{appearance(data)}{wanted}.") from None


def _is_named_weights(path: str | os.PathLike) -> bool:
    return os.fsdecode(path).endswith((".caffemodel", ".caffemodel.h5", ".solverstate", ".solverstate.h5"))


def parse_text(text: str, message_class, name: str = "<string>"):
    """Return `text` parsed as a `message_class`, with `name` for the file in errors (see `schema.text.parse`)."""
    return parse(text, message_class, name)[0]


def read_text(path: str | os.PathLike, message_class):
    """Return the `message_class` in the text file at `path`.

    Raises InputError for a file that cannot be read, and one with `path:line:column` for a mistake in the text.
    """
    return parse_text(read_source(path), message_class, str(path))


def read_binary(path: str | os.PathLike, message_class):
    """Return the `message_class` in the binary file at `path`.

    Raises InputError for a file that cannot be read, that is larger than Caffe can read (2 GB), that is cut off or
    damaged, or that holds something else.
    """
    data = read_bytes(path)
    if len(data) > MAX_BYTES:
        raise InputError(f"{path}: the file has {len(data)} bytes, but a binary message ends at {MAX_BYTES}; "
                         "Caffe keeps larger ones as HDF5 (snapshot_format: HDF5).")
    message = message_class()
    if not _decode(data, message):
        raise InputError(f"{path}: this is not a whole {message_class.DESCRIPTOR.name} in Caffe's binary format"
                         f"{appearance(data)}; it may be cut off, damaged, or another kind of file.")
    return message


def _decode(data: bytes, message) -> bool:
    """Fill `message` from `data`; return whether that was all of it, and complete."""
    try:
        with warnings.catch_warnings(record=True) as stopped:  # protobuf 3.12 warns where it stops half-way
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", RuntimeWarning)
            decoded = message.ParseFromString(data)
        return not stopped and decoded == len(data) and message.IsInitialized() and _is_text(message)
    except (DecodeError, UnicodeDecodeError):
        return False


def _is_text(message) -> bool:
    """Tell whether each string in `message` is UTF-8. Where one is not, some versions of protobuf hand out bytes."""
    for field, value in message.ListFields():
        values = value if is_repeated(field) else (value,)
        if field.message_type and not all(map(_is_text, values)):
            return False
        if field.type == FieldDescriptor.TYPE_STRING and any(isinstance(element, bytes) for element in values):
            return False
    return True


def write_text(message, path: str | os.PathLike) -> None:
    """Write `message` as text (see `format_text`), never half of it."""
    files.write_text(path, format_text(message))


def to_binary(message, name: str | os.PathLike) -> bytes:
    """`message` in binary, the same bytes for the same message; `name` is the file that they are for.

    Raises InputError if a required field is missing or if it would pass the 2 GB that Caffe can read.
    """
    missing = message.FindInitializationErrors()
    if missing:
        raise InputError(f"{name}: {message.DESCRIPTOR.name} cannot be written without {', '.join(missing)}.")
    size = message.ByteSize()
    if size > MAX_BYTES:
        raise InputError(f"{name}: {message.DESCRIPTOR.name} would have {size} bytes, but a binary message ends at "
                         f"{MAX_BYTES}; Caffe keeps larger ones as HDF5 (snapshot_format: HDF5).")
    return message.SerializeToString(deterministic=True)


def write_binary(message, path: str | os.PathLike) -> None:
    """Write what `to_binary` gives, never half of it; InputError as there."""
    files.write_bytes(path, to_binary(message, path))
