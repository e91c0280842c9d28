"""The text format's grammar: messages, fields, lists."""

from __future__ import annotations

from typing import Any, NamedTuple

from ... import plugins
from ...errors import InputError
from ...spelling import did_you_mean
from .. import layer_types, messages
from ..forks.declaration import FURTHER
from .tokens import Token, TokenReader
from .unknown import UnknownNames
from .values import take_value

_DEEPEST = 100      # messages within each other, of which protobuf reads no more in binary
_CLOSING = {"{": "}", "<": ">", "[": "]"}
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
    unknown field, a value that does not fit its field, or a required field that is missing. Unknown names (fields,
    values of enums, and then the types of layers too) are told all at once, each kind in a line.
    """
    tokens = TokenReader(text, name)
    message = message_class()
    top: list[TopField] = []
    try:
        while tokens.next.kind != "end":
            top += _parse_field(tokens, message)
        _check_complete(tokens, message, tokens.next)
    except InputError as error:
        raise InputError(*tokens.unknown.told(), *error.args) from None
    if tokens.unknown:
        raise InputError(*tokens.unknown.told(), *_unknown_types(message, top, name))
    return message, top


def _unknown_types(net, top: list[TopField], name: str) -> list[str]:
    """A sentence for each unknown type of the layers of `net`, if it is a NetParameter in today's form."""
    if net.DESCRIPTOR.name != "NetParameter":
        return []
    lines = [field.line for field in top if field.name == "layer"]
    known = layer_types.layer_types()
    types = UnknownNames(name)
    for layer, line in zip(net.layer, lines):
        if layer.type and layer.type not in known:
            types.add(Token("word", layer.type, line, 0),
                      f"no layer type `{layer.type}` is known{layer_types.meaning(layer.type, known)}")
    return types.told()


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
    if field is None:
        _skip_value(tokens, token)
        return []
    repeated = messages.is_repeated(field)
    if not repeated and message.HasField(field.name):
        field = message.DESCRIPTOR.fields_by_name.get(FURTHER + field.name)
        if field is None:
            tokens.fail(token, f"`{token.text}` is given twice, but {message.DESCRIPTOR.name} takes only one")
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
    opening = tokens.take_sign("{", "<")
    if not opening:
        tokens.fail(tokens.next, f"a block {{ ... }} should follow `{field.name}`, not {tokens.next}")
    tokens.depth += 1
    if tokens.depth > _DEEPEST:
        tokens.fail(opening, f"more than {_DEEPEST} blocks stand within each other, which protobuf cannot store")
    closing = _CLOSING[opening.text]
    while not tokens.take_sign(closing):
        if tokens.next.kind == "end":
            tokens.fail(tokens.next, f"the file ends, but the block `{field.name} {opening.text}` "
                                     f"of line {opening.line} is not closed by `{closing}`")
        _parse_field(tokens, message)
    _check_complete(tokens, message, opening)
    tokens.depth -= 1


def _skip_value(tokens: TokenReader, name: Token) -> None:
    """Step over the value of the unknown field `name`, and what separates it from the next."""
    colon = tokens.take_sign(":")
    opening = tokens.take_sign("{", "<", "[")
    if opening:
        _skip_block(tokens, name, opening)
    elif not colon:
        tokens.fail(tokens.next, f"a colon should follow `{name.text}`, not {tokens.next}")
    else:
        tokens.take_sign("-")
        if tokens.take().kind == "string":
            while tokens.take_kind("string"):
                pass
    tokens.take_sign(",", ";")


def _skip_block(tokens: TokenReader, name: Token, opening: Token) -> None:
    """Step over what stands behind `opening`, to the sign that closes it."""
    open_signs = [_CLOSING[opening.text]]
    while open_signs:
        token = tokens.take()
        if token.kind == "end":
            tokens.fail(token, f"the file ends, but the block `{name.text} {opening.text}` of line {opening.line} is "
                               f"not closed by `{_CLOSING[opening.text]}`")
        if token.kind == "sign" and token.text in _CLOSING:
            open_signs.append(_CLOSING[token.text])
        elif token.kind == "sign" and token.text == open_signs[-1]:
            open_signs.pop()


def _find_field(tokens: TokenReader, message, token: Token):
    """The descriptor of the field that `token` names, or None where there is no such field, which is then noted."""
    descriptor = message.DESCRIPTOR
    field = None if token.text.startswith(FURTHER) else descriptor.fields_by_name.get(token.text)
    if field is None:
        other_file = _other_file(message, token.text)
        if other_file:
            tokens.fail(token, f"{descriptor.name} has no field `{token.text}`{other_file}")
        remedy = (_other_layer(descriptor.name, token.text) or _other_caffe(descriptor.name, token.text)
                  or did_you_mean(token.text, descriptor.fields_by_name))
        tokens.unknown.add(token, f"{descriptor.name} has no field `{token.text}`",
                           f"{plugins.broken_schemas()}{remedy}")
    return field


def _other_layer(message_name: str, field_name: str) -> str:
    """Return a remedy if the field belongs to the other form of a layer, or is a layer in a layer, else nothing."""
    if message_name in _OTHER_LAYER and field_name in ("layer", "layers"):
        return "; a layer does not stand within another: is a `}` missing before it?"
    block, other = _OTHER_LAYER.get(message_name, ("", ""))
    return f"; {other} has it: write `{block} {{`, and the whole layer in that form" if _has(other, field_name) else ""


def _other_caffe(message_name: str, field_name: str) -> str:
    """Return which forks of Caffe have the field, else nothing."""
    from ..forks import elsewhere  # for unknown names alone

    owners = elsewhere.fields_owners(message_name, field_name)
    return owners and f"; {owners}, and it is not supported here"


def _other_file(message, field_name: str) -> str:
    """Return what the file seems to be, if its first field tells a net's file from a solver's, else nothing."""
    if message.ListFields():    # further down a field may just have slipped out of its block
        return ""
    needed, other, found = _OTHER_FILE.get(message.DESCRIPTOR.name, ("", "", ""))
    return f"; {other} has it: {needed} is needed here, and this seems to be {found}" if _has(other, field_name) else ""


def _has(message_name: str, field_name: str) -> bool:
    message = messages.namespace().get(message_name)
    return message is not None and field_name in message.DESCRIPTOR.fields_by_name
