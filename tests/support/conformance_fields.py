"""Random options of layers as prototxt, by reflection over the schema: every field that a message has is tried.

What a field's type allows is mostly what Caffe allows of it, and sometimes not, so that refusals are compared too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import caffes_own
from google.protobuf.descriptor import FieldDescriptor
from hypothesis import strategies as st

from cae_caffe.schema import LayerParameter, messages

Values = st.SearchStrategy[list[str]]       # of one field, as they stand in a prototxt

FLOATS = ["-1", "-0.5", "0", "0.25", "0.5", "1", "1.5", "2", "3"]
FILLERS = ['type: "constant" value: 0.3', "value: 2", 'type: "uniform" min: -0.5 max: 0.25', 'type: "uniform"',
           'type: "gaussian" mean: 0.1 std: 0.5', 'type: "gaussian" std: 2 sparse: 1', 'type: "xavier"',
           'type: "xavier" variance_norm: FAN_OUT', 'type: "msra" variance_norm: AVERAGE', 'type: "msra"',
           'type: "positive_unitball"']
PICKY_FILLERS = ['type: "bilinear"', 'type: "gauss"', 'type: "uniform" sparse: 2', 'type: "gaussian" std: 1 sparse: 9',
                 'type: "gaussian" std: 0', 'type: "uniform" min: 2']      # mostly or always refused
# Fields of messages that several layers share or that are named after another one.
MORE_MESSAGES = {
    "Deconvolution": ["convolution_param"], "Im2col": ["convolution_param"], "InfogainLoss": ["loss_param"],
    "LSTM": ["recurrent_param"], "RNN": ["recurrent_param"],
    "SigmoidCrossEntropyLoss": ["loss_param"], "SoftmaxWithLoss": ["softmax_param", "loss_param"],
}


def messages_of(type_name: str) -> list[str]:
    """The fields of LayerParameter that hold options of layers of this type."""
    named = [field.name for field in caffes_own.fields(LayerParameter.DESCRIPTOR)
             if field.name.replace("_", "") == type_name.lower() + "param"]
    return named + MORE_MESSAGES.get(type_name, [])


def numbers(low: int, high: int) -> Values:
    return st.integers(low, high).map(lambda number: [str(number)])


def lists(low: int, high: int, most: int) -> Values:
    """Of a repeated field: none to `most` whole numbers."""
    return st.lists(st.integers(low, high).map(str), max_size=most)


def per_axis(low: int, high: int, axes: int) -> Values:
    """Of a repeated field that is given once, or once for each of the `axes`."""
    return st.sampled_from([1, axes]).flatmap(
        lambda number: st.lists(st.integers(low, high).map(str), min_size=number, max_size=number))


def one_of(*texts: str) -> Values:
    return st.sampled_from(texts).map(lambda text: [text])


def dims(lengths) -> str:
    """The inside of a BlobShape."""
    return " ".join(f"dim: {length}" for length in lengths)


_SHAPES = st.lists(st.sampled_from([-1, 0, 1, 2, 3, 4, 6]), max_size=4).map(dims)
_MESSAGES = {"FillerParameter": st.sampled_from(5 * FILLERS + PICKY_FILLERS), "BlobShape": _SHAPES}
_SCALARS = {
    FieldDescriptor.CPPTYPE_BOOL: st.sampled_from(["true", "false"]),
    FieldDescriptor.CPPTYPE_UINT32: st.integers(0, 4).map(str),
    FieldDescriptor.CPPTYPE_INT32: st.integers(-3, 4).map(str),
    FieldDescriptor.CPPTYPE_FLOAT: st.sampled_from(FLOATS),
    FieldDescriptor.CPPTYPE_STRING: st.just('"nowhere"'),
}


def _values_of(field) -> Values:
    if field.message_type:
        one = _MESSAGES[field.message_type.name]
    elif field.enum_type:
        one = st.sampled_from([value.name for value in caffes_own.values(field.enum_type)])
    else:
        one = _SCALARS[field.cpp_type]
    return st.lists(one, max_size=3) if messages.is_repeated(field) else one.map(lambda value: [value])


@st.composite
def options(draw, message: str, special: Mapping[str, Values], always: Collection[str]) -> str:
    """The field `message` of a LayerParameter, with up to three of its own fields besides those in `always`.

    `special` replaces what reflection makes of a field.
    """
    message_type = LayerParameter.DESCRIPTOR.fields_by_name[message].message_type
    fields = {field.name: field for field in caffes_own.fields(message_type)}
    others = [name for name in fields if name not in always]
    chosen = [name for name in always if name in fields]
    if others:
        most = draw(st.sampled_from([0, 1, 1, 2, 3]))
        chosen += draw(st.lists(st.sampled_from(others), max_size=most, unique=True))
    return f"{message} {{ {' '.join(_field(draw, fields[name], special) for name in chosen)} }}"


def _field(draw, field, special: Mapping[str, Values]) -> str:
    values = draw(special[field.name] if field.name in special else _values_of(field))
    return " ".join(f"{field.name} {{ {value} }}" if field.message_type else f"{field.name}: {value}"
                    for value in values)
