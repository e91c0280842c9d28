"""make_figure: which pictures it leaves, from which runs, and what it refuses."""

from __future__ import annotations

import json

import digits
import h5py
import numpy as np
import pytest

from cae_caffe.emit import Settings, write_model
from cae_caffe.errors import InputError
from cae_caffe.models import MODELS, ConvolutionalAutoencoder, SiameseNetwork
from cae_caffe.reproduction import figures as paper_figures
from cae_caffe.reproduction.figures import make_figure
from cae_caffe.reproduction.runs.plan import FIGURES

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")

ITERATIONS = 7
# Small nets under the models' names, so that the tests are quick.
SMALL = {
    "cae2-n2": ConvolutionalAutoencoder(maps=(2,), kernels=(17,), hidden=(6,), code=2),
    "cae2-n30": ConvolutionalAutoencoder(maps=(2,), kernels=(17,), hidden=(6,), code=30),
    "siamese": SiameseNetwork(maps=(2,), kernels=(17,), hidden=(6,)),
}


@pytest.fixture
def results(tmp_path, monkeypatch):
    """A results folder with finished, untrained runs of SMALL, in a working directory with their nets and images."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GLOG_minloglevel", "2")
    digits.write(tmp_path, train=10, test=40)
    for model, design in SMALL.items():
        write_model(model, design, Settings())
        put_run(tmp_path / "results/runs" / f"{model}-seed1", model)
    return tmp_path / "results"


def put_run(folder, model):
    from cae_caffe import pycaffe
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(json.dumps({"model": model, "iterations": ITERATIONS, "test": {}}))
    net = pycaffe.Net(f"prototxt/{model}/deploy.prototxt", pycaffe.TEST)
    random = np.random.RandomState(3)
    for blobs in net.params.values():
        for blob in blobs:
            blob.data[...] = random.normal(0, 0.3, blob.data.shape)
    net.save(str(folder / f"{model}_iter_{ITERATIONS}.caffemodel"))


def names(pictures):
    assert all(path.read_bytes()[:4] == b"\x89PNG" for path in pictures)
    return [path.name for path in pictures]


@pytest.mark.parametrize("number", [2, 4])
def test_codes_in_the_plane(results, number):
    made = make_figure(number, results)
    assert names(made) == [f"fig{number}.png"] and made[0].parent == results / "figures"
    with h5py.File(str(results / "runs" / f"{FIGURES[number]}-seed1" / "codes.h5"), "r") as file:
        assert file["codes"].shape == (40, 2) and file["label"][:3].tolist() == [0, 1, 2]


def test_longer_codes_go_through_tsne_whole_or_for_a_folder_of_short_runs_in_part(results, monkeypatch):
    drawn = []
    monkeypatch.setattr(paper_figures.scatter, "draw", lambda codes, out, limit: drawn.append(limit))
    make_figure(6, results)
    results.rename(results.parent / "quick")
    make_figure(6, results.parent / "quick")
    assert drawn == [40, paper_figures.QUICK_LIMIT]


def test_codes_are_kept_until_the_weights_are_newer(results, monkeypatch):
    make_figure(4, results)
    folder = results / "runs/cae2-n2-seed1"
    before = (folder / "codes.h5").stat().st_mtime_ns
    make_figure(4, results)
    assert (folder / "codes.h5").stat().st_mtime_ns == before
    later = folder.joinpath("codes.h5").stat().st_mtime + 5
    paper_figures.os.utime(str(folder / f"cae2-n2_iter_{ITERATIONS}.caffemodel"), (later, later))
    make_figure(4, results)
    assert (folder / "codes.h5").stat().st_mtime_ns != before


def test_where_the_weights_are_gone_the_codes_or_what_was_measured_will_do(results):
    folder = results / "runs/cae2-n2-seed1"
    (folder / f"cae2-n2_iter_{ITERATIONS}.caffemodel").unlink()
    with pytest.raises(InputError, match="the weights of this run are gone, and the figure needs them; delete"):
        make_figure(4, results)
    points = np.random.RandomState(0).normal(size=(30, 2)).astype(np.float16)
    np.savez(str(folder / "picture.npz"), points=points, labels=np.arange(30) % 10, rows=np.arange(30))
    assert names(make_figure(4, results)) == ["fig4.png"]
    assert not (folder / "codes.h5").exists()


def test_the_architecture_needs_no_run(results):
    write_model("cae1-n2", MODELS["cae1-n2"])
    assert names(make_figure(3, results / "empty")) == ["fig3.png"]


def test_layers_for_ten_digits_and_all_of_them_on_a_page(results, monkeypatch):
    drawn = {}          # what a page looks like is tested in tests/figures, where it takes seconds once
    monkeypatch.setattr(paper_figures.layers, "draw", lambda activations, out, images: drawn.update({out.name: images}))
    *pages, together = make_figure(7, results)
    assert [path.name for path in pages] == list(dict.fromkeys(["fig7.png", *sorted(drawn)])) and len(pages) == 10
    assert drawn["fig7.png"] == [2] and drawn["fig7-digit9.png"] == [9] and "fig7-digit2.png" not in drawn
    assert names([together]) == ["fig7-digits.png"]


def test_a_run_that_is_not_there_is_named_with_what_makes_it(results):
    with pytest.raises(InputError, match=r"classic-1000-500-250-n2-seed1: Figure 1 shows a trained "
                                         r"classic-1000-500-250-n2, .*`cae-caffe reproduce --figure 1` trains it"):
        make_figure(1, results)
    with pytest.raises(InputError, match="cae2-n2-seed9"):
        make_figure(4, results, seed=9)
    assert not (results / "figures").exists()


def test_images_without_every_digit_are_refused(results):
    with h5py.File("data/mnist_test.h5", "a") as file:
        file["label"][...] = 3
    with pytest.raises(InputError, match="its labels are 3, but the figure shows the digits 0 to 9"):
        make_figure(7, results)


@pytest.mark.parametrize("number", [0, 8])
def test_a_figure_that_the_paper_does_not_have_is_refused(number, tmp_path):
    with pytest.raises(InputError, match=f"Figure {number} is not in the paper; it has 1 to 7"):
        make_figure(number, tmp_path)
