"""`cae-caffe import-torch`: what export-torch wrote comes back, and mistakes are told in sentences."""

from __future__ import annotations

import pytest
from small_autoencoder import DEPLOY, write_weights

from cae_caffe import schema
from cae_caffe.cli.main import main

torch = pytest.importorskip("torch", reason="the embedded engine needs PyTorch")
pytest.importorskip("safetensors", reason="safetensors is not here: pip install cae-caffe[safetensors]")


@pytest.fixture
def exported(tmp_path, capsys):
    (tmp_path / "net.prototxt").write_text(DEPLOY)
    write_weights(tmp_path / "net.caffemodel")
    assert main(["export-torch", str(tmp_path / "net.prototxt"), str(tmp_path / "net.caffemodel"), "--out",
                 str(tmp_path), "--check", "off"]) == 0
    capsys.readouterr()
    return tmp_path


def bring(folder, file, *more, out="back.caffemodel"):
    return main(["import-torch", str(folder / "net.prototxt"), str(folder / file), "--out", str(folder / out), *more])


def parameters(path):
    return {layer.name: [list(blob.data) for blob in layer.blobs] for layer in schema.read_weights(path).layer
            if layer.blobs}


def test_the_weights_come_back(exported, capsys):
    assert bring(exported, "small.safetensors") == 0
    assert capsys.readouterr().out.splitlines() == ["8 tensors brought back by names.",
                                                    str(exported / "back.caffemodel")]
    assert parameters(exported / "back.caffemodel") == parameters(exported / "net.caffemodel")
    assert bring(exported, "small.safetensors", out="back.caffemodel.h5") == 0
    assert (exported / "back.caffemodel.h5").read_bytes().startswith(b"\x89HDF")


def test_by_order_of_other_names(exported, capsys):
    from safetensors.torch import load_file

    wanted = ["conv1", "squeeze", "expand", "deconv1"]
    tensors = load_file(str(exported / "small.safetensors"))
    torch.save({f"{at}.{kind}": tensors[f"{name}.{kind}"] for at, name in enumerate(wanted)
                for kind in ("weight", "bias")}, exported / "other.pth")
    assert bring(exported, "other.pth", "--by", "order") == 0
    assert "by order" in capsys.readouterr().out
    assert parameters(exported / "back.caffemodel") == parameters(exported / "net.caffemodel")


def test_what_does_not_fit_is_a_line_each_and_no_file_is_left(exported, capsys):
    torch.save({"conv1.weight": torch.ones(2, 2), "nosuch": torch.ones(1)}, exported / "other.pth")
    assert bring(exported, "other.pth") == 2
    first, *others = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("Engine:")]
    assert first.startswith("cae-caffe import-torch: ") and "nothing is changed" in first
    assert len(others) == 9 and others[-1] == "Nothing takes the tensor `nosuch`, (1)."
    assert not (exported / "back.caffemodel").exists()


def test_not_strict_takes_the_rest_from_other_weights(exported, capsys):
    torch.save({"conv1.bias": torch.tensor([1., 2., 3.]), "nosuch": torch.ones(1)}, exported / "other.pth")
    assert bring(exported, "other.pth", "--not-strict", "--weights", str(exported / "net.caffemodel")) == 0
    assert "Left: nosuch." in capsys.readouterr().out
    wanted = parameters(exported / "net.caffemodel")
    wanted["conv1"][1] = [1, 2, 3]
    assert parameters(exported / "back.caffemodel") == wanted


def test_a_file_that_is_not_there(exported, capsys):
    assert bring(exported, "nosuch.pth") == 2
    assert "nosuch.pth: the file cannot be read: No such file or directory." in capsys.readouterr().err


@pytest.mark.parametrize("which", ["net.prototxt", "small.safetensors", "net.caffemodel"])
def test_what_is_read_is_not_written_over(exported, capsys, which):
    before = (exported / which).read_bytes()
    assert bring(exported, "small.safetensors", "--weights", str(exported / "net.caffemodel"), out=which) == 2
    assert "itself, which is read here and would be replaced" in capsys.readouterr().err
    assert (exported / which).read_bytes() == before
