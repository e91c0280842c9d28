"""The message classes and what stands beside them."""

from __future__ import annotations

import pytest

import cae_caffe.schema
from cae_caffe.schema import TEST, TRAIN, ConvolutionParameter, LayerParameter, NetParameter, Phase, SolverParameter


def test_every_message_goes_by_its_caffe_name():
    from cae_caffe.schema import BlobProto, BlobProtoVector, BlobShape, Datum, SolverState, V0LayerParameter

    for cls in (BlobProto, BlobProtoVector, BlobShape, Datum, SolverState, V0LayerParameter):
        assert getattr(cae_caffe.schema, cls.__name__) is cls


def test_enums_are_reached_as_in_generated_code():
    assert (TRAIN, TEST, Phase.Value("TEST"), Phase.Name(0)) == (0, 1, 1, "TRAIN")
    assert SolverParameter.SolverMode.Value("GPU") == SolverParameter.GPU == 1


def test_fields_hold_the_same_classes():
    assert type(LayerParameter().convolution_param) is ConvolutionParameter
    assert type(NetParameter().layer.add()) is LayerParameter


def test_defaults_are_caffes():
    solver = SolverParameter()

    assert (solver.random_seed, solver.type, solver.snapshot_after_train) == (-1, "SGD", True)
    assert solver.solver_mode == SolverParameter.GPU


def test_the_module_has_what_a_generated_one_has():
    caffe_pb2 = cae_caffe.schema.as_module()

    assert caffe_pb2.__name__ == "caffe_pb2"
    assert caffe_pb2.NetParameter is NetParameter
    assert caffe_pb2.TRAIN == TRAIN and caffe_pb2.Phase.Name(TEST) == "TEST"
    assert set(caffe_pb2.DESCRIPTOR.message_types_by_name) <= set(vars(caffe_pb2))


def test_an_unknown_name_is_refused():
    with pytest.raises(AttributeError, match="NoSuchParameter"):
        _ = cae_caffe.schema.NoSuchParameter


def test_names_can_be_listed():
    assert {"NetParameter", "read_net", "TRAIN"} <= set(dir(cae_caffe.schema))


def test_it_works_beside_the_real_caffe_pb2(real_caffe):
    first, second = real_caffe("""
def main(text):
    import caffe
    from google.protobuf import text_format
    from caffe.proto import caffe_pb2
    from cae_caffe import schema
    real = text_format.Parse(text, caffe_pb2.NetParameter())
    ours = schema.parse_net(text)
    assert type(real) is not type(ours)
    return real.SerializeToString(), ours.SerializeToString()
""", text='name: "n" layer { name: "c" type: "Convolution" convolution_param { kernel_size: [3, 5] } }')

    assert first == second
