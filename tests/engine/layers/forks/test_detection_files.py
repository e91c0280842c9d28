"""The files that SSD's DetectionOutput writes."""

from __future__ import annotations

import json

import numpy as np
import pytest
from conformance import Case, run_embedded

from cae_caffe.engine.layers.forks.detection_files import DetectionFiles
from cae_caffe.engine.layers.forks.image_sizes import Image
from cae_caffe.errors import InputError, RunError

LABELS = b'item { name: "none" label: 0 } item { name: "17" label: 1 } item { name: "dog" label: 2 display_name: "D" }'
SIZES = b"000007 100 200\nimages/b 50 50\nunused 9 9\n"
OPTIONS = ('output_directory: "{folder}" output_name_prefix: "of_" label_map_file: "{folder}/labels.txt" '
           'name_size_file: "{folder}/sizes.txt" num_test_image: 2')


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "labels.txt").write_bytes(LABELS)
    (tmp_path / "sizes.txt").write_bytes(SIZES)
    return tmp_path


def case(folder, further, options=OPTIONS, images=2, **given) -> Case:
    """One prior, (0.25, 0.25, 0.75, 0.7555); the first image has it of both classes, the second of the second."""
    priors = np.float32([[[0.25, 0.25, 0.75, 0.7555], [1, 1, 1, 1]]])
    scores = np.float32([[0, 0.9, 0.123456789], [0, 0, 0.5]])[:images]
    saving = f"save_output_param {{ {options.format(folder=folder)} {further} }}"
    return Case(f'type: "DetectionOutput" detection_output_param {{ num_classes: 3 confidence_threshold: 0.1 {saving} '
                '}', [np.zeros((images, 4), np.float32), scores, priors], backward=False, **given)


def test_voc_has_a_file_for_each_class(folder):
    run_embedded(case(folder, 'output_format: "VOC"'))

    assert (folder / "of_17.txt").read_text() == "000007 0.9 50 25 150 75\n"
    assert (folder / "of_dog.txt").read_text() == "000007 0.123457 50 25 150 75\nimages/b 0.5 12 12 37 37\n"
    assert sorted(path.name for path in folder.glob("of_*")) == ["of_17.txt", "of_dog.txt"]


def test_coco_is_an_array_of_objects(folder):
    run_embedded(case(folder, 'output_format: "COCO"'))

    assert json.loads((folder / "of_.json").read_text()) == [
        {"image_id": 7, "category_id": 17, "bbox": [50, 25, 100, 50.55], "score": 0.9},
        {"image_id": 7, "category_id": "dog", "bbox": [50, 25, 100, 50.55], "score": 0.12345679},
        {"image_id": "images/b", "category_id": "dog", "bbox": [12.5, 12.5, 25, 25.28], "score": 0.5}]


def test_ilsvrc_has_the_labels(folder):
    run_embedded(case(folder, 'output_format: "ILSVRC"'))

    assert (folder / "of_.txt").read_text().splitlines()[0] == "000007 1 0.9 50 25 150 75"


def test_a_file_comes_when_the_last_image_has(folder):
    one = case(folder, 'output_format: "ILSVRC"', images=1)
    run_embedded(one)
    assert not (folder / "of_.txt").exists()

    run_embedded(case(folder, 'output_format: "ILSVRC"', images=1, then=[one.bottoms] * 3))

    lines = (folder / "of_.txt").read_text().splitlines()       # of the third and fourth pass alone
    assert [line.split()[0] for line in lines] == ["000007", "000007", "images/b", "images/b"]


def test_a_resizing_with_padding_is_undone(folder):
    run_embedded(case(folder, 'output_format: "ILSVRC" resize_param { resize_mode: FIT_LARGE_SIZE_AND_PAD height: 100 '
                              'width: 100 }'))

    assert (folder / "of_.txt").read_text().splitlines()[0] == "000007 1 0.9 50 0 150 100"


def test_nothing_is_read_or_written_without_a_folder():
    run_embedded(case("nowhere", "", options='label_map_file: "{folder}/labels.txt"'))


def test_a_folder_without_lists_is_told_and_left(folder, capfd):
    run_embedded(case(folder, "", options='output_directory: "{folder}/out"'))

    assert not (folder / "out").exists()


@pytest.mark.parametrize(("further", "match"), [
    ("", "output_format` is missing.*VOC, COCO, ILSVRC"), ('output_format: "PNG"', "is PNG"),
    ('output_format: "VOC" num_test_image: 4', "num_test_image` is 4.*3 images"),
    ('output_format: "VOC" num_test_image: 0', "num_test_image` is 0"),
    ('output_format: "VOC" name_size_file: "none"', "none cannot be read"),
    ('output_format: "VOC" label_map_file: "none"', "none"),
    ('output_format: "VOC" resize_param {}', "`height` of 0")])
def test_refusals(folder, further, match):
    names = {word.rstrip(":") for word in further.split() if word.endswith(":")}
    kept = " ".join(f"{name} {value}" for name, value in zip(OPTIONS.split()[::2], OPTIONS.split()[1::2])
                    if name.rstrip(":") not in names)
    with pytest.raises(InputError, match=match):
        run_embedded(case(folder, further, options=kept))


@pytest.mark.parametrize(("labels", "match"), [
    (b'item { name: "a" label: 1 }', "no name for the label 2"),
    (b'item { name: "a" label: 1 } item { name: "b" label: 1 }', "names a label twice")])
def test_label_maps_that_do_not_fit_are_refused(folder, labels, match):
    (folder / "labels.txt").write_bytes(labels)
    with pytest.raises(InputError, match=match):
        run_embedded(case(folder, 'output_format: "VOC"'))


def test_a_folder_that_cannot_be_made_is_refused(folder):
    options = OPTIONS.replace('output_directory: "{folder}"', 'output_directory: "{folder}/labels.txt/x"')
    with pytest.raises(InputError, match="cannot be made"):
        run_embedded(case(folder, 'output_format: "VOC"', options=options))


def test_files_that_cannot_be_written_end_the_run(folder):
    (folder / "of_.txt").mkdir()
    with pytest.raises(RunError, match="cannot be written"):
        run_embedded(case(folder, 'output_format: "ILSVRC"'))


def test_files_are_of_whole_rounds_also_after_going_back(folder):
    files = DetectionFiles("layer `x`", str(folder / "of_"), "ILSVRC", {1: "a"},
                           [Image(name, 10, 10) for name in "abc"], None)
    row = np.float32([[1, 0.5, 0, 0, 1, 1]])

    files.add(row)
    start = files.place()
    files.add(row)
    files.go_to(start)
    files.add(row)
    files.add(row)

    assert (folder / "of_.txt").read_text().split()[::7] == ["a", "b", "c"]


def test_a_round_that_began_before_a_snapshot_is_not_written(folder):
    images = [Image(name, 10, 10) for name in "ab"]
    row = np.float32([[1, 0.5, 0, 0, 1, 1]])
    before, after = (DetectionFiles("layer `x`", str(folder / name), "ILSVRC", {1: "a"}, images, None)
                     for name in ("one", "two"))
    before.add(row)

    after.go_to(before.place())
    after.add(row)
    assert not (folder / "two.txt").exists()
    after.add(row)
    after.add(row)

    assert (folder / "two.txt").read_text().split()[::7] == ["a", "b"]
