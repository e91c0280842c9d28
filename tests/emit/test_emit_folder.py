"""A model's folder, and the folders that are committed."""

from pathlib import Path

import pytest

from cae_caffe.emit import DIALECTS, Settings, model_files, write_model
from cae_caffe.errors import InputError
from cae_caffe.families import presets
from cae_caffe.models import PAPER, ConvolutionalAutoencoder

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("model", presets())
def test_the_committed_files_are_what_is_generated(model, dialect):
    settings = Settings(dialect=dialect)
    folder = ROOT / settings.folder(model)
    committed = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.prototxt")}
    assert committed == {name: text.encode() for name, text in model_files(model, presets()[model], settings).items()}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_file_says_what_it_is_and_for_which_caffe(dialect):
    for name, text in model_files("cae1-n2", PAPER["cae1-n2"], Settings(dialect=dialect)).items():
        head = [line for line in text.splitlines() if line.startswith("#")]
        assert text.startswith("# cae1-n2: convolutional auto-encoder, 74893 parameters, for "), name
        assert DIALECTS[dialect].reader in head[0] and len(head) >= 4, name
        assert max(map(len, text.splitlines())) <= 120, name


def test_a_design_of_ones_own_is_written_whole(tmp_path):
    out = (tmp_path / "mine").as_posix()
    paths = write_model("tiny", ConvolutionalAutoencoder(maps=(3,), kernels=(5,), hidden=(8,)), Settings(out=out))
    assert sorted(path.relative_to(tmp_path).as_posix() for path in paths) == sorted(
        path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert len(paths) == 3 + 11
    solver = (tmp_path / "mine/tiny/solver.prototxt").read_text()
    assert f'net: "{out}/tiny/train_test.prototxt"' in solver and f'snapshot_prefix: "{out}/tiny/tiny"' in solver


def test_files_that_are_there_are_left_alone_and_others_written_anew(tmp_path):
    settings = Settings(out=tmp_path.as_posix())
    paths = write_model("cae1-n2", PAPER["cae1-n2"], settings)
    kept = {path: path.stat().st_ino for path in paths}
    paths[0].write_text("name: 'something else'")
    assert write_model("cae1-n2", PAPER["cae1-n2"], settings) == paths
    assert [path for path in paths if path.stat().st_ino != kept[path]] == [paths[0]]
    assert paths[0].read_text() == model_files("cae1-n2", PAPER["cae1-n2"], settings)[paths[0].name]


@pytest.mark.parametrize("fields, sentence", [
    ({"dialect": "v0"}, "`dialect` is 'v0'; choose current or legacy"),
    ({"solver_mode": "cpu"}, "`solver_mode` is 'cpu'; choose CPU or GPU"),
])
def test_settings_that_do_not_exist_are_refused(fields, sentence):
    with pytest.raises(InputError, match=sentence):
        Settings(**fields)
