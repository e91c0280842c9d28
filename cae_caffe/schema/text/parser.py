"""The text format's grammar: messages, fields, lists."""

from __future__ import annotations

from typing import Any, NamedTuple

from ... import plugins
from .. import messages
from .tokens import Token, TokenReader
from .values import did_you_mean, take_value

_CLOSING = {"{": "}", "<": ">"}
# The old and the new form of a layer are easily mixed up: message, then the field and the message of the other.
_OTHER_LAYER = {"LayerParameter": ("layers", "V1LayerParameter"), "V1LayerParameter": ("layer", "LayerParameter")}
# So are the two files that `train` reads: what is needed, then the other message, and what has it.
_OTHER_FILE = {"NetParameter": ("a net's file", "SolverParameter", "a solver's"),
               "SolverParameter": ("a solver's file", "NetParameter", "a net's")}


class TopField(NamedTuple):
    """A field that stands in the text outside all braces, and the line of its name."""

    name: str
    line: int


def parse(text: str, message_class, name: str = "<string>") -> tuple[Any, list[TopField]]:
    """Parse `text` as a `message_class`; return the message and where its own fields stand, one entry a value.

    Reads what Caffe's own parser reads. Raises InputError, beginning `name:line:column`, for a syntax error, an
    unknown field, a value that does not fit its field, or a required field that is missing.
    """
    tokens = TokenReader(text, name)
    message = message_class()
    top: list[TopField] = []
    while tokens.next.kind != "end":
        top += _parse_field(tokens, message)
    _check_complete(tokens, message, tokens.next)
    return message, top


def _check_complete(tokens: TokenReader, message, token: Token) -> None:
    if not message.IsInitialized():
        missing = ", ".join(message.FindInitializationErrors())
        tokens.fail(token, f"{message.DESCRIPTOR.name} lacks {missing}, which it must have")


def _parse_field(tokens: TokenReader, message) -> list[TopField]:
    """Parse `name: value`, `name { ... }` or a list `name: [value, ...]` into `message`."""
    token = tokens.take()
    if token.kind != "word":
        tokens.fail(token, f"here the name of a field of {message.DESCRIPTOR.name} should stand, not {token}")
    field = _find_field(tokens, message, token)
    repeated = messages.is_repeated(field)
    if not repeated and message.HasField(field.name):
        tokens.fail(token, f"`{field.name}` is given twice, but {message.DESCRIPTOR.name} takes only one")
    if not tokens.take_sign(":") and not field.message_type:
        tokens.fail(tokens.next, f"a colon should follow `{field.name}`, not {tokens.next}")
    lines = [token.line]
    if repeated and tokens.take_sign("["):
        lines = _parse_list(tokens, message, field)
    else:
        _parse_value(tokens, message, field)
    tokens.take_sign(",", ";")
    return [TopField(field.name, line) for line in lines]


def _parse_list(tokens: TokenReader, message, field) -> list[int]:
    """Parse the rest of `[value, ...]`; return the line of each value."""
    lines: list[int] = []
    if tokens.take_sign("]"):
        return lines
    while True:
        lines.append(tokens.next.line)
        _parse_value(tokens, message, field)
        if tokens.take_sign("]"):
            return lines
        if not tokens.take_sign(","):
            tokens.fail(tokens.next, f"in the list of `{field.name}` a comma or `]` should follow, not {tokens.next}")


def _parse_value(tokens: TokenReader, message, field) -> None:
    repeated = messages.is_repeated(field)
    if field.message_type:
        child = getattr(message, field.name)
        if repeated:
            child = child.add()
        else:
            child.SetInParent()
        _parse_block(tokens, child, field)
    elif repeated:
        getattr(message, field.name).append(take_value(tokens, field))
    else:
        setattr(message, field.name, take_value(tokens, field))


def _parse_block(tokens: TokenReader, message, field) -> None:
    """Parse `{ field ... }` or `< field ... >` into `message`."""
    opening = tokens.take_sign(*_CLOSING)
    if not opening:
        tokens.fail(tokens.next, f"a block {{ ... }} should follow `{field.name}`, not {tokens.next}")
    closing = _CLOSING[opening.text]
    while not tokens.take_sign(closing):
        if tokens.next.kind == "end":
            tokens.fail(tokens.next, f"the file ends, but the block `{field.name} {opening.text}` "
                                     f"of line {opening.line} is not closed by `{closing}`")
        _parse_field(tokens, message)
    _check_complete(tokens, message, opening)


def _find_field(tokens: TokenReader, message, token: Token):
    descriptor = message.DESCRIPTOR
    field = descriptor.fields_by_name.get(token.text)
    if field is None:
        remedy = (_other_layer(descriptor.name, token.text) or _other_file(message, token.text)
                  or did_you_mean(token.text, descriptor.fields_by_name))
        tokens.fail(token, f"{descriptor.name} has no field `{token.text}`{plugins.broken_schemas()}{remedy}")
    return field


def _other_layer(message_name: str, field_name: str) -> str:
    """Return a remedy if the field belongs to the other form of a layer, else nothing."""
    block, other = _OTHER_LAYER.get(message_name, ("", ""))
    return f"; {other} has it: write `{block} {{`, and the whole layer in that form" if _has(other, field_name) else ""


def _other_file(message, field_name: str) -> str:
    """Return what the file seems to be, if its first field tells a net's file from a solver's, else nothing."""
    if message.ListFields():    # further down a field may just have slipped out of its block
        return ""
    needed, other, found = _OTHER_FILE.get(message.DESCRIPTOR.name, ("", "", ""))
    return f"; {other} has it: {needed} is needed here, and this seems to be {found}" if _has(other, field_name) else ""


def _has(message_name: str, field_name: str) -> bool:
    message = messages.namespace().get(message_name)
    return message is not None and field_name in message.DESCRIPTOR.fields_by_name
