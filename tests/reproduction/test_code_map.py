"""The map of codes: which images, where their codes are, and that its plane is what the decoder draws there."""

import json

import digits
import numpy as np
import pytest
import small_results

from cae_caffe.backend import load_backend
from cae_caffe.data import HDF5Source
from cae_caffe.errors import InputError
from cae_caffe.reproduction.measures import code_map
from cae_caffe.reproduction.measures.sprites import LEVELS, sprite
from cae_caffe.reproduction.runs.run import Run

PROTOTXT = small_results.ROOT / "prototxt"
NET = PROTOTXT / "cae1-n2" / "deploy.prototxt"
DATA = "data/mnist_test.txt"
IMAGES, SHOWN, CELLS = 79, 40, 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("mapped")
    digits.write(found, train=1, test=IMAGES)
    small_results.write_weights(found)
    return found


@pytest.fixture
def made(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return code_map.make(load_backend("torch"), NET, "cae1-n2_iter_20000.caffemodel", DATA, SHOWN, CELLS)


def test_images_are_taken_at_even_steps_with_their_labels(made):
    assert made["images"] == list(range(0, IMAGES, 2)) and len(made["codes"]) == SHOWN
    assert made["label"] == [row % 10 for row in made["images"]] and made["of"] == IMAGES
    with HDF5Source(DATA) as source:
        images = source.rows("data", 0, IMAGES)[::2, 0]
    assert np.abs(small_results.images_of(made["inputs"], SHOWN) / 255 - images).max() < 0.6 / (LEVELS - 1)


def test_codes_restorations_and_the_plane_are_the_nets(made):
    """Against the whole net, image by image, and its decoder, written out here: net.forward from the code on."""
    net = load_backend("torch").Net(str(NET), "cae1-n2_iter_20000.caffemodel", load_backend("torch").TEST)
    with HDF5Source(DATA) as source:
        image = source.rows("data", 10, 11)
    restored = net.forward(data=image)["deconv1neursig"]
    np.testing.assert_allclose(made["codes"][5], net.blobs["ip2encode"].data[0], rtol=1e-4)    # five digits are kept
    assert made["error"][5] == pytest.approx(0.5 * np.square(restored - image).sum(), rel=1e-4)
    assert np.abs(small_results.images_of(made["restored"], 6)[5] / 255 - restored[0, 0]).max() < 0.6 / (LEVELS - 1)
    plane, cell = made["plane"], 7      # the second row from the top, its last column
    x = plane["x"][0] + (plane["x"][1] - plane["x"][0]) * 3.5 / CELLS
    y = plane["y"][1] - (plane["y"][1] - plane["y"][0]) * 1.5 / CELLS
    net.blobs["ip2encode"].data[...] = [[x, y]]
    net.forward(start="ip1decode")
    drawn = net.blobs["deconv1neursig"].data[0, 0]
    assert np.abs(small_results.images_of(plane["pictures"], 16)[cell] / 255 - drawn).max() < 0.6 / (LEVELS - 1)
    codes = np.array(made["codes"])
    assert (plane["x"][0] < codes[:, 0]).all() and (codes[:, 1] < plane["y"][1]).all()


def test_real_caffe_makes_the_same_map(made, folder, caffe_run):
    program = ("import json, sys; from cae_caffe.backend import load_backend; "
               "from cae_caffe.reproduction.measures import code_map; "
               "print(json.dumps(code_map.make(load_backend('caffe'), *sys.argv[1:4], 40, 4)))")
    words = ["python3", "-c", program, NET, "cae1-n2_iter_20000.caffemodel", DATA]
    real = json.loads(caffe_run(words, cwd=folder, env={"GLOG_minloglevel": "2"}).stdout.splitlines()[-1])
    assert real["images"] == made["images"] and real["label"] == made["label"]
    # Codes here are some tens large, sums of 125 float32 products in another order.
    np.testing.assert_allclose(real["codes"], made["codes"], rtol=1e-3, atol=1e-3)
    for name in ("inputs", "restored"):
        ours, theirs = (small_results.images_of(found[name], SHOWN).astype(int) for found in (made, real))
        assert np.abs(ours - theirs).max() <= 255 / (LEVELS - 1) + 1     # a shade, where rounding parts


def test_another_length_of_code_is_refused(folder, monkeypatch):
    monkeypatch.chdir(folder)
    deploy = NET.read_text(encoding="utf-8").replace("num_output: 2 }\n}\nlayer {\n  name: \"ip1decode\"",
                                                      "num_output: 3 }\n}\nlayer {\n  name: \"ip1decode\"")
    (folder / "three.prototxt").write_text(deploy, encoding="utf-8")
    with pytest.raises(InputError, match="a code of 3 numbers"):
        code_map.make(load_backend("torch"), "three.prototxt", None, DATA)


def test_the_map_shows_the_best_run_and_is_made_once(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(folder)
    made = []
    monkeypatch.setattr(code_map, "make", lambda backend, net, weights, data: made.append(weights) or {"codes": []})
    assert code_map.refresh(tmp_path, prototxt=PROTOTXT) is None
    for seed, test in ((3, (150.0, 17.0)), (2, (float("nan"), 1.0)), (4, (140.0, 16.0))):
        small_results.write_weights(small_results.write_run(tmp_path, "cae1-n2", seed, test))
    small_results.write_run(tmp_path, "cae2-n2", 1)         # its weights are gone
    run = Run("cae1-n2", 3, tmp_path / "runs" / "cae1-n2-seed3", prototxt=PROTOTXT)
    for _ in range(2):
        assert code_map.refresh(tmp_path, prototxt=PROTOTXT) == tmp_path / "map.json"
    assert made == [run.weights]
    assert json.loads((tmp_path / "map.json").read_text())["seed"] == 3
    for path in tmp_path.glob("runs/*/*.caffemodel"):
        path.unlink()
    assert code_map.refresh(tmp_path, prototxt=PROTOTXT) == tmp_path / "map.json" and len(made) == 1


def test_the_process_says_in_a_line_what_is_wrong(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    small_results.write_weights(small_results.write_run(tmp_path, "cae1-n2", 1))
    assert code_map.main([str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("cannot read the list of HDF5 files `data/mnist_test.txt`")


def test_a_sprite_holds_its_pictures_in_reading_order():
    pictures = np.linspace(-0.2, 1.2, 7 * 3 * 2).reshape(7, 3, 2)
    found = sprite(pictures)
    assert (found["width"], found["height"], found["columns"]) == (2, 3, 3)
    assert np.abs(small_results.images_of(found, 7) / 255 - pictures.clip(0, 1)).max() < 0.6 / (LEVELS - 1)
    assert sprite(pictures) == found
