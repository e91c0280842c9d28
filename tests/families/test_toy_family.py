"""A family of one's own goes where the shipped ones go, and nothing but its own module knows of it."""

from pathlib import Path

import digits
import pytest
import toy_family

from cae_caffe import schema
from cae_caffe.analysis.log import read_log
from cae_caffe.cli.main import main as cae_caffe
from cae_caffe.cli.make_prototxt import main as make_prototxt
from cae_caffe.families import FAMILIES, code_blobs, presets, register
from cae_caffe.models import MODELS

LISTS = ["--train", "data/mnist_train.txt", "--test", "data/mnist_test.txt"]


@pytest.fixture(autouse=True)
def toy(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    register(toy_family.TOY)
    yield
    FAMILIES.remove(toy_family.TOY)


def nets(folder):
    return {path.relative_to(folder).as_posix(): schema.read_net(path) for path in Path(folder).rglob("*.prototxt")
            if path.stem != "solver"}


def test_its_models_are_listed(capsys):
    assert list(presets())[:len(MODELS)] == list(MODELS) and list(presets())[-1] == "toy-n3"
    assert code_blobs()[-1] == "squeeze"
    with pytest.raises(SystemExit, match="0"):
        make_prototxt(["--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert ", toy-n3; or `toy`, with flags of its own (`make-prototxt toy --help`)" in shown


def test_it_is_written_with_the_others(capsys):
    assert make_prototxt([]) == 0
    assert {path.name for path in Path("prototxt").iterdir()} == set(presets()) >= {*MODELS, "toy-n3"}
    assert capsys.readouterr().out.endswith("prototxt/toy-n3: 7 files, 3727 parameters\n")


def test_its_files_are_nets_of_its_layers():
    assert make_prototxt(["toy-n3"]) == 0
    written = nets("prototxt/toy-n3")
    assert sorted(written) == ["deploy.prototxt", "layers/01-pool.prototxt", "layers/02-squeeze.prototxt",
                               "layers/03-expand.prototxt", "layers/04-expandsig.prototxt", "train_test.prototxt"]
    types = [layer.type for layer in written["train_test.prototxt"].layer]
    assert types == ["HDF5Data"] * 3 + ["Flatten", "Pooling", "InnerProduct", "InnerProduct", "SigmoidCrossEntropyLoss",
                                        "Sigmoid", "EuclideanLoss"]
    pool, squeeze = written["deploy.prototxt"].layer[1:3]
    assert (pool.pooling_param.pool, pool.pooling_param.kernel_size, pool.pooling_param.stride) == (0, 2, 2)
    assert squeeze.inner_product_param.num_output == 3
    head = Path("prototxt/toy-n3/solver.prototxt").read_text().splitlines()[:3]
    assert head == ["# toy-n3: toy, 3727 parameters, for Caffe 1.0:", "# 784-pool2-3-784",
                    "# The solver, with the learning parameters of nobody in particular."]
    assert schema.read_solver("prototxt/toy-n3/solver.prototxt").max_iter == 60


def test_the_2015_dialect_says_the_same():
    assert make_prototxt(["toy-n3"]) == 0 and make_prototxt(["toy-n3", "--dialect", "legacy"]) == 0
    assert "type: POOLING" in Path("prototxt/legacy/toy-n3/deploy.prototxt").read_text()
    assert nets("prototxt/legacy/toy-n3") == nets("prototxt/toy-n3")


def written_for_training():
    digits.write(Path(), train=200, test=100)
    assert make_prototxt(["toy-n3", *LISTS]) == 0
    return "prototxt/toy-n3/solver.prototxt"


def check_log(text):
    Path("log").write_text(text)
    tests = read_log("log").test
    assert list(tests) == [0, 1]        # the training images, and the others
    for curves in tests.values():
        losses = {output.name: curve.values for output, curve in curves.items()}
        assert set(losses) == {"cross_entropy_loss", "l2_error"}
        start, *_, end = losses["cross_entropy_loss"]
        assert end < 0.8 * start


def test_it_trains(capsys):
    pytest.importorskip("torch", reason="the embedded engine needs PyTorch")
    assert cae_caffe(["train", "-solver", written_for_training(), "--backend", "torch"]) == 0
    check_log(capsys.readouterr().err)
    assert Path("prototxt/toy-n3/toy-n3_iter_60.caffemodel").exists()


def test_real_caffe_trains_it(caffe_run, tmp_path):
    check_log(caffe_run(["caffe", "train", "-solver", written_for_training()], cwd=tmp_path).stderr)


def test_flags_of_its_own_make_a_design_that_no_preset_has(capsys):
    assert make_prototxt(["toy", "--side", "4", "--code", "5", "--out", "there"]) == 0
    assert capsys.readouterr().out == f"there/toy-4-5: 7 files, {49 * 5 + 5 + 5 * 784 + 784} parameters\n"
    assert schema.read_net("there/toy-4-5/deploy.prototxt").layer[1].pooling_param.kernel_size == 4


def test_generic_flags_apply_to_a_design_made_by_flags():
    digits.write(Path(), train=50, test=30)
    assert make_prototxt(["toy", "--code", "5", *LISTS, "--dialect", "legacy", "--solver-mode", "gpu"]) == 0
    solver = schema.read_solver("prototxt/legacy/toy-2-5/solver.prototxt")
    assert list(solver.test_iter) == [1, 1] and solver.solver_mode == solver.GPU


def test_its_flags_are_shown_and_taken_with_its_word_only(capsys):
    for words, shown in ((["toy", "--help"], True), (["--help"], False)):
        with pytest.raises(SystemExit, match="0"):
            make_prototxt(words)
        assert ("--side" in capsys.readouterr().out) is shown
    with pytest.raises(SystemExit, match="2"):
        make_prototxt(["cae1-n2", "--side", "4"])
    assert "unrecognized arguments: --side 4" in capsys.readouterr().err


@pytest.mark.parametrize("arguments, sentence", [
    (["toy", "cae1-n2", "--code", "5"], "`toy` makes one model, by flags of its own, but 2 are named; write the"),
    (["toy", "--code", "0"], "`code` holds 0"),
])
def test_a_design_that_cannot_be_is_refused(capsys, arguments, sentence):
    assert make_prototxt(arguments) == 2
    assert capsys.readouterr().err.startswith(f"make-prototxt: {sentence}")
    assert not Path("prototxt").exists()
