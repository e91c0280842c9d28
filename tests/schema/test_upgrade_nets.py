"""Older nets become today's, exactly as with Caffe's own tools.

golden/upgrade has nets and what upgrade_net_proto_text of real Caffe makes of them; for a new one, run the tool.
"""

from __future__ import annotations

import logging
from pathlib import Path

import caffes_own
import pytest
from google.protobuf.descriptor import FieldDescriptor

from cae_caffe.errors import InputError
from cae_caffe.schema import (
    NetParameter,
    V0LayerParameter,
    V1LayerParameter,
    format_text,
    messages,
    parse_net,
    parse_text,
    read_net,
    read_weights,
    upgrade_net,
    write_binary,
)
from cae_caffe.schema.upgrade import v0, v1

GOLDEN = Path(__file__).with_name("golden") / "upgrade"
CASES = sorted(path.name[:-len(".in.prototxt")] for path in GOLDEN.glob("*.in.prototxt"))
QUIET = {"GLOG_minloglevel": "3"}
FATAL = {
    "layer { name: 'new' } layers { name: 'old' type: RELU }":
        "the net has both `layer` blocks (such as 'new') and `layers` blocks (such as 'old')",
    "layers { layer { name: 'a' type: 'magic' } }": "layer 'a' has the type 'magic', which no V0 layer has",
    "layers { bottom: 'x' layer { name: 'a' type: 'relu' } }":
        "layer 'a' takes blob 'x', which no layer before it and no `input` of the net makes",
    """input: 'x' layers { bottom: 'x' top: 'p' layer { name: 'p' type: 'padding' } }
       layers { bottom: 'p' layer { name: 'r' type: 'relu' } }""":
        "padding layer 'p' stands before layer 'r' of type 'relu'; only a layer of type conv or pool can take",
    """input: 'x' layers { bottom: 'x' top: 'p' layer { name: 'p' type: 'padding' } }
       layers { bottom: 'p' bottom: 'x' layer { name: 'c' type: 'conv' } }""":
        "padding layer 'p' and layer 'c' behind it must each have one bottom",
    """input: 'x' layers { bottom: 'x' top: 'p' top: 'q' layer { name: 'p' type: 'padding' } }
       layers { bottom: 'p' layer { name: 'c' type: 'conv' } }""":
        "padding layer 'p' and layer 'c' behind it must each have one bottom",
}


def real_upgrade(caffe_run, folder, text):
    """What real Caffe's tool makes of `text`; None if it dies over it."""
    (folder / "in").write_text(text)
    done = caffe_run(["upgrade_net_proto_text", "in", "out"], cwd=folder, check=False, env=QUIET)
    assert done.returncode in (0, 1) or not (folder / "out").exists()  # 1: some of it has no place
    return (folder / "out").read_text() if (folder / "out").exists() else None


@pytest.mark.parametrize("case", CASES)
def test_a_net_is_upgraded_as_by_caffe(case):
    net = read_net(GOLDEN / f"{case}.in.prototxt")

    assert format_text(net) == (GOLDEN / f"{case}.out.prototxt").read_text()


@pytest.mark.parametrize("case", CASES)
def test_the_committed_results_are_real_caffes(case, caffe_run, tmp_path):
    text = (GOLDEN / f"{case}.in.prototxt").read_text()

    assert real_upgrade(caffe_run, tmp_path, text) == (GOLDEN / f"{case}.out.prototxt").read_text()


def test_an_upgraded_net_stays_as_it_is():
    net = read_net(GOLDEN / "v1.in.prototxt")
    again = NetParameter()
    again.CopyFrom(net)

    assert upgrade_net(again, "again") is True
    assert again == net


def test_every_v1_type_has_its_name(caffe_run, tmp_path):
    types = [value.name for value in caffes_own.values(V1LayerParameter.LayerType.DESCRIPTOR)]
    text = "".join(f"layers {{ name: '{name}' type: {name} }}\n" for name in types)

    assert set(types) == set(v1.TYPES)
    assert format_text(parse_net(text)) == real_upgrade(caffe_run, tmp_path, text)


def test_every_v0_type_with_every_field_is_upgraded_as_by_caffe(caffe_run, tmp_path):
    net = NetParameter()
    for type_ in v0.TYPES:
        layer = net.layers.add(top=[type_]).layer
        fill_every_field(layer)
        layer.type = type_

    text = format_text(net)
    assert format_text(parse_net(text)) == real_upgrade(caffe_run, tmp_path, text)


def test_every_field_of_v1_is_carried_over_as_by_caffe(caffe_run, tmp_path):
    net = NetParameter()
    fill_every_field(net.layers.add())
    net.layers[0].ClearField("layer")
    net.layers[0].type = V1LayerParameter.DECONVOLUTION

    text = format_text(net)
    assert format_text(parse_net(text)) == real_upgrade(caffe_run, tmp_path, text)


@pytest.mark.parametrize("text", FATAL)
def test_what_caffe_refuses_is_refused_with_a_reason(text):
    with pytest.raises(InputError) as caught:
        parse_net(text, "f.prototxt")

    assert str(caught.value).startswith(f"f.prototxt: {FATAL[text]}")


@pytest.mark.parametrize("text", FATAL)
def test_caffe_refuses_it_too(text, caffe_run, tmp_path):
    assert real_upgrade(caffe_run, tmp_path, text) is None


@pytest.mark.parametrize("text, said", [
    ("input: 'a' input: 'b' input_dim: 1 input_dim: 2 input_dim: 3 input_dim: 4",
     "the net has 2 `input` fields, so it needs 8 `input_dim` fields (4 for each input), but it has 4."),
    ("input: 'a' input: 'b' input_shape { dim: 1 }",
     "the net has 2 `input` fields, so it needs 2 `input_shape` fields (1 for each input), but it has 1."),
])
def test_an_input_without_dimensions_is_refused(text, said):
    with pytest.raises(InputError) as caught:
        parse_net(text, "f.prototxt")

    assert str(caught.value) == f"f.prototxt: {said}"


def test_unpooling_of_2015_is_unpooling_today():
    net = parse_net("layers { name: 'unpool1' type: UNPOOLING unpooling_param { unpool: TILE kernel_size: 2 } }")

    assert (net.layer[0].type, net.layer[0].unpooling_param.kernel_size) == ("Unpooling", 2)


def test_what_has_no_place_is_told_and_left_out(caplog):
    net = parse_text("""debug_info: true
layers { layer { name: "r" type: "relu" num_output: 3 kernelsize: 2 } }
layers { name: "n" type: RELU }""", NetParameter)

    with caplog.at_level(logging.WARNING):
        assert upgrade_net(net, "f.prototxt") is False

    assert [record.getMessage() for record in caplog.records] == [
        "f.prototxt: num_output, kernelsize of layer 'r' (type 'relu') has no place in such a layer and is left out.",
        "f.prototxt: layer 'n' is not a V0 layer, as others in this net are; only its bottoms and tops are kept.",
        "f.prototxt: debug_info of the net has no place beside V0 layers and is left out.",
    ]


def test_binary_nets_are_upgraded_as_by_caffe(caffe_run, tmp_path):
    old = read_net(GOLDEN / "v1.in.prototxt", upgrade=False)
    write_binary(old, tmp_path / "in")

    caffe_run(["upgrade_net_proto_binary", "in", "out"], cwd=tmp_path, env=QUIET)
    write_binary(read_weights(tmp_path / "in"), tmp_path / "ours")

    assert (tmp_path / "ours").read_bytes() == (tmp_path / "out").read_bytes()


def fill_every_field(message):
    """Set every field of Caffe's in `message`, and in the messages in it, to something that is not its default."""
    for field in caffes_own.fields(message.DESCRIPTOR):
        if field.message_type:
            child = getattr(message, field.name)
            fill_every_field(child.add() if messages.is_repeated(field) else child)
        elif messages.is_repeated(field):
            getattr(message, field.name).append(other_value(field))
        else:
            setattr(message, field.name, other_value(field))


def other_value(field):
    """A value of `field` other than its default."""
    if field.enum_type:
        return caffes_own.values(field.enum_type)[-1].number
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return "else"
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return messages.is_repeated(field) or not field.default_value
    return 3


def test_the_tables_name_existing_fields():
    fields = V0LayerParameter.DESCRIPTOR.fields_by_name

    assert set(v0._PLACES) | set(v0._PLACES_OF_ALL) == set(fields) - {"type", "new_num", "new_channels"}
