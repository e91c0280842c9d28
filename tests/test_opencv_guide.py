"""The guide from OpenCV 4 to OpenCV 5: its programs run, before and after give the same, and its lists are so."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")
pytest.importorskip("onnxruntime", reason="onnxruntime is not here: pip install cae-caffe[onnx]")

import opencv5
import opencv_gaps
import ssd_nets
from leaving import built, leaves
from PIL import Image

from cae_caffe import pycaffe
from cae_caffe.cli.main import main
from cae_caffe.engine import log
from cae_caffe.net_spec import NetSpec
from cae_caffe.net_spec import layers as L

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "how-to" / "opencv-4-to-5.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
COMMANDS = re.findall(r"^    cae-caffe (export-onnx .*)$", PAGE, flags=re.MULTILINE)
PLAIN, AGE, SSD, NAMED = range(4)      # the commands, in the page's order
XAVIER = {"type": "xavier"}
SAVE = "\nimport numpy\nnumpy.savez('{name}.npz', blob=blob, output={output})\n"


def age(size=227):
    """A net of the age classifier's layers."""
    net = NetSpec()
    net.data = L.Input(shape={"dim": [1, 3, size, size]})
    top = L.Convolution(net.data, num_output=8, kernel_size=7, stride=4, weight_filler=XAVIER)
    net.pool1 = L.Pooling(L.ReLU(top, in_place=True), pool="MAX", kernel_size=3, stride=2)
    net.norm1 = L.LRN(net.pool1, local_size=5, alpha=1e-4, beta=0.75)
    net.fc8 = L.InnerProduct(net.norm1, num_output=8, weight_filler=XAVIER)
    net.prob = L.Softmax(net.fc8)
    return net.to_proto()


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A folder with what the page's programs read: `written(name, net)` writes a model's files, with small weights."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(log, "_minimum", log.LEVELS["ERROR"])
    random = np.random.RandomState(0)
    for name in ("face", "street"):
        small = Image.fromarray(random.randint(0, 256, (12, 16, 3), np.uint8))
        small.resize((160, 120), Image.NEAREST).save(f"{name}.png")

    def write(prototxt, weights, net):
        found = built(net, tmp_path)
        Path("net.prototxt").rename(prototxt)
        found.save(weights)
    return write


def run(program, output, name, opencv_5):
    """What the program has in `blob` and `output` at its end, and what it printed."""
    if opencv_5 and not opencv5.FOLDER.is_dir():
        pytest.skip("OPENCV 5 IS NOT HERE: scripts/setup puts it into .judges/opencv5")
    path = {"PYTHONPATH": str(opencv5.FOLDER)} if opencv_5 else {}
    variables = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | path
    done = subprocess.run([sys.executable, "-c", program + SAVE.format(name=name, output=output)], env=variables,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with np.load(f"{name}.npz") as arrays:
        return arrays["blob"], arrays["output"], done.stdout


def export(command):
    assert main(shlex.split(COMMANDS[command])) == 0


def test_a_classifier_gives_the_same_before_and_after(written):
    pytest.importorskip("cv2", reason="OPENCV 4 IS NOT HERE: pip install 'opencv-python-headless<5'")
    written("age_deploy.prototxt", "age_net.caffemodel", age())
    export(AGE)
    before, wanted, said = run(PROGRAMS[0], "scores", "before", opencv_5=False)
    pixels, found, also_said = run(PROGRAMS[1], "scores", "after", opencv_5=True)

    print(f"classifier: largest difference {abs(found - wanted).max():.1e} of {abs(wanted).max():.2g}")
    assert said == also_said and said.startswith("class ")
    assert np.ptp(wanted) > 0.1
    np.testing.assert_allclose(found, wanted, atol=1e-5 * wanted.max())
    np.testing.assert_allclose(pixels - np.float32([78.4, 87.8, 114.9]).reshape(1, 3, 1, 1), before, atol=1e-4)

    export(PLAIN)       # without flags, the call stays
    one_line = PROGRAMS[0].replace('readNetFromCaffe("age_deploy.prototxt", "age_net.caffemodel")',
                                   'readNetFromONNX("age_net.onnx")')
    blob, found, _ = run(one_line, "scores", "one-line", opencv_5=True)
    np.testing.assert_allclose(found, wanted, atol=1e-5 * wanted.max())
    np.testing.assert_array_equal(blob, before)

    export(NAMED)
    both = PROGRAMS[1].replace("net.forward()", "net.forward(['norm1', 'prob'])[1]")
    np.testing.assert_allclose(run(both, "scores", "named", opencv_5=True)[1], found, atol=1e-5)


def test_a_detector_finds_the_same_boxes_before_and_after(written, monkeypatch):
    pytest.importorskip("cv2", reason="OPENCV 4 IS NOT HERE: pip install 'opencv-python-headless<5'")
    monkeypatch.setattr(ssd_nets, "SIZE", 300)
    written("MobileNetSSD_deploy.prototxt", "MobileNetSSD_deploy.caffemodel", ssd_nets.net("MobileNet-SSD", 1))
    export(SSD)
    _, wanted, said = run(PROGRAMS[2], "found", "before", opencv_5=False)
    _, found, also_said = run(PROGRAMS[3], "found", "after", opencv_5=True)

    assert len(said.splitlines()) == len(also_said.splitlines()) > 5
    wanted, found = (rows[0, 0][np.argsort(-rows[0, 0, :, 2], kind="stable")] for rows in (wanted, found))
    wanted = wanted[wanted[:, 2] > 0]      # OpenCV 4 adds rows of zeros
    clear = np.flatnonzero(np.diff(wanted[:, 2]) < -1e-4)[::-1]
    count = clear[clear < len(found)][0] + 1      # the last ones may be others where two scores are nearly one
    print(f"detector: {len(found)} boxes, largest difference {_difference(found[:count], wanted[:count]):.1e}")
    assert len(found) == len(wanted) and count > len(found) // 2
    assert _difference(found[:count], wanted[:count]) < 1e-4


def _difference(found, wanted):
    """The largest one of boxes, of which those with nearly the same score may stand in another order."""
    return max(abs(wanted[abs(wanted[:, 2] - row[2]) < 1e-4] - row).max(axis=1).min() for row in found)


@pytest.mark.parametrize("is_5", [False, True])
def test_blob_from_image_turns_takes_off_and_multiplies_in_this_order(is_5, tmp_path, monkeypatch):
    pytest.importorskip("cv2", reason="OPENCV 4 IS NOT HERE: pip install 'opencv-python-headless<5'")
    monkeypatch.chdir(tmp_path)
    program = ("import cv2, numpy as np\n"
               "image = np.full((2, 2, 3), (10, 20, 30), np.uint8)\n"
               "blob = cv2.dnn.blobFromImage(image, 0.5, mean=(104, 117, 123), swapRB=True)\n"
               "number = cv2.dnn.blobFromImage(image, mean=127.5)\n")
    turned, number, _ = run(program, "number", "order", is_5)
    np.testing.assert_array_equal(turned[0, :, 0, 0], [-37, -48.5, -56.5])
    np.testing.assert_array_equal(number[0, :, 0, 0], [10 - 127.5, 20, 30])     # the first channel alone


def test_opencv_5_says_what_the_page_quotes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    program = ("import cv2\n"
               "blob, said = 0, []\n"
               "for read in ('readNetFromCaffe', 'readNet'):\n"
               "    try:\n"
               "        getattr(cv2.dnn, read)('a.prototxt', 'a.caffemodel')\n"
               "    except Exception as error:\n"
               "        said.append(str(error).strip())\n")
    _, said, _ = run(program, "said", "errors", opencv_5=True)
    quoted = re.findall(r"^    (?:AttributeError: |error: )(.*)$", PAGE, flags=re.MULTILINE)
    assert len(said) == len(quoted) == 2 and all(one in str(whole) for one, whole in zip(quoted, said))


def test_the_page_has_the_list_of_gaps():
    assert f"\n{opencv_gaps.table()}\n" in PAGE, "run `python tests/support/opencv_gaps.py`, and put it into the page"


def pose():
    """Two stages of OpenPose's body net: the second reads the maps of the first and the features."""
    net = NetSpec()
    net.image = L.Input(shape={"dim": [1, 3, 24, 24]})
    features = L.Convolution(net.image, num_output=8, kernel_size=3, pad=1, weight_filler=XAVIER)
    net.features = L.Pooling(L.PReLU(features, in_place=True), pool="MAX", kernel_size=2, stride=2)
    read = net.features
    for stage in (1, 2):
        tops = []
        for branch, outputs in (("L1", 6), ("L2", 4)):
            top = L.Convolution(read, num_output=8, kernel_size=7, pad=3, weight_filler=XAVIER)
            top = L.Convolution(L.ReLU(top, in_place=True), num_output=outputs, kernel_size=1, weight_filler=XAVIER)
            setattr(net, f"stage{stage}_{branch}", top)
            tops.append(top)
        read = L.Concat(*tops, net.features, axis=1)
    net.net_output = L.Concat(*tops[::-1], axis=1)
    return net.to_proto()


def hed():
    """Two side outputs of HED, enlarged and cut to the image by its Crop, and their sum."""
    net = NetSpec()
    net.data = L.Input(shape={"dim": [1, 3, 20, 24]})
    top, sides = net.data, []
    for number, (factor, pad) in enumerate(((1, 35), (2, 1)), 1):
        if factor > 1:
            top = L.Pooling(top, pool="MAX", kernel_size=2, stride=2)
        top = L.Convolution(top, num_output=4, kernel_size=3, pad=pad, weight_filler=XAVIER)
        top = L.ReLU(top, in_place=True)
        score = L.Convolution(top, num_output=1, kernel_size=1, weight_filler=XAVIER)
        if factor > 1:
            score = L.Deconvolution(score, convolution_param={"num_output": 1, "kernel_size": 2 * factor,
                                                              "stride": factor, "weight_filler": XAVIER})
        crop = L.Crop(score, net.data)
        setattr(net, f"upscore{number}", crop)
        sides.append(crop)
    net.fuse = L.Sigmoid(L.Convolution(L.Concat(*sides), num_output=1, kernel_size=1, weight_filler=XAVIER))
    return net.to_proto()


@pytest.mark.parametrize("net", [pose, hed, age])
def test_kinds_of_nets_that_the_page_names_leave(net, tmp_path, monkeypatch):
    monkeypatch.setattr(log, "_minimum", log.LEVELS["ERROR"])
    text = ("# fork: hed\n" if net is hed else "") + str(net())
    leaves(built(text, tmp_path))


def test_blobs_that_code_sets_come_along(written):
    """As the code for colorization sets the centres of its colours."""
    written("net.prototxt.old", "net.caffemodel", age(67))
    net = pycaffe.Net("net.prototxt.old", pycaffe.TEST, weights="net.caffemodel")
    net.params["fc8"][0].data[...] = np.arange(8).reshape(8, 1) / 400 - 0.01
    leaves(net, blobs=["fc8"])
