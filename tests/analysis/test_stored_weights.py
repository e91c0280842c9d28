import h5py
import numpy as np
import pytest
from small_autoencoder import SHAPES, write_weights

from cae_caffe import InputError, schema
from cae_caffe.analysis.stored_weights import shapes_in

TWINS = """
layer { name: "input" type: "Input" top: "left" top: "right" input_param { shape { dim: 2 dim: 6 } } }
layer { name: "ip" type: "InnerProduct" bottom: "left" top: "ip" inner_product_param { num_output: 3 }
  param { name: "w" } param { name: "b" } }
layer { name: "ip_p" type: "InnerProduct" bottom: "right" top: "ip_p" inner_product_param { num_output: 3 }
  param { name: "w" } param { name: "b" } }
"""

# In real Caffe's Python: save a net's weights in both formats and open it with them again.
SAVE_AND_OPEN = """
def main(net_file, weights):
    import caffe
    from cae_caffe.analysis.nets import open_net
    from cae_caffe.analysis.stored_weights import shapes_in
    net = caffe.Net(net_file, caffe.TEST)
    net.params["ip"][0].data[...] = 7
    (net.save_hdf5 if weights.endswith(".h5") else net.save)(weights)
    return shapes_in(weights), open_net(caffe, net_file, weights).params["ip_p"][0].data.tolist()
"""


def test_a_caffemodels_shapes_are_read_by_layer(tmp_path):
    write_weights(tmp_path / "w.caffemodel")
    assert shapes_in(tmp_path / "w.caffemodel") == {name: dict(enumerate(blobs)) for name, blobs in SHAPES.items()}


def test_four_axes_of_2015_are_read(tmp_path):
    net = schema.NetParameter()
    net.layer.add(name="ip").blobs.add(num=1, channels=1, height=2, width=3, data=range(6))
    schema.write_binary(net, tmp_path / "w.caffemodel")
    assert shapes_in(tmp_path / "w.caffemodel") == {"ip": {0: (1, 1, 2, 3)}}


@pytest.mark.parametrize("name", ["w.caffemodel", "w.caffemodel.h5"])
def test_weights_that_real_caffe_saved_fit_where_layers_share_them(real_caffe, tmp_path, name):
    (tmp_path / "net.prototxt").write_text(TWINS)
    shapes, values = real_caffe(SAVE_AND_OPEN, net_file=str(tmp_path / "net.prototxt"), weights=str(tmp_path / name))
    assert shapes["ip"] == {0: (3, 6), 1: (3,)}
    assert values == [[7] * 6] * 3


def test_an_hdf5_file_that_holds_no_weights_is_refused(tmp_path):
    with h5py.File(str(tmp_path / "codes.h5"), "w") as file:
        file["codes"] = np.zeros(3)
    with pytest.raises(InputError, match=r"codes\.h5: no group `data`"):
        shapes_in(tmp_path / "codes.h5")


def test_data_in_place_of_weights_is_refused(tmp_path):
    with h5py.File(str(tmp_path / "mnist.h5"), "w") as file:
        file["data"] = np.zeros(3)
    with pytest.raises(InputError, match=r"mnist\.h5: no group `data` in it, so these are not the weights of a net"):
        shapes_in(tmp_path / "mnist.h5")
