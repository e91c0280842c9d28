"""MemoryData: the arrays of set_input_arrays in turn, as real Caffe feeds them."""

from __future__ import annotations

import data_batches
import numpy as np
import pytest
from conformance import Case
from datasets import mean_file, pixels

from cae_caffe import InputError, pycaffe

NET = """
layer {{ name: "m" type: "MemoryData" top: "data" top: "label" {transform}
  memory_data_param {{ batch_size: 2 channels: 3 height: 4 width: 5 }} }}
layer {{ name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param {{ num_output: 3 weight_filler {{ type: "gaussian" }} }} }}
"""


@pytest.fixture
def write(tmp_path):
    def write(transform=""):
        (tmp_path / "net.prototxt").write_text(NET.format(transform=transform))
        return tmp_path
    return write


def batches(caffe, phase):
    """Shapes before, weights drawn after, batches of two pairs of arrays, one changed between two passes."""
    caffe.set_random_seed(3)
    net = caffe.Net("net.prototxt", getattr(caffe, phase))
    found = [np.array(net.blobs[name].data.shape) for name in ("data", "label")] + [net.params["ip"][0].data.copy()]
    for rows, passes in ((6, 5), (2, 2)):
        data = np.arange(rows * 60, dtype=np.float32).reshape(rows, 3, 4, 5)
        labels = np.arange(rows, dtype=np.float32)
        net.set_input_arrays(data, labels)
        for _ in range(passes):
            net.forward()
            found += [net.blobs[name].data.copy() for name in ("data", "label")]
            data += 0.5
            labels += 100
    return found


@pytest.mark.parametrize("phase", ["TRAIN", "TEST"])
@pytest.mark.parametrize("transform", ["", "mirror: true", "crop_size: 2", "crop_size: 2 mirror: true", "scale: 0.5"])
def test_batches_and_what_is_drawn_after_the_layer(real_caffe, write, transform, phase):
    folder = write(f"transform_param {{ {transform} }}" if transform else "")
    data_batches.assert_same(real_caffe, folder, batches, phase=phase)


def test_a_net_without_arrays_is_refused(write):
    net = pycaffe.Net(str(write() / "net.prototxt"), pycaffe.TEST)
    with pytest.raises(InputError, match=r"ayer `m` \(type MemoryData, .*: it has no data yet; .* net.set_input_arr"):
        net.forward()


@pytest.mark.parametrize("param, message", [
    ("batch_size: 2 channels: 3 height: 4", "are 2, 3, 4 and 0; give all four, each at least 1"),
    ("channels: 3 height: 4 width: 5", "are 0, 3, 4 and 5")])
def test_refusals(judge, param, message):
    judge.refused(Case(f'type: "MemoryData" memory_data_param {{ {param} }}', tops=2), message)


def test_a_mean_given_twice_is_refused(judge):
    text = NET.format(transform='transform_param { mean_file: "mean" mean_value: 3 }')
    judge.refused(Case(text, {}, files={"mean": mean_file(pixels(3, 4, 5))}), "both `mean_file` and `mean_value`")


def any_axes(folder, tops, dims):
    (folder / "net.prototxt").write_text(f"""layer {{ name: "m" type: "MemoryData" {tops}
      memory_data_param {{ {' '.join(f'dim: {dim}' for dim in dims)} batch_size: 9 }} }}""")
    return pycaffe.Net(str(folder / "net.prototxt"), pycaffe.TEST)


@pytest.mark.parametrize(("tops", "dims"), [('top: "data" top: "label"', (2, 3, 4, 5, 6)), ('top: "data"', (2, 7)),
                                            ('top: "data" top: "label"', (1, 3, 2, 2)), ('top: "data"', (2,))])
def test_any_number_of_axes(tmp_path, tops, dims):
    """naibaf7's Caffe: batches of the shape `dim`, which counts before `batch_size`."""
    net = any_axes(tmp_path, tops, dims)
    assert net.blobs["data"].data.shape == dims
    data = np.arange(4 * np.prod(dims[1:]), dtype=np.float32).reshape(4, *dims[1:])
    net.set_input_arrays(data, np.arange(4, dtype=np.float32))

    for number in range(5):
        net.forward()
        first = number * dims[0] % 4
        np.testing.assert_array_equal(net.blobs["data"].data, data[first:first + dims[0]])
        if "label" in net.blobs:
            assert net.blobs["label"].data.shape == (dims[0], *[1] * (len(dims) - 1))
            np.testing.assert_array_equal(net.blobs["label"].data.ravel(), np.arange(first, first + dims[0]))


def test_no_axis_is_empty(tmp_path):
    with pytest.raises(InputError, match="its `dim`s are 2, 0; give each at least 1"):
        any_axes(tmp_path, 'top: "data"', (2, 0))
