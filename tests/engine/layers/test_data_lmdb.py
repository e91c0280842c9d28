"""Data: the batches of real Caffe, and after them the same random numbers."""

from __future__ import annotations

import gc
from dataclasses import replace

import datasets
import pytest
from conformance import Case, examples
from datasets import encoded, file_bytes, lmdb_bytes, numbered_lmdb, pixels, raw
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.schema import BlobProto

EXACT = {"tolerance": 0, "reason": "data are copied and scaled, float by float: there is nothing to round otherwise"}


def data(records, transform="", batch=4, tops='top: "data" top: "label"', more="", passes=4, files=None, **options):
    """A case of a Data layer, and of a layer whose weights are drawn after it."""
    text = (f'layer {{ name: "d" type: "Data" {tops} transform_param {{ {transform} }} '
            f'data_param {{ source: "." backend: LMDB batch_size: {batch} {more} }} }}\n'
            'layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { num_output: 3 '
            'weight_filler { type: "xavier" } } propagate_down: false }\n'
            'layer { name: "s" type: "Split" bottom: "data" top: "seen" }\n')
    content = records if isinstance(records, bytes) else lmdb_bytes(records)
    return Case(text, {}, params="filled", backward=False, passes=passes,
                files={"data.mdb": content, **(files or {})}, **options)


def exact(judge, *cases):
    judge.all(cases, ignore=["ip.data"], **EXACT)


@examples(40)
@given(transform=st.fixed_dictionaries({
    "crop_size": st.sampled_from([0, 1, 4, 6]), "mirror": st.booleans(), "scale": st.sampled_from([1, 0.00390625, 0.1]),
    "mean": st.sampled_from(["", "mean_value: 104.5", "mean_value: 104 mean_value: 117.25 mean_value: 1",
                             "mean_file"])}),
    phase=st.sampled_from(["TRAIN", "TEST"]), batch=st.integers(1, 7), floats=st.booleans(), seed=st.integers(0, 5))
def test_transformed_batches(judge, transform, phase, batch, floats, seed):
    mean = transform["mean"].replace("mean_file", 'mean_file: "mean.binaryproto"')
    text = (f'crop_size: {transform["crop_size"]} mirror: {str(transform["mirror"]).lower()} '
            f'scale: {transform["scale"]} {mean}')
    files = {"mean.binaryproto": datasets.mean_file(pixels(3, 6, 9, seed=99) / 3)}
    exact(judge, data(numbered_lmdb(5, 3, 6, 9, floats), text, batch, phase=phase, seed=seed, files=files))


@pytest.mark.parametrize("phase", ["TRAIN", "TEST"])
@pytest.mark.parametrize("transform", ["", "mirror: true", "crop_size: 3", "crop_size: 3 mirror: true"])
def test_what_is_drawn_after_the_layer(judge, transform, phase):
    """The words that the layer takes of the stream, told by the masks that are drawn after them."""
    case = data(numbered_lmdb(5, 2, 6, 7), transform, phase=phase)
    judge(replace(case, text=case.text + 'layer { name: "drop" type: "Dropout" bottom: "ip" top: "drop" }'))


def test_a_layers_own_phase_decides_on_its_crops(judge):
    exact(judge, data(numbered_lmdb(5, 2, 6, 7), "crop_size: 3", tops='top: "data" top: "label" phase: TEST'))


def test_two_layers_on_one_database(judge):
    layer = ('layer { name: "%s" type: "Data" top: "%s" transform_param { mirror: true } data_param { source: "." '
             'backend: LMDB batch_size: %d } }\n')
    text = layer % ("a", "a", 2) + layer % ("b", "b", 3)
    exact(judge, Case(text, {}, backward=False, passes=4, files={"data.mdb": numbered_lmdb(5, 1, 3, 4)}))


def test_keys_are_read_in_their_order(judge):
    records = {key: raw(pixels(1, 2, 2, seed=i), i) for i, key in enumerate([b"9", b"10", b"b", b"a", b"\xff", b"1"])}
    exact(judge, data(lmdb_bytes(records)))


def test_without_labels(judge):
    exact(judge, data(numbered_lmdb(3, 1, 2, 2), tops='top: "data"'))


def test_labels_of_any_size(judge):
    exact(judge, data([raw(pixels(1, 2, 2), label) for label in (-5, 2**31 - 1, 16777217, -2**31)]))


def test_rand_skip_and_prefetch_change_nothing(judge):
    exact(judge, data(numbered_lmdb(5, 1, 2, 2), more="rand_skip: 3 prefetch: 2"))


def test_images_of_several_sizes(judge):
    sizes = [raw(pixels(1, 3 + i, 8 - i, seed=i), i) for i in range(4)]
    exact(judge, Case('layer { name: "d" type: "Data" top: "data" top: "label" data_param { source: "." backend: LMDB '
                      'batch_size: 1 } }', {}, backward=False, passes=6, files={"data.mdb": lmdb_bytes(sizes)}),
          data(sizes, "crop_size: 3"))


def test_a_mean_as_a_blob_of_doubles(judge):
    message = BlobProto(double_data=[1.1] * 12)
    message.shape.dim.extend([1, 3, 2, 2])
    exact(judge, data(numbered_lmdb(3, 3, 2, 2), 'mean_file: "m"', files={"m": message.SerializeToString()}))


PICTURES = {
    "png": file_bytes(pixels(7, 9, 3)), "grey png": file_bytes(pixels(7, 9)),
    "transparent": file_bytes(pixels(7, 9, 4)),
    "grey and alpha": file_bytes(pixels(7, 9, 2)), "jpeg": file_bytes(pixels(7, 9, 3), "JPEG"),
    "grey jpeg": file_bytes(pixels(7, 9), "JPEG"), "bmp": file_bytes(pixels(7, 9, 3), "BMP"),
}


@pytest.mark.parametrize("force", ["", "force_color: true", "force_gray: true"])
@pytest.mark.parametrize("picture", PICTURES)
def test_encoded_images(judge, picture, force):
    records = [encoded(PICTURES[picture], 5), encoded(PICTURES[picture], 6)]
    exact(judge, data(records, force), data(records, force + " crop_size: 4 mirror: true mean_value: 3"))


def test_encoded_and_raw_images_together(judge):
    exact(judge, data([encoded(PICTURES["png"], 1), raw(pixels(3, 7, 9), 2)], "mirror: true scale: 0.5"))


def test_force_gray_does_not_apply_to_raw_images(judge):
    exact(judge, data(numbered_lmdb(3, 3, 2, 2), "force_gray: true"))


@pytest.mark.parametrize("case, message", [
    (data(numbered_lmdb(3, 1, 4, 5), "crop_size: 5"),
     r"layer `d` \(type Data, .*\): Record `00000000` of the LMDB \. is 4 pixels high and 5 wide, too small for `crop"),
    (data(numbered_lmdb(3, 1, 4, 5), 'mean_value: 1 mean_file: "m"'), "both `mean_file` and `mean_value`"),
    (data(numbered_lmdb(3, 1, 4, 5), 'mean_file: "m"'), "m: there is no such file"),
    (data(numbered_lmdb(3, 3, 4, 5), "mean_value: 1 mean_value: 2"), "has 3 channels, .* `mean_value` 2 times"),
    (data(numbered_lmdb(3, 1, 4, 5), 'mean_file: "m"', files={"m": datasets.mean_file(pixels(1, 4, 4))}),
     "has shape 1x4x5, and the mean of `mean_file` m 1x4x4"),
    (data(numbered_lmdb(3, 1, 4, 5), 'mean_file: "m"', files={"m": b""}), "`mean_file` m holds 0 values"),
    (data(numbered_lmdb(3, 1, 4, 5), batch=0), "`batch_size` is 0"),
    (data([raw(pixels(1, 4, 5)), raw(pixels(1, 4, 4))]),
     "00000001` .* has shape 1x4x4, and the first of its batch 1x4x5"),
    (data([encoded(PICTURES["png"])], "force_color: true force_gray: true"), "both `force_color` and `force_gray`"),
    (data([encoded(b"no image")]), "Record `00000000` of the LMDB . holds no image that Pillow can read"),
    (data(b"no database" * 1000), r"the LMDB \. cannot be opened .*MDB_INVALID"),
    (data([raw(pixels(1, 4, 5)[:, :0])]), "a Datum of 1 channels, height 0 and width 5"),
], ids=lambda value: "" if isinstance(value, str) else None)
def test_refusals(judge, case, message):
    judge.refused(case, message)


def test_a_missing_database_is_refused(judge):
    case = data(numbered_lmdb(3, 1, 4, 5))
    judge.refused(replace(case, text=case.text.replace('source: "."', 'source: "none"')),
                  "the LMDB none cannot be opened .*No such file.* folder that holds its data.mdb")


GOLDEN = {
    "cropped and mirrored": data(numbered_lmdb(5, 3, 4, 5), "crop_size: 3 mirror: true scale: 0.5 mean_value: 9"),
    "test phase": data(numbered_lmdb(3, 2, 4, 5), "crop_size: 3 mirror: true", phase="TEST", passes=2),
    "encoded": data([encoded(PICTURES["jpeg"], 3), encoded(PICTURES["png"], 4)], "force_gray: true", batch=2, passes=1),
}


def test_a_database_that_a_net_out_of_use_still_holds_is_opened(tmp_path):
    """As when a folder is removed and made again: the package knows databases by their folder's inode."""
    lmdb = pytest.importorskip("lmdb")
    from cae_caffe.engine.lmdb_records import LmdbRecords

    (tmp_path / "data.mdb").write_bytes(numbered_lmdb(2, 1, 2, 2))
    gc.disable()
    try:
        cycle = [lmdb.open(str(tmp_path), readonly=True, lock=False)]
        cycle.append(cycle)         # which Python's collection alone takes apart
        del cycle
        assert LmdbRecords(str(tmp_path)).record()
    finally:
        gc.enable()
