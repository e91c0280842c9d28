"""Messages in files: what is refused, by name, and that nothing half-written is left."""

from __future__ import annotations

import pytest

from cae_caffe.errors import InputError
from cae_caffe.schema import (
    BlobProto,
    LayerParameter,
    NetParameter,
    SolverParameter,
    SolverState,
    format_text,
    parse_solver,
    read_binary,
    read_net,
    read_solver,
    read_text,
    read_weights,
    storage,
    write_binary,
    write_text,
)


def weights():
    net = NetParameter(name="w")
    net.layer.add(name="ip", type="InnerProduct").blobs.add(data=[0.5, -1.25], shape={"dim": [2]})
    return net


def test_text_comes_back_from_a_file(tmp_path):
    write_text(weights(), tmp_path / "new" / "net.prototxt")

    assert read_text(tmp_path / "new" / "net.prototxt", NetParameter) == weights()
    assert (tmp_path / "new" / "net.prototxt").read_bytes() == format_text(weights()).encode()


def test_binary_comes_back_from_a_file(tmp_path):
    write_binary(weights(), tmp_path / "w.caffemodel")

    assert read_binary(tmp_path / "w.caffemodel", NetParameter) == weights()
    assert read_weights(str(tmp_path / "w.caffemodel")) == weights()


def test_old_weights_are_upgraded(tmp_path):
    old = NetParameter(input=["data"])  # an input without a shape, as old snapshots have it, is just removed
    old.layers.add(name="ip", type="INNER_PRODUCT").blobs.add(num=1, channels=1, height=1, width=1, data=[2])
    write_binary(old, tmp_path / "w.caffemodel")

    net = read_weights(tmp_path / "w.caffemodel")

    assert [(layer.name, layer.type, list(layer.blobs[0].data)) for layer in net.layer] == [("ip", "InnerProduct", [2])]
    assert not net.input and not net.layers


@pytest.mark.parametrize("read", [read_net, read_solver, read_weights])
def test_a_missing_file_and_a_folder_are_refused(read, tmp_path):
    with pytest.raises(InputError, match=r"none\.prototxt: there is no such file\.$"):
        read(tmp_path / "none.prototxt")
    with pytest.raises(InputError, match=r"none\.prototxt: there is no such file \(relative paths start at .+\)\.$"):
        read("none.prototxt")
    with pytest.raises(InputError, match="this is a folder"):
        read(tmp_path)


def test_text_that_is_not_text_is_refused(tmp_path):
    (tmp_path / "net.prototxt").write_bytes(b"name: 'a'\nname: '\xff'")

    with pytest.raises(InputError, match=r"net\.prototxt:2: byte 0xff is not UTF-8, so this is not a text file\."):
        read_net(tmp_path / "net.prototxt")


@pytest.mark.parametrize("coding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_told(coding, tmp_path):
    (tmp_path / "net.prototxt").write_bytes("\ufeffname: 'a'".encode(coding))

    with pytest.raises(InputError, match=r"net\.prototxt: this is text in UTF-16, .*; save it so"):
        read_net(tmp_path / "net.prototxt")


def test_binary_given_as_text_is_refused(tmp_path):
    write_binary(weights(), tmp_path / "net.prototxt")

    with pytest.raises(InputError, match=r"net\.prototxt:"):
        read_net(tmp_path / "net.prototxt")


@pytest.mark.parametrize("data, appearance", [
    (b"\x89HDF\r\n\x1a\n....", "it seems to be an HDF5 file"),
    (b"PK\x03\x04....", "it seems to be a zip file.*import-torch"),
    (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80", "it seems to be a file of an old torch.save; .*import-torch"),
    (b'\x18\0\0\0\0\0\0\0{"__metadata__":{"a":"b"}}', r"it seems to be a \.safetensors file; `cae-caffe import-torch`"),
    (b"\x93NUMPY\x01\0", "it seems to be an array of NumPy"),
    (b"\x08\x08\x12\x09cae-caffe\x3a\x02\x0a\x00\x42\x02\x10\x11", "it seems to be an ONNX model"),
    (b"\x08\x08" + b"\xff" * 5000, "binary format; it may be cut off"),
    (b"<!DOCTYPE html>", "it seems to be a web page"),
    (b'layer { name: "ip" }', "NetParameter"),
    (SolverState(iter=7, learned_net="w_iter_7.caffemodel").SerializeToString(), "NetParameter"),
    (b"", "the file holds no layers"),
])
def test_something_else_given_as_weights_is_refused(data, appearance, tmp_path):
    (tmp_path / "w.caffemodel").write_bytes(data)

    with pytest.raises(InputError, match=rf"w\.caffemodel: .*{appearance}"):
        read_weights(tmp_path / "w.caffemodel")


def test_weights_cut_off_anywhere_inside_a_layer_are_refused(tmp_path):
    whole = weights().SerializeToString()
    start = weights().ByteSize() - weights().layer[0].ByteSize()
    for end in range(start, len(whole)):
        (tmp_path / "w.caffemodel").write_bytes(whole[:end])
        with pytest.raises(InputError, match=r"w\.caffemodel"):
            read_weights(tmp_path / "w.caffemodel")


def test_a_name_that_is_not_utf8_is_refused(tmp_path):
    (tmp_path / "w.caffemodel").write_bytes(b"\x0a\x01\xff" + weights().SerializeToString()[3:])

    with pytest.raises(InputError, match="not a whole NetParameter"):
        read_weights(tmp_path / "w.caffemodel")


def test_a_stray_end_of_group_is_refused(tmp_path):
    (tmp_path / "w.caffemodel").write_bytes(weights().SerializeToString() + b"\x0c")

    with pytest.raises(InputError, match="not a whole NetParameter"):
        read_weights(tmp_path / "w.caffemodel")


def test_a_binary_message_without_its_required_fields_is_refused(tmp_path):
    partial = NetParameter()
    partial.layer.add().clip_param.min = 0
    (tmp_path / "w.caffemodel").write_bytes(partial.SerializePartialToString())

    with pytest.raises(InputError, match="not a whole NetParameter"):
        read_weights(tmp_path / "w.caffemodel")


def test_a_message_past_caffes_limit_is_refused_both_ways(tmp_path, monkeypatch):
    write_binary(weights(), tmp_path / "w.caffemodel")
    monkeypatch.setattr(storage, "MAX_BYTES", 10)

    with pytest.raises(InputError, match=r"has \d+ bytes, but a binary message ends at 10; .*HDF5"):
        read_weights(tmp_path / "w.caffemodel")
    with pytest.raises(InputError, match=r"would have \d+ bytes, but a binary message ends at 10; .*HDF5"):
        write_binary(weights(), tmp_path / "v.caffemodel")
    assert not (tmp_path / "v.caffemodel").exists()


def test_more_than_64_megabytes_are_read(tmp_path):
    blob = BlobProto(data=bytes(0))
    blob.MergeFromString(b"\x2a" + b"\x80\x80\x80\x28" + bytes(80 * 2**20))  # 20 million zeros as field `data`
    write_binary(blob, tmp_path / "mean.binaryproto")

    assert len(read_binary(tmp_path / "mean.binaryproto", BlobProto).data) == 20 * 2**20


def test_nothing_is_written_for_an_incomplete_message(tmp_path):
    layer = LayerParameter()
    layer.clip_param.min = 0

    with pytest.raises(InputError, match=r"cannot be written without clip_param\.max"):
        write_binary(layer, tmp_path / "layer.bin")
    assert list(tmp_path.iterdir()) == []


def test_a_solver_file_gets_its_snapshot_prefix_as_in_caffe_train(tmp_path):
    path = tmp_path / "my.solver.prototxt"
    write_text(SolverParameter(net="n.prototxt"), path)
    assert read_solver(path).snapshot_prefix == str(tmp_path / "my.solver")

    write_text(SolverParameter(snapshot_prefix=str(tmp_path)), path)
    assert read_solver(path).snapshot_prefix == str(tmp_path / "my.solver")

    write_text(SolverParameter(snapshot_prefix="snapshots/run"), path)
    assert read_solver(path).snapshot_prefix == "snapshots/run"


def test_a_file_may_be_read_as_it_stands(tmp_path):
    (tmp_path / "solver.prototxt").write_text("solver_type: ADAM")
    (tmp_path / "net.prototxt").write_text("layers { name: 'a' type: RELU }")

    assert read_solver(tmp_path / "solver.prototxt", upgrade=False) == SolverParameter(solver_type="ADAM")
    assert len(read_net(tmp_path / "net.prototxt", upgrade=False).layers) == 1


def test_errors_name_the_text_that_was_given():
    with pytest.raises(InputError, match=r"^s\.prototxt:1:1: "):
        parse_solver("nett: 'a'", "s.prototxt")
