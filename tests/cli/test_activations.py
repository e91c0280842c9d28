import h5py
import numpy as np
import pytest
from small_autoencoder import DEPLOY, SHAPES, write_images, write_weights

BLOBS = ["data", "conv1", "conv1sig", "squeeze", "expand", "folded", "deconv1", "deconv1sig"]


@pytest.fixture
def activations(on_engine, autoencoder, tmp_path):
    """Runs the command with further words and returns the blobs in net order, and the file's other content."""
    def run(*words):
        out = tmp_path / "out.h5"
        done = on_engine("activations", autoencoder.net, autoencoder.weights, "--data", autoencoder.data, *words,
                         "--out", out)
        assert done.status == 0, done.err
        with h5py.File(str(out), "r") as file:
            datasets = sorted(file.values(), key=lambda item: item.attrs.get("order", -1))
            return {item.name[1:]: (item[()], dict(item.attrs)) for item in datasets}
    return run


def test_every_blob_is_written_in_net_order_with_its_layer(activations):
    found = activations("--image", "0")
    assert [name for name in found if name not in ("image", "label")] == BLOBS
    assert found["conv1sig"][1] == {"order": 2, "layer": "conv1sig", "type": "Sigmoid"}


def test_shapes_are_caffes_with_a_row_for_each_image(activations):
    found = activations("--image", "4", "1")
    assert found["conv1"][0].shape == (2, 3, 4, 3)
    assert found["squeeze"][0].shape == (2, 4)
    assert found["deconv1sig"][0].shape == (2, 1, 6, 5)


def test_chosen_images_are_run_in_the_order_given(activations, autoencoder):
    found = activations("--image", "4", "1")
    assert found["image"][0].tolist() == [4, 1]
    assert found["label"][0].tolist() == [2, 2]
    np.testing.assert_array_equal(found["data"][0], autoencoder.images[[4, 1]])


def test_default_is_the_first_image_of_each_class(activations):
    found = activations()
    assert found["image"][0].tolist() == [3, 5, 1, 0]
    assert found["label"][0].tolist() == [0, 1, 2, 7]


def test_without_labels_the_default_is_the_first_ten_images(activations, tmp_path):
    write_images(tmp_path, count=12, labels=None)
    found = activations()
    assert found["image"][0].tolist() == list(range(10))
    assert "label" not in found


def test_values_are_the_layers_own(activations, autoencoder):
    found = activations()
    weight, bias = autoencoder.parameters["squeeze"]
    conv1, conv1sig = found["conv1"][0], found["conv1sig"][0]
    # Float32 sums of 36 products, about 1e-6 apart in another order.
    np.testing.assert_allclose(conv1sig, 1 / (1 + np.exp(-conv1)), rtol=1e-5)
    np.testing.assert_allclose(found["squeeze"][0], conv1sig.reshape(len(conv1), -1) @ weight.T + bias, atol=1e-5)


def test_a_layer_in_place_leaves_its_own_value_and_name(activations):
    values, attributes = activations()["folded"]
    assert attributes["layer"] == "bend"
    assert values.min() == 0 < values.max()


def test_file_names_its_origin(activations, autoencoder, tmp_path):
    activations()
    with h5py.File(str(tmp_path / "out.h5"), "r") as file:
        assert dict(file.attrs) == {"net": str(autoencoder.net), "weights": str(autoencoder.weights),
                                    "data": str(autoencoder.data)}


def refusal(on_engine, autoencoder, tmp_path, *words):
    """The one line of error that the command ends with; nothing may be left behind."""
    done = on_engine("activations", autoencoder.net, autoencoder.weights, "--data", autoencoder.data, *words,
                     "--out", tmp_path / "out.h5")
    assert done.status == 2
    assert not list(tmp_path.glob("*out.h5*"))
    assert "Traceback" not in done.err
    return done.err.splitlines()[-1]


def test_an_image_out_of_range_is_refused(on_engine, autoencoder, tmp_path):
    error = refusal(on_engine, autoencoder, tmp_path, "--image", "2", "6")
    assert "--image 6" in error and "has 6 images, so indices go from 0 to 5" in error


def test_missing_weights_are_named(on_engine, autoencoder, tmp_path):
    autoencoder.weights.unlink()
    assert str(autoencoder.weights) in refusal(on_engine, autoencoder, tmp_path)


def test_weights_of_another_shape_are_refused(on_engine, autoencoder, tmp_path):
    write_weights(autoencoder.weights, {**SHAPES, "squeeze": [(4, 35), (4,)]})
    error = refusal(on_engine, autoencoder, tmp_path)
    assert "layer `squeeze` holds 4x35 + 4, but" in error and "needs 4x36 + 4" in error


def test_weights_of_another_net_are_refused(on_engine, autoencoder, tmp_path):
    write_weights(autoencoder.weights, {"fc6": [(4, 36), (4,)]})
    error = refusal(on_engine, autoencoder, tmp_path)
    assert "no parameters for layer `conv1`" in error and "fc6" in error


def test_images_of_another_size_are_refused(on_engine, autoencoder, tmp_path):
    write_images(tmp_path, shape=(1, 5, 6))
    error = refusal(on_engine, autoencoder, tmp_path)
    assert "images are 1x5x6, but the input `data`" in error and "takes 1x6x5" in error


def test_a_net_with_two_inputs_is_refused(on_engine, autoencoder, tmp_path):
    more = 'layer { name: "more" type: "Input" top: "other" input_param { shape { dim: 1 } } }\n'
    autoencoder.net.write_text(more + DEPLOY)
    assert "has 2 inputs (other, data)" in refusal(on_engine, autoencoder, tmp_path)


def test_a_net_that_reads_its_own_data_is_refused(on_engine, autoencoder, tmp_path):
    source = ('layer { name: "d" type: "HDF5Data" top: "data" '
              f'hdf5_data_param {{ source: "{autoencoder.data}" batch_size: 2 }} }}')
    autoencoder.net.write_text("\n".join([source] + [line for line in DEPLOY.splitlines() if '"Input"' not in line]))
    assert "no Input layer" in refusal(on_engine, autoencoder, tmp_path)


def test_a_blob_with_a_reserved_name_is_refused(on_engine, autoencoder, tmp_path):
    autoencoder.net.write_text(DEPLOY.replace('"conv1sig"', '"image"'))
    assert "blob `image` cannot be stored" in refusal(on_engine, autoencoder, tmp_path)
