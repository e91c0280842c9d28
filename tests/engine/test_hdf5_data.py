"""HDF5Data: the batches of real Caffe, from any files and shuffled too, whatever becomes of them while a net reads."""

from __future__ import annotations

import weakref
from pathlib import Path

import h5py
import numpy as np
import pytest
import two_engines

from cae_caffe.engine import hdf5_rows, libc_rand
from cae_caffe.engine.net import Net
from cae_caffe.errors import InputError


def write(path: Path, rows, dtype="<f4", label="<f4", first=0, **options):
    """A file of `data` (rows, 2, 3) and `label` (rows,), whose values tell the row, counted from `first`."""
    with h5py.File(str(path), "w") as file:
        data = np.arange(first * 6, (first + rows) * 6).reshape(rows, 2, 3)
        file.create_dataset("data", data=(data if np.dtype(dtype).kind in "iu" else data / 7).astype(dtype), **options)
        file["label"] = (np.arange(first, first + rows) % 10).astype(label)


def list_of(folder: Path, sizes, **options):
    """Files of so many rows each in `folder`, and rows.txt, their list."""
    for i, rows in enumerate(sizes):
        write(folder / f"{i}.h5", rows, first=sum(sizes[:i]), **options)
    (folder / "rows.txt").write_text("".join(f"{i}.h5\n" for i in range(len(sizes))), encoding="utf-8")


def layer(name="data", batch=3, tops=("data", "label"), more=""):
    wires = " ".join(f'top: "{top}"' for top in tops)
    return (f'layer {{ name: "{name}" type: "HDF5Data" {wires} hdf5_data_param {{ source: "rows.txt" '
            f'batch_size: {batch} {more} }} }}\n')


def batches(caffe, number):
    net = caffe.Net("net.prototxt", caffe.TRAIN)
    found = []
    for _ in range(number):
        net.forward()
        found.append([blob.data.copy() for blob in net.blobs.values()])
    return found


def compare(folder, real_caffe, net, number=8):
    (folder / "net.prototxt").write_text(net, encoding="utf-8")
    real, embedded = two_engines.on_both(real_caffe, batches, folder, number=number)
    for i, (theirs, ours) in enumerate(zip(real, embedded)):
        for a, b in zip(theirs, ours):
            assert a.shape == b.shape
            assert a.tobytes() == b.tobytes(), f"batch {i}: {b.ravel()[:9]}, real Caffe: {a.ravel()[:9]}"


@pytest.mark.parametrize("shuffle", ["", "shuffle: true"])
@pytest.mark.parametrize("batch, sizes", [(4, [12]), (3, [7]), (5, [3]), (7, [1]), (4, [3, 6, 1]), (2, [2, 2]),
                                          (11, [2, 3, 4]), (1, [4, 1]), (6, [5, 5, 5, 5, 5])])
def test_batches_are_real_caffes(batch, sizes, shuffle, real_caffe, tmp_path):
    list_of(tmp_path, sizes)
    compare(tmp_path, real_caffe, layer(batch=batch, more=shuffle))


def test_shuffling_layers_share_the_c_librarys_numbers(real_caffe, tmp_path):
    list_of(tmp_path, [5, 6])
    compare(tmp_path, real_caffe, layer("a", 4, ["data"], "shuffle: true") + layer("b", 3, ["label"], "shuffle: true"))


def test_a_long_shuffled_file_over_several_rounds(real_caffe, tmp_path):
    list_of(tmp_path, [1000])
    compare(tmp_path, real_caffe, layer(batch=300, more="shuffle: true"), number=12)


@pytest.mark.parametrize("options", [
    {"dtype": "<f8"}, {"dtype": ">f4"}, {"dtype": ">f8"}, {"dtype": "<f2"}, {"dtype": "u1"}, {"dtype": "<i8"},
    {"dtype": ">i2"}, {"dtype": "<u8"}, {"label": "<i4"}, {"label": "<f8"}, {"chunks": (2, 2, 3)},
    {"chunks": (2, 1, 3), "compression": "gzip"}, {"chunks": (4, 2, 3), "shuffle": True, "fletcher32": True}], ids=str)
def test_any_dataset_of_numbers_is_read_as_float32(options, real_caffe, tmp_path):
    list_of(tmp_path, [5, 4], **options)
    compare(tmp_path, real_caffe, layer())


def test_numbers_are_rounded_as_hdf5_rounds_them(real_caffe, tmp_path):
    with h5py.File(str(tmp_path / "0.h5"), "w") as file:
        file["data"] = np.array([2**24 + 1, 2**24 + 3, 2**53 - 1, -(2**31) - 1, 7, -1], "<i8")
        file["label"] = np.array([0.1, 1e-46, 1e39, -1e-40, np.inf, -0.0])
    (tmp_path / "rows.txt").write_text("0.h5", encoding="utf-8")
    compare(tmp_path, real_caffe, layer(batch=6), number=1)


def test_tops_choose_the_datasets_whatever_their_axes(real_caffe, tmp_path):
    with h5py.File(str(tmp_path / "0.h5"), "w") as file:
        for axes in range(1, 6):
            file[f"axes{axes}"] = np.arange(3 * 2 ** (axes - 1), dtype="<f4").reshape((3,) + (2,) * (axes - 1))
        file["unused"] = np.zeros(17)
    (tmp_path / "rows.txt").write_text("0.h5", encoding="utf-8")
    compare(tmp_path, real_caffe, layer(tops=["axes5", "axes1", "axes4", "axes2", "axes3"]))


def test_lists_are_split_at_any_white_space(real_caffe, tmp_path):
    list_of(tmp_path, [2, 3])
    (tmp_path / "rows.txt").write_text(f"\n  0.h5\t{tmp_path}/1.h5 \r\n\n./0.h5", encoding="utf-8")
    compare(tmp_path, real_caffe, layer(batch=4))


# ---- without real Caffe

@pytest.fixture
def build(tmp_path, monkeypatch, silent_log):
    monkeypatch.chdir(tmp_path)

    def build(text, phase="TRAIN"):
        (tmp_path / "net.prototxt").write_text(text, encoding="utf-8")
        return Net.from_file("net.prototxt", phase)
    return build


def test_rows_follow_one_another_and_start_again(build, tmp_path):
    list_of(tmp_path, [3, 2])
    net = build(layer(batch=4))
    seen = []
    for _ in range(5):
        net.forward()
        seen += net.blobs[1].data.tolist()
    assert seen == [0, 1, 2, 3, 4] * 4
    assert net.blobs[0].shape == (4, 2, 3)


def test_nets_of_one_process_hold_a_file_once_until_it_is_written_anew(tmp_path):
    write(tmp_path / "0.h5", 5)
    rows = [hdf5_rows.HDF5Rows(str(tmp_path / "0.h5"), names) for names in (("data", "label"), ("label", "data"))]
    assert rows[0].arrays[0] is rows[1].arrays[1] and not rows[0].arrays[0].flags.writeable
    write(tmp_path / "0.h5", 5, first=5)
    again = hdf5_rows.HDF5Rows(str(tmp_path / "0.h5"), ("label",))
    assert again.arrays[0].tolist() == [5, 6, 7, 8, 9] and rows[0].arrays[1].tolist() == [0, 1, 2, 3, 4]


def test_a_list_has_one_file_in_memory_at_a_time(build, tmp_path):
    list_of(tmp_path, [2, 2, 2])
    net = build(layer(batch=2))
    before = weakref.ref(net.layers[0].rows.arrays[0])
    net.forward()
    assert before() is None


def test_the_first_batch_of_a_huge_file_reads_little(build, tmp_path, monkeypatch):
    """A dataset of 8 GB, of which the disk holds nothing: loading it would take minutes, and the memory."""
    _huge(tmp_path / "0.h5", 2_000_000)
    monkeypatch.setattr(hdf5_rows, "spare_memory", lambda: 1 << 30)
    (tmp_path / "rows.txt").write_text("0.h5", encoding="utf-8")
    net = build(layer(batch=2, tops=["data"]))
    net.forward()
    assert net.blobs[0].data.shape == (2, 1000) and not net.blobs[0].data.any()


def _huge(path, rows):
    with h5py.File(str(path), "w") as file:
        space = h5py.h5s.create_simple((rows, 1000))
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        plist.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        h5py.h5d.create(file.id, b"data", h5py.h5t.IEEE_F32LE, space, plist)


def test_more_numbers_than_caffes_blobs_take_are_refused(build, tmp_path):
    _huge(tmp_path / "0.h5", 2_147_484)
    (tmp_path / "rows.txt").write_text("0.h5", encoding="utf-8")
    with pytest.raises(InputError, match=r"dataset `data` of 0\.h5 holds 2147484000 numbers, and Caffe's blobs take "
                                         r"2147483647 at most"):
        build(layer(tops=["data"]))


@pytest.mark.parametrize("shuffle", ["", "shuffle: true"])
@pytest.mark.parametrize("options", [{"chunks": (2, 2, 3), "compression": "gzip"}, {"dtype": ">f8"}, {"dtype": "u1"},
                                     {}])
def test_what_is_too_large_to_load_is_streamed_to_the_same_batches(options, shuffle, build, tmp_path, monkeypatch):
    list_of(tmp_path, [7, 4], **options)

    def batches_of():
        libc_rand.restart()
        net = build(layer(batch=3, more=shuffle))
        found = []
        for _ in range(9):
            net.forward()
            found.append([blob.data.clone() for blob in net.blobs])
        return net, found
    _, loaded = batches_of()
    monkeypatch.setattr(hdf5_rows, "spare_memory", lambda: 80)
    monkeypatch.setattr(hdf5_rows, "BLOCK", 4 * 24)     # four rows of the data
    net, streamed = batches_of()
    assert isinstance(net.layers[0].rows.arrays[0], hdf5_rows.StreamedRows)
    for ours, theirs in zip(streamed, loaded):
        assert all(a.equal(b) for a, b in zip(ours, theirs))


def test_a_streamed_file_is_read_a_block_at_a_time(tmp_path, monkeypatch):
    write(tmp_path / "0.h5", 50, chunks=(1, 2, 3))
    monkeypatch.setattr(hdf5_rows, "BLOCK", 10 * 24)
    rows, read = hdf5_rows.StreamedRows(str(tmp_path / "0.h5"), "data"), []
    values = hdf5_rows.HDF5Rows(str(tmp_path / "0.h5"), ("data",)).arrays[0]
    whole = rows._read
    rows._read = lambda chosen: read.append(chosen) or whole(chosen)
    for start in range(0, 48, 4):
        assert rows[start:start + 4].tobytes() == values[start:start + 4].tobytes()
    # Two batches fit into a block of ten rows, and the third begins the next one.
    assert [(key.start, key.stop) for key in read] == [(start, start + 10) for start in range(0, 48, 8)]


@pytest.mark.parametrize("dtype", ["<f4", ">f8"])
def test_a_streamed_file_that_is_written_to_is_told(dtype, tmp_path):
    write(tmp_path / "0.h5", 5, dtype=dtype)
    write(tmp_path / "new.h5", 5, dtype=dtype, first=5)
    rows = hdf5_rows.StreamedRows(str(tmp_path / "0.h5"), "data")
    rows[0:2]
    (tmp_path / "0.h5").write_bytes((tmp_path / "new.h5").read_bytes())
    with pytest.raises(InputError, match=r"0\.h5 was written to while a net reads it.*write new data to a new file"):
        rows[np.array([3, 1])]


@pytest.mark.parametrize("change", ["shorter", "other values", "gone"])
@pytest.mark.parametrize("options", [{}, {"dtype": "<f8"}], ids=str)
def test_a_lists_only_file_may_change_while_a_net_reads_it(options, change, real_caffe, tmp_path):
    list_of(tmp_path, [6], **options)
    (tmp_path / "net.prototxt").write_text(layer(batch=4), encoding="utf-8")
    theirs, ours = two_engines.on_both(real_caffe, batches_over_a_change, tmp_path, change=change)
    assert [row for batch in ours for row in batch[1].tolist()] == [*range(6), *range(6), *range(4)]
    assert all(a.tobytes() == b.tobytes() for mine, others in zip(ours, theirs) for a, b in zip(mine, others))


def batches_over_a_change(caffe, change):
    from pathlib import Path
    path = Path("0.h5")
    whole = path.read_bytes()
    net, found = caffe.Net("net.prototxt", caffe.TRAIN), []
    for i in range(4):
        net.forward()
        found.append([blob.data.copy() for blob in net.blobs.values()])
        if i == 0 and change == "gone":
            path.unlink()
        elif i == 0:
            path.write_bytes(whole[:100] if change == "shorter" else whole[:-300] + bytes(300))
    path.write_bytes(whole)
    return found


def test_each_file_of_several_is_read_anew_at_its_turn(real_caffe, tmp_path):
    list_of(tmp_path, [2, 2])
    (tmp_path / "net.prototxt").write_text(layer(batch=2), encoding="utf-8")
    theirs, ours = two_engines.on_both(real_caffe, batches_over_a_swap, tmp_path)
    assert ours == theirs


def batches_over_a_swap(caffe):
    from pathlib import Path
    kept = {name: Path(name).read_bytes() for name in ("0.h5", "1.h5")}
    net, found = caffe.Net("net.prototxt", caffe.TRAIN), []
    for _ in range(5):
        net.forward()
        found.append(net.blobs["label"].data.tolist())
        for name, other in (("0.h5", "1.h5"), ("1.h5", "0.h5")):
            Path(name).write_bytes(kept[other])
    for name, content in kept.items():
        Path(name).write_bytes(content)
    return found


def _linked(file, there):
    file["data"] = h5py.ExternalLink("values.h5", "/data")


def _soft_linked(file, there):
    file["there"] = h5py.ExternalLink("values.h5", "/")
    file["data"] = h5py.SoftLink("/there/data")


def _virtual(file, there):
    layout = h5py.VirtualLayout(there.shape, "<f4")
    layout[...] = h5py.VirtualSource("values.h5", "data", there.shape)
    file.create_virtual_dataset("data", layout)


def _raw(file, there):
    file.create_dataset("data", there.shape, "<f4", external=[("values.raw", 0, there.nbytes)])


@pytest.mark.parametrize("filler", [0, 8000])
@pytest.mark.parametrize("point", [_linked, _soft_linked, _virtual, _raw])
def test_values_in_another_file_are_read_from_there(point, filler, real_caffe, tmp_path):
    """`filler` numbers make the file long enough for the other one's offset to fall within it."""
    there = np.arange(1, 49, dtype="<f4").reshape(4, 12)
    there.tofile(tmp_path / "values.raw")
    with h5py.File(str(tmp_path / "values.h5"), "w") as file:
        file["data"] = there
    with h5py.File(str(tmp_path / "0.h5"), "w") as file:
        file["label"], file["extra"] = np.arange(4, dtype="<f4"), np.full(filler, -7, "<f4")
        point(file, there)
    (tmp_path / "rows.txt").write_text("0.h5", encoding="utf-8")
    compare(tmp_path, real_caffe, layer())


@pytest.mark.parametrize("shuffle", ["", "shuffle: true"])
@pytest.mark.parametrize("shapes", [[(3,), (2, 1)], [(2, 1, 1), (3,), (4, 1)]])
def test_labels_may_have_other_axes_in_the_next_file(shapes, shuffle, real_caffe, tmp_path):
    for i, shape in enumerate(shapes):
        write(tmp_path / f"{i}.h5", shape[0], first=4 * i)
        with h5py.File(str(tmp_path / f"{i}.h5"), "a") as file:
            label = file["label"][()]
            del file["label"]
            file["label"] = label.reshape(shape)
    (tmp_path / "rows.txt").write_text(" ".join(f"{i}.h5" for i in range(len(shapes))), encoding="utf-8")
    compare(tmp_path, real_caffe, layer(batch=4, more=shuffle))


def _text(text):
    return lambda folder: (folder / "rows.txt").write_text(text, encoding="utf-8")


def _file(**datasets):
    def prepare(folder):
        with h5py.File(str(folder / "0.h5"), "w") as file:
            for name, value in datasets.items():
                file[name] = value
        _text("0.h5")(folder)
    return prepare


def _other_shapes(folder):
    list_of(folder, [2, 2])
    with h5py.File(str(folder / "1.h5"), "w") as file:
        file["data"], file["label"] = np.zeros((2, 3, 3), "<f4"), np.zeros((2, 1), "<f4")


def _not_hdf5(folder):
    (folder / "0.h5").write_text("no HDF5", encoding="utf-8")
    _text("0.h5")(folder)


def _strings(folder):
    _file(data=np.array([b"a", b"b"]), label=np.zeros(2))(folder)


PLACE = r"layer `data` \(type HDF5Data, net\.prototxt:1\): "
ERRORS = {
    "an empty list": (_text(" \n"), "its `source` rows.txt lists no HDF5 file"),
    "a missing file": (_text("none.h5"), "none.h5: there is no such file; paths in the list are relative to"),
    "a file of another kind": (_not_hdf5, r"0\.h5: this is not a readable HDF5 file .*signature not found"),
    "a missing dataset": (_file(data=np.zeros((2, 1))),
                          "0.h5 has no dataset `label`, which a top is named after; it has `data`"),
    "a group": (_file(data=np.zeros((2, 1)), **{"label/x": [1.0]}), "0.h5 has no dataset `label`"),
    "rows that differ": (_file(data=np.zeros((2, 1)), label=np.zeros(3)),
                         "the datasets of 0.h5 have different numbers of rows, .*'data': 2, 'label': 3"),
    "no rows": (_file(data=np.zeros((0, 1)), label=np.zeros(0)), "the datasets of 0.h5 have no rows"),
    "a scalar": (_file(data=np.float32(1), label=np.zeros(1)),
                 r"dataset `data` of 0.h5 is of shape \(\) .* at least one axis"),
    "strings": (_strings, "dataset `data` of 0.h5 is of shape .* hold numbers"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_bad_data_is_refused_with_its_file(case, build, tmp_path):
    prepare, message = ERRORS[case]
    prepare(tmp_path)
    with pytest.raises(InputError, match=PLACE + message):
        build(layer())


def test_a_batch_of_none_is_refused(build, tmp_path):
    list_of(tmp_path, [2])
    with pytest.raises(InputError, match=PLACE + "its `batch_size` is 0; give at least 1"):
        build(layer(batch=0))


def test_files_whose_rows_differ_are_refused_when_they_are_reached(build, tmp_path):
    _other_shapes(tmp_path)
    net = build(layer(batch=2))
    with pytest.raises(InputError, match=r"dataset `data` of 1.h5 has rows of shape \(3, 3\), and the first file "
                                         r"\(2, 3\); the rows of all files of a list must have as many numbers"):
        net.forward()
