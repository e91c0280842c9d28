"""The make-prototxt command."""

import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cae_caffe import schema
from cae_caffe.cli.make_prototxt import main
from cae_caffe.families import presets

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def models_in(folder):
    return {path.name for path in Path(folder).iterdir() if path.name != "legacy"}


def test_one_model(capsys):
    assert main(["cae1-n2"]) == 0
    assert models_in("prototxt") == {"cae1-n2"}
    assert capsys.readouterr().out == "prototxt/cae1-n2: 18 files, 74893 parameters\n"
    files = sorted(path.relative_to("prototxt/cae1-n2").as_posix() for path in Path().rglob("*.prototxt"))
    assert files[:3] == ["deploy.prototxt", "layers/01-conv1.prototxt", "layers/02-conv1sig.prototxt"]
    assert files[-3:] == ["layers/15-deconv1neursig.prototxt", "solver.prototxt", "train_test.prototxt"]


@pytest.mark.parametrize("arguments", [[], ["--all"]])
def test_all_of_the_papers_models(arguments):
    assert main(arguments) == 0
    assert models_in("prototxt") == set(presets())


def test_the_same_bytes_again():
    def snapshot():
        return {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}

    main(["cae1-n2"])
    first = snapshot()
    main(["cae1-n2"])
    assert snapshot() == first and all(path.suffix == ".prototxt" for path in first)


def test_out_and_data_are_in_the_files():
    assert main(["cae1-n2", "--out", "there/", "--data", "/some/data/", "--solver-mode", "gpu"]) == 0
    net, solver = (Path("there/cae1-n2", name).read_text() for name in ("train_test.prototxt", "solver.prototxt"))
    assert net.count('source: "/some/data/mnist_train.txt"') == 2 and net.count('"/some/data/mnist_test.txt"') == 1
    assert 'net: "there/cae1-n2/train_test.prototxt"' in solver and "solver_mode: GPU" in solver


def test_the_siamese_net_reads_pairs():
    assert main(["siamese", "--out", "there", "--data", "/some/data/"]) == 0
    files = {path.name: path.read_text() for path in Path("there/siamese").rglob("*.prototxt")}
    assert set(files) == {"train_test.prototxt", "deploy.prototxt", "solver.prototxt"}
    for half in ("train", "test"):
        assert files["train_test.prototxt"].count(f'source: "/some/data/mnist_siamese_{half}.txt"') == 1
    assert 'snapshot_prefix: "there/siamese/siamese"' in files["solver.prototxt"]


def test_the_legacy_dialect_has_a_folder_of_its_own():
    assert main(["cae1-n2", "--dialect", "legacy"]) == 0
    assert "layers {" in Path("prototxt/legacy/cae1-n2/deploy.prototxt").read_text()
    assert models_in("prototxt") == set()
    assert main(["cae1-n2", "--dialect", "legacy", "--out", "old"]) == 0
    assert 'net: "old/cae1-n2/train_test.prototxt"' in Path("old/cae1-n2/solver.prototxt").read_text()


@pytest.mark.parametrize("arguments, sentence", [
    (["cae1-n2", "lenet"], "no model is called `lenet`; there are cae1-n2, "),
    (["siamese", "--train", "a.txt", "--test", "b.txt"], "`siamese` is trained on pairs of MNIST's images"),
    (["--all", "cae1-n2"], "--all writes every model, so `cae1-n2` beside it says nothing; leave one out"),
])
def test_wrong_use_is_one_line_and_writes_nothing(capsys, arguments, sentence):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"make-prototxt: {sentence}") and error.count("\n") == 1
    assert list(Path().iterdir()) == []


def test_a_folder_that_cannot_be_is_refused(capsys):
    Path("file").write_text("")
    assert main(["cae1-n2", "--out", "file/below"]) == 2
    assert capsys.readouterr().err == (
        "make-prototxt: file/below/cae1-n2 cannot be written to (Not a directory); choose another folder for `out`.\n")


def test_a_full_disk_is_a_run_that_failed(tmp_path, monkeypatch, capsys):
    def full(path, mode=0o777):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)

    monkeypatch.setattr(os, "mkdir", full)
    assert main(["cae1-n2", "--out", str(tmp_path / "out")]) == 1
    assert re.fullmatch(r"make-prototxt: \S+ cannot be written \(No space left on device\); free some space on the "
                        "disk, or choose a folder on another for `out`.\n", capsys.readouterr().err)


def test_it_imports_no_torch():
    program = ("import sys; sys.path.insert(0, sys.argv[1])\n"
               "from cae_caffe.cli.make_prototxt import main\n"
               "main(['--out', 'all'])\n"
               "print('slow to load:', sorted({'torch', 'h5py', 'matplotlib'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", program, str(ROOT)], stdout=subprocess.PIPE, text=True,
                          check=True)
    assert done.stdout.splitlines()[-1] == "slow to load: []"


def test_it_runs_as_a_module():
    done = subprocess.run([sys.executable, "-m", "cae_caffe.cli.make_prototxt", "--help"], cwd=str(ROOT),
                          stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout.startswith("usage: make-prototxt ")


def _list_of_images(folder, name, rows, shape):
    import h5py
    import numpy as np

    with h5py.File(str(folder / f"{name}.h5"), "w") as file:
        file["data"] = np.zeros((rows, *shape), np.float32)
    (folder / f"{name}.txt").write_text(f"{folder / name}.h5\n")
    return str(folder / f"{name}.txt")


def test_ones_own_images_give_the_nets_their_size_and_the_solvers_their_number(tmp_path, capsys):
    train = _list_of_images(tmp_path, "mine", 250, (3, 32, 30))
    test = _list_of_images(tmp_path, "other", 40, (3, 32, 30))
    assert main(["cae1-n10", "--train", train, "--test", test, "--out", str(tmp_path / "out")]) == 0
    folder = tmp_path / "out" / "cae1-n10"
    solver = schema.read_solver(folder / "solver.prototxt")
    assert list(solver.test_iter) == [3, 1]          # batches of 100
    deploy = schema.read_net(folder / "deploy.prototxt")
    assert list(deploy.layer[0].input_param.shape[0].dim)[1:] == [3, 32, 30]
    sources = [layer.hdf5_data_param.source for layer in schema.read_net(folder / "train_test.prototxt").layer[:3]]
    assert sources == [train, train, test]


def test_images_of_two_sizes_are_refused(tmp_path, capsys):
    lists = [_list_of_images(tmp_path, f"mine{size}", 5, (1, size, size)) for size in (28, 32)]
    assert main(["cae1-n10", "--train", lists[0], "--test", lists[1], "--out", str(tmp_path / "out")]) == 2
    assert "takes images of one shape" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_training_list_alone_is_wrong_use(tmp_path, capsys):
    train = _list_of_images(tmp_path, "mine", 5, (1, 28, 28))
    assert main(["cae1-n10", "--train", train, "--out", str(tmp_path / "out")]) == 2
    assert "--train and --test go together" in capsys.readouterr().err
