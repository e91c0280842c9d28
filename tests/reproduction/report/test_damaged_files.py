"""A file of a results folder with any field of another kind is told, and the rest of the page is as it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import small_results

from cae_caffe.errors import InputError
from cae_caffe.reproduction import report
from cae_caffe.reproduction.runs import record

ODD = [None, True, -1, 10**400, 2.5, "x", [], [1], {}, {"a": None}, {"loss": [[1]]}, {"loss": [[1, 2, 3]]},
       {"loss": [[1, "x"]]}, {"test": {"cross_entropy_loss": [5]}}, [[{}]], 1e300, float("nan"), float("inf")]


@pytest.fixture
def results(tmp_path) -> Path:
    for seed in (1, 2):
        folder = small_results.write_run(tmp_path, "cae1-n2", seed, environment={"processor": "p"}, command="c",
                                         train_last_displays={"cross_entropy_loss": 1.0}, backend="torch",
                                         solver="max_iter: 20000", threads=1)
        small_results.write_measures(folder)
    small_results.write_question(tmp_path)
    small_results.write_map(tmp_path)
    return tmp_path


def page(results: Path) -> str:
    return report.write(results).read_text(encoding="utf-8")


FILES = ["runs/cae1-n2-seed1/result.json", "runs/cae1-n2-seed1/measures.json", "questions/batch.json", "map.json"]


@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", FILES)
def test_any_field_of_any_kind_is_shown_or_told(results, name, step):
    path = results / name
    sound = json.loads(path.read_text(encoding="utf-8"))
    for at, key in enumerate(sound):
        for odd in ODD[at % step::step]:
            path.write_text(json.dumps({**sound, key: odd}), encoding="utf-8")
            text = page(results)
            assert "cae1-n2</strong><span class=\"sub\">seed 2" in text, (key, odd)
            assert text.count("Not readable") == ("1 of the files could not be read" in text), (key, odd)


@pytest.mark.parametrize("content", [
    b"", b"[" * 100000, b'{"model": "\\ud800", "seed": 1, "iterations": 5, "train": {}, "test": {}}', b"\xff\xfe{}",
    b'{"seed": ' + b"9" * 5000 + b"}", b"null", b"[]"], ids=repr)
@pytest.mark.parametrize("name", FILES)
def test_what_is_no_object_is_told_with_the_remedy(results, name, content):
    (results / name).write_bytes(content[:200000])
    assert f"Not readable: {results / name}: this " in page(results)


@pytest.mark.parametrize("curve", [[[1]], [[1, 2, 3]], [[1.5, 2]], [["1", 2]], 5, {"a": 1}])
def test_points_that_are_no_pairs_are_told(results, curve):
    path = results / FILES[0]
    found = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**found, "curves": {"loss": curve}}), encoding="utf-8")
    assert "`curves` in it is not curves of points, each an iteration and a value; delete it to have" in page(results)
    with pytest.raises(InputError, match=r"`curves` in it is not curves .*; delete it to run it again"):
        record.read(path.parent, "it")


@pytest.mark.parametrize("low, high", [(1e38, 1e38), (-1e38, 1e38), (1e100, -1e100), (0.0, 0.0)])
def test_losses_of_any_size_are_drawn(results, low, high):
    for seed, value in ((1, low), (2, high)):
        small_results.write_run(results, "cae1-n2", seed, (value, value),
                                curves={"loss": [[0, low], [100, high]], "test": {"cross_entropy_loss": [[100, high]]}})
    text = page(results)
    assert "Not readable" not in text and len(text) < 300_000
