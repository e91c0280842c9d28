"""Maps between the coordinates of tops, against real Caffe's and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from cae_caffe import InputError, pycaffe
from cae_caffe.net_spec import layers as L
from cae_caffe.pycaffe import coord_map as maps

# Each makes a net, and leaves two of its tops in `to` and `of`.
NETS = {
    "a fully convolutional net": """
        data = L.Input(shape=dict(dim=[2, 1, 100, 100]))
        conv = L.Convolution(data, num_output=2, kernel_size=5, stride=2, pad=3)
        pool = L.Pooling(L.ReLU(conv), kernel_size=2, stride=2)
        of = L.Deconvolution(pool, convolution_param=dict(num_output=2, kernel_size=7, stride=4, pad=0))
        to = data""",
    "different kernels along the two axes": """
        to = L.Input(shape=dict(dim=[1, 1, 20, 20]))
        of = L.Convolution(to, num_output=1, kernel_size=[3, 5], stride=[1, 1], pad=[5, 5], dilation=[1, 2])""",
    "a crop in between": """
        to = L.Input(shape=dict(dim=[1, 1, 20, 20]))
        wide = L.Convolution(to, num_output=1, kernel_size=1, pad=4)
        small = L.Convolution(to, num_output=1, kernel_size=3)
        of = L.Crop(wide, small, axis=2, offset=3)""",
    "two ways that part": """
        data = L.Input(shape=dict(dim=[1, 1, 20, 20]))
        to = L.Convolution(data, num_output=1, kernel_size=5)
        of = L.Pooling(L.Convolution(data, num_output=1, kernel_size=3, pad=2), kernel_size=3, stride=1)""",
    "another axis": """
        to = L.Input(shape=dict(dim=[1, 1, 1, 20, 20]))
        of = L.Convolution(to, num_output=1, kernel_size=[1, 1], axis=2, pad=1)""",
}
REAL = """
import textwrap
import caffe
from caffe.coord_map import coord_map_from_to, crop
def main(net):
    names = {"L": caffe.layers}
    exec(textwrap.dedent(net), names)
    axis, scale, shift = coord_map_from_to(names["of"], names["to"])
    return axis, scale, shift, crop(names["of"], names["to"]).fn.params["crop_param"]
"""


def _tops(net: str):
    names = {"L": L}
    exec("if True:" + net, names)
    return names["of"], names["to"]


@pytest.mark.parametrize("title", NETS)
def test_maps_and_crops_are_real_caffes(title, real_caffe):
    axis, scale, shift = maps.coord_map_from_to(*_tops(NETS[title]))
    real_axis, real_scale, real_shift, real_crop = real_caffe(REAL, net=NETS[title])
    assert axis == real_axis
    np.testing.assert_array_equal(scale, real_scale)
    np.testing.assert_array_equal(shift, real_shift)
    assert maps.crop(*_tops(NETS[title])).fn.params["crop_param"] == real_crop


def test_the_crop_lies_where_it_should(tmp_path):
    data = L.Input(shape={"dim": [1, 1, 9, 9]})
    padded = L.Convolution(data, num_output=1, kernel_size=1, pad=3, bias_term=False,
                           weight_filler={"type": "constant", "value": 1})
    (tmp_path / "net.prototxt").write_text(str(maps.crop(padded, data).to_proto()))
    net = pycaffe.Net(str(tmp_path / "net.prototxt"), pycaffe.TEST)
    net.blobs["Input1"].data[...] = np.arange(81).reshape(1, 1, 9, 9)
    net.forward()
    np.testing.assert_array_equal(net.blobs["Crop1"].data, net.blobs["Input1"].data)


def test_a_long_chain_of_residual_blocks_is_walked_once():
    top = data = L.Input(shape={"dim": [1, 1, 9, 9]})
    for _ in range(60):
        top = L.Eltwise(top, L.Convolution(top, num_output=1, kernel_size=3, pad=1))
    assert maps.coord_map_from_to(top, data)[1:] == (1, 0)


@pytest.fixture
def data():
    return L.Input(shape={"dim": [1, 1, 20, 20]})


def test_tops_that_do_not_meet_have_no_map(data):
    other = L.Input(shape={"dim": [1, 1, 20, 20]})
    with pytest.raises(InputError, match="have no coordinate map between them"):
        maps.coord_map_from_to(data, other)
    with pytest.raises(RuntimeError):       # what Caffe raises
        maps.coord_map_from_to(L.InnerProduct(data, num_output=1), data)


def test_a_layer_without_a_map_is_named(data):
    with pytest.raises(maps.UndefinedMapException, match="A InnerProduct layer has no coordinate map"):
        maps.coord_map(L.InnerProduct(data, num_output=1).fn)


def test_maps_along_different_axes_do_not_compose(data):
    one = L.Convolution(data, kernel_size=1, num_output=1, axis=1)
    other = L.Convolution(one, kernel_size=1, num_output=1, axis=2)
    with pytest.raises(maps.AxisMismatchException, match="from 2 on does not compose with one from 1"):
        maps.coord_map_from_to(other, data)


@pytest.mark.parametrize("keywords, message", [
    ({"kernel_size": 3}, "the offset .* is negative"),
    ({"kernel_size": 4, "pad": 3}, "is no whole number"),
    ({"kernel_size": 1, "stride": 2}, "their scales differ by"),
    ({"kernel_h": 1, "kernel_w": 1}, "gives kernel_h, kernel_w, which coordinate maps do not read"),
])
def test_what_cannot_be_cropped_is_refused(data, keywords, message):
    with pytest.raises(maps.CropError, match=message) as caught:
        maps.crop(L.Convolution(data, num_output=1, **keywords), data)
    assert isinstance(caught.value, AssertionError)        # what Caffe raises
