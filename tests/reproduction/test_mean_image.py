"""The mean image's losses over sets of images, and what they say of the paper's."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from cae_caffe.reproduction.questions import QUESTIONS, Arm, Outcome, mean_image, runs_with_data, write_question
from cae_caffe.reproduction.questions.question import Measured
from cae_caffe.reproduction.runs.plan import Plan

ROOT = Path(__file__).resolve().parents[2]
QUESTION = QUESTIONS["mean-image"]


@pytest.fixture
def plan(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Plan(Path("results"), prototxt=ROOT / "prototxt")


def _write_images(name, images):
    Path("data").mkdir(exist_ok=True)
    with h5py.File(f"data/{name}.h5", "w") as file:
        file["data"] = images.astype(np.float32).reshape(len(images), 1, 2, 3)
    Path(f"data/{name}.txt").write_text(f"data/{name}.h5\n")


def test_the_losses_are_those_of_caffes_layers_image_by_image():
    random = np.random.default_rng(1)
    images, picture = random.random((7, 5)), random.uniform(0.1, 0.9, 5)
    entropy = [-sum(x * np.log(p) + (1 - x) * np.log(1 - p) for x, p in zip(image, picture)) for image in images]
    squared = [sum((x - p) ** 2 for x, p in zip(image, picture)) / 2 for image in images]
    np.testing.assert_allclose(mean_image.losses(images, picture), np.stack([entropy, squared], 1), rtol=1e-12)


def test_each_reading_is_over_its_own_images():
    random = np.random.default_rng(2)
    train, test = random.random((40, 6)), random.random((10000, 6))
    order = random.permutation(40)
    found = {each["name"]: each["losses"] for each in
             mean_image.measure(train, test, batch=4, shown=[11, 10], thousand=9,
                                shuffled=np.concatenate([order, order]))}
    on_train, on_test = mean_image.losses(train, train.mean(0)), mean_image.losses(test, train.mean(0))
    expected = {"all test images": on_test, "the first 5000 test images": on_test[:5000],
                "the last 5000 test images": on_test[5000:], "all training images": on_train,
                "the last mini-batch in MNIST's order": on_train[4:8],          # 11 times 4 images is one pass and 4
                "the last ten shown in MNIST's order": on_train[0:8],
                "the mini-batch of iteration 9 in MNIST's order": on_train[36:40],
                "the mini-batch of iteration 9 with Caffe's `shuffle: true`": on_train[order[36:40]],
                "the last mini-batch with Caffe's `shuffle: true`": on_train[order[4:8]],
                "the last ten shown with Caffe's `shuffle: true`": on_train[order[0:8]]}
    for name, losses in expected.items():
        np.testing.assert_allclose(found.pop(name), [losses.mean(0)], rtol=1e-12, err_msg=name)
    each = found.pop(mean_image.EACH)
    np.testing.assert_allclose(each, on_train.reshape(10, 4, 2).mean(1), atol=6e-4)       # kept with three decimals
    (below, above), _ = found.pop("4 images at random"), found.pop("8 images at random")
    np.testing.assert_allclose(np.subtract(above, below) / 2, on_train.std(0) / 2, rtol=1e-12)
    assert not found


def test_the_shuffled_order_is_that_of_the_data_layer(plan):
    from cae_caffe import schema
    from cae_caffe.engine import Net, libc_rand

    _write_images("mnist_train", np.arange(42).reshape(7, 6))
    layer = ('layer { name: "data" type: "HDF5Data" top: "data" hdf5_data_param { source: "data/mnist_train.txt" '
             'batch_size: 3 shuffle: true } }')
    libc_rand.restart()
    net = Net(schema.parse_net(layer))
    shown = []
    for _ in range(6):
        net.forward()
        shown += (net.blobs[0].data[:, 0, 0, 0] / 6).tolist()
    assert shown == mean_image._shuffled(7, 18).tolist()


def _outcome(name, stage, *pairs):
    return Outcome(Arm(name, "", ()), [Measured(mean_image.NAME, 0, {stage: pair}) for pair in pairs], len(pairs))


def test_a_reading_fits_by_both_losses_or_by_two_standard_errors():
    said = mean_image.answer([
        _outcome("right", "test", (205.6, 26.5)), _outcome("half right", "test", (205.8, 26.6)),
        _outcome("wide", "train", (198.0, 25.0), (209.0, 27.5)),
        _outcome("narrow", "train", (205.0, 26.0), (206.0, 26.1)),
        _outcome(mean_image.EACH, "train", (202.6, 26.0), (202.6, 26.2), (190.0, 26.0), (202.8, 26.1))])
    test, train = said.split(" Train: ")
    assert "can be over right (205.60; 26.50), and not over half right (205.80; 26.60)" in test
    assert "can be over wide (203.50 ± 5.50; 26.25 ± 1.25), and not over narrow" in train
    assert train.endswith("mini-batches of a pass in MNIST's order 2 are as near, by number from 0: 0, 3.")


def test_the_papers_nets_that_learned_nothing_are_ten():
    assert mean_image.reported("train") == "train 202.58-202.66; 26.01-26.03"
    assert QUESTION.question.startswith("Ten of") and len(mean_image._stuck("test")) == 10
    spreads = [max(numbers) - min(numbers) for numbers in zip(*mean_image._stuck("train"))]
    assert all(limit >= 3 * spread for limit, spread in zip(mean_image.TOLERANCES, spreads))


def test_it_is_measured_once_and_written_like_the_others(plan):
    assert "Not measured yet." in write_question(plan, QUESTION, 5).read_text(encoding="utf-8")
    message = Path("results/questions/mean-image.json")
    assert not json.loads(message.read_text())["complete"] and runs_with_data(plan, [QUESTION])
    assert not runs_with_data(plan, [QUESTIONS["relu"]])
    random = np.random.default_rng(3)
    _write_images("mnist_train", random.random((600, 6)))
    _write_images("mnist_test", random.random((10000, 6)))
    page = write_question(plan, QUESTION, 5).read_text(encoding="utf-8")
    assert "| all training images: all that there are | 1 |" in page and "*Rule.*" in page
    written = json.loads(message.read_text())
    assert written["complete"] and written["arms"][0]["paper"] == "test 205.75-205.82; 26.43-26.44"
    assert not runs_with_data(plan, [QUESTION])
    Path("data/mnist_train.h5").unlink()
    assert write_question(plan, QUESTION, 5).read_text(encoding="utf-8") == page
