"""What training images ask of a net, from images whose principal components are known."""

import h5py
import numpy as np
import pytest

from cae_caffe import InputError
from cae_caffe.analysis.image_needs import image_needs, known_needs, training_list

NET = """
layer {{ name: "data" type: "HDF5Data" top: "data" include {{ phase: TEST }}
  hdf5_data_param {{ source: "elsewhere.txt" batch_size: 2 }} }}
layer {{ name: "data" type: "HDF5Data" top: "data" include {{ phase: TRAIN }}
  hdf5_data_param {{ source: "{}" batch_size: 2 }} }}
"""


def write(folder, images):
    with h5py.File(str(folder / "images.h5"), "w") as file:
        file["data"] = images.astype(np.float32)
    (folder / "images.txt").write_text(f"{folder / 'images.h5'}\n")
    return folder / "images.txt"


@pytest.mark.parametrize("pixels", [8, 40])     # fewer and more than images
def test_components_are_counted_until_nine_tenths_of_the_variance(tmp_path, pixels):
    # Four directions with variances as 64 : 25 : 9 : 4, of which two hold 87 % and three 96 %.
    random = np.random.RandomState(0)
    weights = np.linalg.qr(random.normal(size=(20, 20)))[0]
    weights = np.linalg.qr(weights[:, :4] - weights[:, :4].mean(axis=0))[0]
    axes = np.linalg.qr(random.normal(size=(pixels, 4)))[0]
    images = 0.5 + (weights * [8, 5, 3, 2]) @ axes.T / 100
    needs = image_needs(write(tmp_path, images.reshape(20, 1, 2, -1)))
    np.testing.assert_allclose(needs.held[:4], np.cumsum([64, 25, 9, 4]) / 102, atol=1e-5)
    assert (needs.images, needs.looked_at, needs.components) == (20, 20, 3)


def test_the_mean_images_entropy(tmp_path):
    images = np.array([[1, 0, 1, 0], [1, 0, 0, 0.5]])
    needs = image_needs(write(tmp_path, images))
    # Pixels that are the same everywhere cost nothing; the mean is 1/2 in the third and 1/4 in the fourth.
    expected = np.log(2) - 0.25 * np.log(0.25) - 0.75 * np.log(0.75)
    assert needs.mean_entropy == pytest.approx(expected)
    assert image_needs(write(tmp_path, images * 255)).mean_entropy is None


def test_the_list_that_a_net_trains_on_is_taken_if_it_is_there(tmp_path):
    there = write(tmp_path, np.eye(3))
    net = tmp_path / "net.prototxt"
    net.write_text(NET.format(there))
    assert training_list(net) == str(there)
    assert (known_needs(net).images, known_needs(net).source) == (3, str(there))
    overruled = known_needs(net, images=50)
    assert overruled.images == 50 and overruled.components == known_needs(net).components
    net.write_text(NET.format("missing.txt"))
    assert known_needs(net) is None
    assert known_needs(net, images=50).components is None
    assert known_needs(net, list_file=there).images == 3


def test_mistakes_are_told(tmp_path):
    net = tmp_path / "net.prototxt"
    net.write_text(NET.format("missing.txt"))
    with pytest.raises(InputError, match="--images 0: a net trains on at least 1 image"):
        known_needs(net, images=0)
    with pytest.raises(InputError, match=r"missing\.txt"):
        known_needs(net, list_file="missing.txt")
