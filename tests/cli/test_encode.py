import h5py
import numpy as np
import pytest
from small_autoencoder import DEPLOY, write_images

from cae_caffe.running import encode as encode_module


@pytest.fixture
def encoded(on_engine, autoencoder, tmp_path):
    """Runs the command with further words and returns codes, labels (or None) and the file's attributes."""
    def run(*words):
        out = tmp_path / "codes.h5"
        done = on_engine("encode", autoencoder.net, autoencoder.weights, "--data", autoencoder.data, *words,
                         "--out", out)
        assert done.status == 0, done.err
        with h5py.File(str(out), "r") as file:
            return file["codes"][()], file["label"][()] if "label" in file else None, dict(file.attrs)
    return run


def reference(autoencoder, images):
    """The codes (n, 4) of the small auto-encoder in float64."""
    (kernels, bias), (weight, offset) = autoencoder.parameters["conv1"], autoencoder.parameters["squeeze"]
    places = [(y, x) for y in range(4) for x in range(3)]
    patches = np.array([[image[0, y:y + 3, x:x + 3] for y, x in places] for image in images], np.float64)
    maps = np.einsum("npij,oij->nop", patches, kernels[:, 0]) + bias[:, None]
    return (1 / (1 + np.exp(-maps))).reshape(len(images), -1) @ weight.T + offset


def test_codes_are_the_narrowest_blob_of_every_image(encoded, autoencoder):
    codes, label, attributes = encoded()
    assert codes.dtype == np.float32
    assert label.tolist() == [7, 2, 7, 0, 2, 1]
    assert attributes == {"net": str(autoencoder.net), "weights": str(autoencoder.weights), "blob": "squeeze",
                          "data": str(autoencoder.data)}
    np.testing.assert_allclose(codes, reference(autoencoder, autoencoder.images), atol=1e-5)    # float32 against 64


def test_a_last_batch_that_is_not_full_is_encoded_too(encoded, autoencoder, tmp_path):
    count = encode_module.BATCH + 3
    images = write_images(tmp_path, count, labels=range(count))
    codes, label, _ = encoded()
    np.testing.assert_allclose(codes, reference(autoencoder, images), atol=1e-5)
    assert label.tolist() == list(range(count))


def test_another_blob_is_flattened(encoded):
    codes, _, attributes = encoded("--blob", "conv1")
    assert codes.shape == (6, 36)
    assert attributes["blob"] == "conv1"


def test_no_labels_are_written_where_there_are_none(encoded, tmp_path):
    write_images(tmp_path, labels=None)
    assert encoded()[1] is None


def test_the_papers_code_is_taken_even_if_it_is_not_the_narrowest(encoded, autoencoder):
    autoencoder.net.write_text(DEPLOY.replace('top: "expand"', 'top: "ip2encode"')
                               .replace('bottom: "expand"', 'bottom: "ip2encode"'))
    codes, _, attributes = encoded()
    assert attributes["blob"] == "ip2encode" and codes.shape == (6, 8)


def test_the_input_itself_can_be_taken(encoded, autoencoder):
    np.testing.assert_array_equal(encoded("--blob", "data")[0], autoencoder.images.reshape(6, -1))


def test_an_unknown_blob_is_refused_with_those_there_are(on_engine, autoencoder, tmp_path):
    done = on_engine("encode", autoencoder.net, autoencoder.weights, "--data", autoencoder.data, "--blob", "conv9",
                     "--out", tmp_path / "codes.h5")
    assert done.status == 2
    assert "no blob `conv9`" in done.err and "conv1, conv1sig, squeeze" in done.err
    assert not (tmp_path / "codes.h5").exists()
