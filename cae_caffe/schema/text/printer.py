"""Messages as text, in the form that Caffe's own tools write."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.descriptor import FieldDescriptor

from .. import messages
from ..forks.declaration import FURTHER
from ..merging import FIRST_PRIVATE_NUMBER
from ..messages import float32

_ESCAPED = {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t", ord('"'): '\\"', ord("'"): "\\'", ord("\\"): "\\\\"}


def format_text(message) -> str:
    """Return `message` as text: a field a line in the order of their numbers, blocks indented by two spaces. Fields
    whose numbers are our own (see merging.py) come last, as they were declared.

    The same bytes under every version of protobuf. A float is printed with as few digits as read back to the same
    float32 (float64 for doubles); bytes outside printable ASCII, so UTF-8 too, as octal escapes, as Caffe does.
    """
    return "".join(f"{line}\n" for line in _lines(message, ""))


def _lines(message, indent: str) -> Iterator[str]:
    for field, content in sorted(message.ListFields(), key=_rank):
        if field.name.startswith(FURTHER):
            continue
        further = getattr(message, FURTHER + field.name, ())
        for value in content if messages.is_repeated(field) else (content, *further):
            if field.message_type:
                yield f"{indent}{field.name} {{"
                yield from _lines(value, indent + "  ")
                yield f"{indent}}}"
            else:
                yield f"{indent}{field.name}: {_format_value(field, value)}"


def _rank(item) -> tuple[int, int]:
    field = item[0]
    return (1, field.index) if field.number >= FIRST_PRIVATE_NUMBER else (0, field.number)


def _format_value(field, value) -> str:
    formatter = _FORMATTERS.get(field.cpp_type)
    return formatter(field, value) if formatter else str(value)


def _format_float(field, value: float) -> str:
    for digits in (6, 7, 8):  # up to 6 digits survive a float32; 9 always do
        text = f"{value:.{digits}g}"
        if float32(float(text)) == value:
            return text
    return f"{value:.9g}"


def _format_double(field, value: float) -> str:
    for digits in (15, 16):
        text = f"{value:.{digits}g}"
        if float(text) == value:
            return text
    return f"{value:.17g}"


def _format_bool(field, value: bool) -> str:
    return "true" if value else "false"


def _format_enum(field, value: int) -> str:
    return field.enum_type.values_by_number[value].name


def _format_string(field, value) -> str:
    data = value if isinstance(value, bytes) else value.encode("utf-8")
    return '"' + "".join(map(_format_byte, data)) + '"'


def _format_byte(byte: int) -> str:
    if byte in _ESCAPED:
        return _ESCAPED[byte]
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}"


_FORMATTERS = {
    FieldDescriptor.CPPTYPE_FLOAT: _format_float,
    FieldDescriptor.CPPTYPE_DOUBLE: _format_double,
    FieldDescriptor.CPPTYPE_BOOL: _format_bool,
    FieldDescriptor.CPPTYPE_ENUM: _format_enum,
    FieldDescriptor.CPPTYPE_STRING: _format_string,
}
