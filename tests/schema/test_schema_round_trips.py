"""Any message survives text and binary, ours and real Caffe's."""

from __future__ import annotations

import math
import struct

import caffes_own
from google.protobuf import text_format
from google.protobuf.descriptor import FieldDescriptor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cae_caffe.schema import LayerParameter, NetParameter, SolverParameter, format_text, messages, parse_text

CPP = FieldDescriptor
SCALARS = {
    CPP.CPPTYPE_INT32: st.integers(-2**31, 2**31 - 1),
    CPP.CPPTYPE_UINT32: st.integers(0, 2**32 - 1),
    CPP.CPPTYPE_INT64: st.integers(-2**63, 2**63 - 1),
    CPP.CPPTYPE_FLOAT: st.floats(width=32, allow_nan=False),  # nan is not equal to itself; it has a test of its own
    CPP.CPPTYPE_DOUBLE: st.floats(allow_nan=False),
    CPP.CPPTYPE_BOOL: st.booleans(),
}
TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=6)


def values(field):
    if field.message_type:
        return messages_of(messages.NAMESPACE[field.message_type.name])
    if field.enum_type:
        return st.sampled_from(sorted(field.enum_type.values_by_number))
    if field.cpp_type == CPP.CPPTYPE_STRING:
        return st.binary(max_size=6) if field.type == CPP.TYPE_BYTES else TEXTS
    return SCALARS[field.cpp_type]


@st.composite
def messages_of(draw, message_class):
    """Any message with up to three of its fields (and those that it must have)."""
    fields = message_class.DESCRIPTOR.fields_by_name
    chosen = set(draw(st.lists(st.sampled_from(sorted(fields)), max_size=3)))
    required = set(message_class().FindInitializationErrors())
    return message_class(**{name: draw(st.lists(values(fields[name]), max_size=2) if messages.is_repeated(fields[name])
                                       else values(fields[name])) for name in sorted(chosen | required)})


ANY_NET = messages_of(NetParameter)
RELAXED = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@RELAXED
@given(ANY_NET | messages_of(SolverParameter) | messages_of(LayerParameter))
def test_text_reads_back_to_the_same_message(message):
    assert parse_text(format_text(message), type(message)) == message


@RELAXED
@given(messages_of(LayerParameter))
def test_protobufs_own_text_format_agrees(message):
    assert text_format.Parse(format_text(message), LayerParameter()) == message
    assert parse_text(text_format.MessageToString(message), LayerParameter) == message


@RELAXED
@given(ANY_NET)
def test_binary_reads_back_to_the_same_message(message):
    assert NetParameter.FromString(message.SerializeToString(deterministic=True)) == message


@settings(RELAXED, max_examples=300)
@given(st.integers(0, 2**32 - 1))
def test_every_float_survives_text(bits):
    value = struct.unpack("<f", struct.pack("<I", bits))[0]
    message = messages.FillerParameter(value=value)

    back = parse_text(format_text(message), messages.FillerParameter).value

    assert back == message.value or math.isnan(value)


def some_nets():
    """Sixty nets of Caffe 1.0's fields."""
    nets = []

    @settings(RELAXED, max_examples=60)
    @given(ANY_NET.map(caffes_own.only))
    def collect(net):
        nets.append(net)

    collect()
    return nets


def test_caffe_reads_our_binary_and_we_read_its(real_caffe):
    nets = some_nets()

    echoes = real_caffe("""
def main(nets):
    from caffe.proto import caffe_pb2
    from google.protobuf import text_format
    parsed = [caffe_pb2.NetParameter.FromString(net) for net in nets]
    return [(net.SerializeToString(deterministic=True), text_format.MessageToString(net)) for net in parsed]
""", nets=[net.SerializeToString(deterministic=True) for net in nets])

    for net, (binary, text) in zip(nets, echoes):
        assert binary == net.SerializeToString(deterministic=True)
        assert parse_text(text, NetParameter) == net


def test_another_python_and_protobuf_print_the_same_bytes(real_caffe):
    nets = some_nets()

    texts = real_caffe("""
def main(nets):
    from cae_caffe.schema import NetParameter, format_text
    return [format_text(NetParameter.FromString(net)) for net in nets]
""", nets=[net.SerializeToString() for net in nets])

    assert texts == [format_text(net) for net in nets]
