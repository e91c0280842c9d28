"""Data of a LevelDB, Caffe's default backend: record for record what real Caffe reads of the same files."""

from __future__ import annotations

import pytest
import two_engines
from conformance import Case
from datasets import encoded, file_bytes, leveldb_files, numbered, pixels, raw, write_leveldb

EXACT = {"tolerance": 0, "reason": "data are copied and scaled, float by float: there is nothing to round otherwise"}


def data(records, transform="", batch=4, more="", passes=4, options=None, **further):
    text = (f'layer {{ name: "d" type: "Data" top: "data" top: "label" transform_param {{ {transform} }} '
            f'data_param {{ source: "." batch_size: {batch} {more} }} }}\n')
    return Case(text, {}, backward=False, passes=passes, files=leveldb_files(records, **(options or {})), **further)


SMALL_TABLES = {"write_buffer_size": 4096, "block_size": 256}
CASES = {
    "in the log": data(numbered(5, 3, 6, 9)),
    "floats": data(numbered(5, 3, 6, 9, floats=True), "scale: 0.5 mean_value: 9"),
    "in a table": data(numbered(40, 3, 6, 9), options={"in_tables": True}, batch=30),
    "in several tables": data(numbered(40, 3, 20, 20), options=SMALL_TABLES, batch=30),
    "in tables without compression": data(numbered(40, 3, 6, 9), options={"in_tables": True, "compression": None}),
    "keys of all lengths, not in the order of their writing": data(
        {bytes([200 - i]) * (i % 7 + 1): record for i, record in enumerate(numbered(90, 1, 2, 2))}, batch=50, passes=2),
    "the backend written": data(numbered(3, 1, 2, 2), more="backend: LEVELDB"),
    "the backend by its number": data(numbered(3, 1, 2, 2), more="backend: 0"),
    "read ahead and skipped": data(numbered(5, 1, 2, 2), more="rand_skip: 3 prefetch: 2"),
    "cropped and mirrored": data(numbered(5, 3, 6, 7), "crop_size: 4 mirror: true", passes=6),
    "encoded": data([encoded(file_bytes(pixels(6, 7, 3, seed=i)), i) for i in range(3)]),
    "one record": data([raw(pixels(1, 2, 2), 7)]),
}


@pytest.mark.parametrize("case", CASES)
def test_batches(case, judge):
    judge.all([CASES[case]], **EXACT)


def batches(caffe, texts):
    found = []
    for text in texts:
        with open("net.prototxt", "w") as file:
            file.write(text)
        net = caffe.Net("net.prototxt", caffe.TEST)
        for _ in range(3):
            net.forward()
            found += [net.blobs[name].data.tolist() for name in ("data", "label")]
        del net
    return found


def test_a_database_that_caffe_wrote(real_caffe, caffe_run, tmp_path):
    for i in range(7):
        (tmp_path / f"{i}.png").write_bytes(file_bytes(pixels(5, 6, 3, seed=i)))
    (tmp_path / "list").write_text("".join(f"{i}.png {i}\n" for i in range(7)))
    caffe_run(["convert_imageset", "-backend=leveldb", f"{tmp_path}/", "list", "rows"], cwd=tmp_path)
    text = 'layer { name: "d" type: "Data" top: "data" top: "label" data_param { source: "rows" batch_size: 4 } }'
    real, ours = two_engines.on_both(real_caffe, batches, tmp_path, texts=[text])
    assert ours == real and ours[1] == [0, 1, 2, 3]


def test_nets_of_2014(real_caffe, tmp_path):
    """Which say no backend, for there was no other."""
    texts = ['layers { name: "d" type: DATA top: "data" top: "label" data_param { source: "rows" batch_size: 4 } }\n',
             'layers { layer { name: "d" type: "data" source: "rows" batchsize: 4 } top: "data" top: "label" }\n']
    write_leveldb(tmp_path / "rows", numbered(5, 1, 4, 4))
    real, ours = two_engines.on_both(real_caffe, batches, tmp_path, texts=texts)
    assert ours == real
