"""The readers of text: nets, solvers, lists, logs."""

from __future__ import annotations

import gzip
from pathlib import Path

from fuzzing import reader

from cae_caffe import schema
from cae_caffe.analysis.log import read_log
from cae_caffe.data import read_list
from cae_caffe.engine.hdf5_rows import listed_files
from cae_caffe.engine.layers.forks import image_sizes
from cae_caffe.engine.layers.forks.image_pairs import read_pairs
from cae_caffe.engine.layers.forks.image_seg_data import read_windows
from cae_caffe.engine.layers.forks.video_data import read_videos
from cae_caffe.engine.layers.image_data import _lines
from cae_caffe.reproduction.runs import record

ROOT = Path(__file__).resolve().parents[2]
_FIELDS = [b"layer {", b"layers {", b"param {", b"shape { dim: 0 }", b"dim: 1000000000000", b"type: CONVOLUTION",
           b"phase: ", b"state { ", b"net_param { ", b"input_dim: -1", b"include { not_stage: 'x' }", b"CONVOLUTION",
           b"TRAIN"]
LOG = b"""Engine: embedded
I1122 11:03:05.274000  7189 solver.cpp:190] Creating test net (#0) specified by net file: train_test.prototxt
state {
  stage: "test-on-train"
}
I1122 11:03:05.400000  7189 solver.cpp:347] Iteration 0, Testing net (#0)
I1122 11:03:05.500000  7189 solver.cpp:414]     Test net output #0: cross_entropy_loss = 700.5 (* 1 = 700.5 loss)
I1122 11:03:05.700000  7189 solver.cpp:239] Iteration 0 (-1.4013e-45 iter/s, 0.389s/50 iters), loss = 701
I1122 11:03:05.700001  7189 solver.cpp:258]     Train net output #0: cross_entropy_loss = 701 (* 1 = 701 loss)
I1122 11:03:06.089000  7189 solver.cpp:239] Iteration 1000 (128.5 iter/s, 0.389s/50 iters), loss = 210.5
I1122 11:03:06.089001  7189 solver.cpp:258]     Train net output #0: cross_entropy_loss = 210.5 (* 1 = 210.5 loss)
I1122 11:03:06.400000  7189 solver.cpp:347] Iteration 1000, Testing net (#0)
I1122 11:03:06.500000  7189 solver.cpp:414]     Test net output #0: cross_entropy_loss = nan (* 1 = nan loss)
"""


def _files(*patterns: str) -> list[bytes]:
    found = (path.read_bytes() for pattern in patterns for path in sorted(ROOT.glob(pattern)))
    return [content for content in found if len(content) < 12000]


@reader("net", lambda: _files("prototxt/*-n2/*.prototxt", "prototxt/legacy/*-n2/*.prototxt"), is_text=True,
        words=_FIELDS)
def _net(path):
    schema.read_net_with_lines(path)


@reader("solver", lambda: _files("prototxt/*-n2/solver.prototxt", "prototxt/legacy/*-n2/solver.prototxt"), is_text=True,
        words=[b"solver_type: ADAM", b"snapshot_prefix: ''", b"net: ", *_FIELDS])
def _solver(path):
    schema.read_solver(path)


@reader("list of images' sizes", lambda: [b"000001 375 500\n000002 333 500\n", b"a 1 1"], is_text=True)
def _image_sizes(path):
    image_sizes.read(str(path))


@reader("names of labels", lambda: [b'item { name: "dog" label: 1 display_name: "Dog" }\nitem { label: 2 }\n'],
        is_text=True, words=[b"item { ", b"label: -1", b"name: ''"])
def _label_map(path):
    schema.read_text(path, schema.LabelMap)


@reader("list of HDF5 files", lambda: [b"a.h5\nb.h5\n", b"/dev\n", b"%s\n" % __file__.encode()], is_text=True)
def _hdf5_list(path):
    listed_files(str(path))
    read_list(path)


@reader("list of images", lambda: [b"a.png 1\nb c.png 22\n", b"d.png\n"], is_text=True)
def _image_list(path):
    _lines(str(path))


@reader("list of images and label images", lambda: [b"a.png b.png\nc.png\td.png\r\n"], is_text=True)
def _pairs_list(path):
    read_pairs(str(path))


@reader("list of images and windows", lambda: [b"a.png b.png 1 2 3 4\n\nc.png d.png -1 -2 +3 4 x\n"], is_text=True)
def _windows_list(path):
    read_windows(str(path), "PIXEL")


@reader("list of videos", lambda: [b"a 12 3\n\nb/c 4 -1\n"], is_text=True)
def _videos_list(path):
    read_videos(str(path))


@reader("log", lambda: [LOG, LOG.decode().encode("utf-16"), gzip.compress(LOG)], file="train.log", is_text=True,
        words=[b"Iteration ", b", loss = ", b", Testing net (#", b"Test net output #", b" = ", b"(* ", b"\r", b"I9999"])
def _log(path):
    found = read_log(path)
    record.reached(found)
    record.last_displays(found)
    record.last_thousand(found)
    record.engine(path)
    record.seconds_of(path)
