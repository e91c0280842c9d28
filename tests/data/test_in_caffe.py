"""What the conversions write, read by real Caffe's HDF5Data layer."""

from __future__ import annotations

import numpy as np
import pytest
from idx_files import random_images, write_idx

from cae_caffe.data import convert_idx

IMAGES = random_images(10, 28, 28)
LABELS = np.array([3, 1, 4, 1, 5, 9, 2, 6, 5, 3], np.uint8)
ONE_ROW = 4 * (28 * 28 + 1)

BATCHES = """
import os, tempfile
import caffe

NET = '''
layer { name: "input" type: "HDF5Data" top: "data" top: "label"
        hdf5_data_param { source: "data/digits.txt" batch_size: 4 } }
'''

def main(folder, count):
    os.chdir(folder)
    with tempfile.NamedTemporaryFile("w", suffix=".prototxt") as file:
        file.write(NET)
        file.flush()
        net = caffe.Net(file.name, caffe.TEST)
    batches = []
    for _ in range(count):
        net.forward()
        batches.append((net.blobs["data"].data.copy(), net.blobs["label"].data.copy()))
    return batches
"""


@pytest.mark.parametrize("max_file, files", [(None, 1), (8192 + 4 * ONE_ROW, 3)])
def test_caffe_reads_the_rows_in_order_and_wraps_around(real_caffe, tmp_path, monkeypatch, max_file, files):
    monkeypatch.chdir(tmp_path)
    pair = write_idx(tmp_path / "images", IMAGES), write_idx(tmp_path / "labels", LABELS)
    assert len(convert_idx(*pair, "data/digits", max_file).files) == files
    batches = real_caffe(BATCHES, folder=str(tmp_path), count=4)
    order = np.arange(16) % 10
    data, label = (np.concatenate(parts) for parts in zip(*batches))
    assert data.shape == (16, 1, 28, 28) and label.shape == (16,)
    assert np.array_equal(data[:, 0], IMAGES[order] / np.float32(255))
    assert np.array_equal(label, LABELS[order])


def test_the_conversion_runs_in_caffes_own_python_and_writes_the_same_values(real_caffe, tmp_path):
    pair = [str(write_idx(tmp_path / "images", IMAGES)), str(write_idx(tmp_path / "labels", LABELS))]
    source = """
import h5py
from cae_caffe.data import convert_idx

def main(images, labels, out):
    with h5py.File(str(convert_idx(images, labels, out).files[0]), "r") as file:
        return file["data"][:], file["label"][:]
"""
    data, label = real_caffe(source, images=pair[0], labels=pair[1], out=str(tmp_path / "out"))
    assert np.array_equal(data[:, 0], IMAGES / np.float32(255)) and np.array_equal(label, LABELS)
