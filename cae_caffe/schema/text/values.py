"""Single values in the text format: numbers, truth values, names of an enum, strings."""

from __future__ import annotations

import re

from google.protobuf.descriptor import FieldDescriptor

from ...spelling import did_you_mean
from ..messages import float32
from .tokens import Token, TokenReader

_RANGES = {
    FieldDescriptor.CPPTYPE_INT32: (-2**31, 2**31 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-2**63, 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}
_TRUTH = {"true": True, "True": True, "t": True, "1": True, "false": False, "False": False, "f": False, "0": False}
_NOT_FINITE = {"inf", "infinity", "nan"}
_MOST_DIGITS = 100      # more than any field takes, and fewer than Python refuses to read
_DECIMAL = re.compile(r"0|[1-9][0-9]*")
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.?))", re.DOTALL)
_PLAIN_ESCAPES = dict(zip(b"abfnrtv\\?'\"", b"\a\b\f\n\r\t\v\\?'\""))


def take_value(tokens: TokenReader, field):
    """Take one value of `field`'s type from `tokens`; raise InputError where there is none."""
    return _TAKERS[field.cpp_type](tokens, field)


def _take_integer(tokens: TokenReader, field) -> int:
    low, high = _RANGES[field.cpp_type]
    minus = tokens.take_sign("-")
    token = tokens.take()
    value = _integer(token.text) if token.kind == "number" else None
    if value is not None and minus:
        value = -value
    if value is None or not low <= value <= high:
        found = token._replace(text="-" + token.text) if minus else token
        tokens.fail(minus or token, f"`{field.name}` takes a whole number from {low} to {high}, not {found}")
    return value


def _integer(text: str) -> int | None:
    """Return the integer that a number token says, or None if it says a fraction."""
    if _DECIMAL.fullmatch(text):
        return int(text[:_MOST_DIGITS])
    if text[:2] in ("0x", "0X"):
        return int(text, 16)
    return int(text, 8) if text.isdigit() else None


def _take_float(tokens: TokenReader, field) -> float:
    minus = tokens.take_sign("-")
    token = tokens.take()
    if token.kind == "word" and token.text.lower() in _NOT_FINITE:
        value = float(token.text)
    elif token.kind == "number" and (_DECIMAL.fullmatch(token.text) or _integer(token.text) is None):
        value = float(token.text.rstrip("fF"))
    else:
        tokens.fail(token, f"`{field.name}` takes a decimal number, not {token}")
    value = -value if minus else value
    return float32(value) if field.type == FieldDescriptor.TYPE_FLOAT else value


def _take_bool(tokens: TokenReader, field) -> bool:
    token = tokens.take()
    number = _integer(token.text) if token.kind == "number" else None
    text = str(number) if number in (0, 1) else token.text
    if text not in _TRUTH:
        tokens.fail(token, f"`{field.name}` takes true or false, not {token}")
    return _TRUTH[text]


def _take_enum(tokens: TokenReader, field) -> int:
    minus = tokens.take_sign("-")
    token = tokens.take()
    values = field.enum_type.values_by_name
    if token.kind == "word" and not minus and token.text in values:
        return values[token.text].number
    number = _integer(token.text) if token.kind == "number" else None
    if number is not None and minus:
        number = -number
    known = [value.number for value in field.enum_type.values]      # protobuf's own look-up takes no larger than 2^31
    if number is None or number not in known:
        found = token._replace(text="-" + token.text) if minus else token
        names = ", ".join(values) if len(values) <= 8 else f"the names of {field.enum_type.full_name}"
        problem, remedy = f"`{field.name}` takes one of {names}, not {found}", _enum_remedy(token, field)
        if token.kind != "word" or minus:
            tokens.fail(minus or token, f"{problem}{remedy}")
        tokens.unknown.add(token, problem, remedy)
        return field.enum_type.values[0].number
    return number


def _enum_remedy(token, field) -> str:
    from ..forks import elsewhere  # for unknown names alone

    if token.kind == "string":
        return " (a name without quotes)"
    owners = elsewhere.fields_owners(field.enum_type.full_name.partition(".")[2], token.text)
    return f"; {owners}, and it is not supported here" if owners else did_you_mean(
        token.text, field.enum_type.values_by_name)


def _take_bytes(tokens: TokenReader, field) -> bytes:
    first = tokens.take()
    if first.kind != "string":
        tokens.fail(first, f"`{field.name}` takes a text in quotes, not {first}")
    parts: list[bytes] = []
    token: Token | None = first
    while token:
        parts.append(_unescape(tokens, token))
        token = tokens.take_kind("string")
    return b"".join(parts)


def _take_string(tokens: TokenReader, field):
    token = tokens.next
    data = _take_bytes(tokens, field)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return data
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        tokens.fail(token, f"the text of `{field.name}` is not UTF-8")


def _unescape(tokens: TokenReader, token) -> bytes:
    def replace(match) -> bytes:
        octal, hexadecimal, short, long, plain = match.groups()
        if octal or hexadecimal:
            return bytes([int(octal or hexadecimal, 8 if octal else 16) & 0xFF])
        if short or long:
            return chr(int(short or long, 16)).encode("utf-8")
        if plain and plain[0] in _PLAIN_ESCAPES:
            return bytes([_PLAIN_ESCAPES[plain[0]]])
        raise ValueError(match.group().decode("utf-8", "replace"))

    try:
        return _ESCAPE.sub(replace, token.text[1:-1].encode("utf-8"))
    except (ValueError, OverflowError) as error:
        tokens.fail(token, f"the string has an unknown escape sequence ({error}); a backslash itself is written \\\\")


_TAKERS = {
    FieldDescriptor.CPPTYPE_INT32: _take_integer,
    FieldDescriptor.CPPTYPE_UINT32: _take_integer,
    FieldDescriptor.CPPTYPE_INT64: _take_integer,
    FieldDescriptor.CPPTYPE_UINT64: _take_integer,
    FieldDescriptor.CPPTYPE_FLOAT: _take_float,
    FieldDescriptor.CPPTYPE_DOUBLE: _take_float,
    FieldDescriptor.CPPTYPE_BOOL: _take_bool,
    FieldDescriptor.CPPTYPE_ENUM: _take_enum,
    FieldDescriptor.CPPTYPE_STRING: _take_string,
}
