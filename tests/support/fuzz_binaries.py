"""The readers of binary files: messages, IDX and gzip, images, LMDB, archives."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
from datasets import annotated, encoded, file_bytes, lmdb_bytes, mean_file, pixels, raw
from fuzzing import reader
from idx_files import idx_bytes

from cae_caffe import schema
from cae_caffe.analysis import stored_weights
from cae_caffe.analysis.inspection import inspect, inspection_text
from cae_caffe.data import images
from cae_caffe.data.idx import IdxFile
from cae_caffe.engine import annotated_image, blob_proto, datum, decoding, rng
from cae_caffe.engine.box_sampling import BatchSampler
from cae_caffe.engine.data_transformer import _read_mean
from cae_caffe.engine.lmdb_records import LmdbRecords
from cae_caffe.engine.solvers import state
from cae_caffe.pycaffe.image_files import load_image
from cae_caffe.reproduction.archive import read_archive

ROOT = Path(__file__).resolve().parents[2]


def _blob(*shape: int) -> schema.BlobProto:
    message = schema.BlobProto(data=[0.5] * int(np.prod(shape)))
    message.shape.dim.extend(shape)
    return message


def _raw_blob(dtype: str, kind: int, *shape: int) -> schema.BlobProto:
    message = schema.BlobProto(raw_data_type=kind, raw_data=np.full(shape, 0.5, dtype).tobytes())
    message.shape.dim.extend(shape)
    return message


def _weights() -> list[bytes]:
    net = schema.NetParameter(name="n")
    for name in ("a", "b"):
        layer = net.layer.add(name=name, type="InnerProduct")
        layer.blobs.extend([_blob(3, 4), _blob(3)])
    old = schema.NetParameter(name="old")
    old.layers.add(name="c", type=4).blobs.add(num=1, channels=1, height=2, width=2, data=[1.0] * 4)
    raw = schema.NetParameter(name="raw")
    raw.layer.add(name="d", type="InnerProduct").blobs.extend([_raw_blob("<f2", 2, 3, 4), _raw_blob("<f4", 1, 3)])
    raw.layers.add(name="e", type=4).blobs.extend([_raw_blob("<f8", 0, 2, 2)])
    return [net.SerializeToString(), old.SerializeToString(), raw.SerializeToString()]


@reader("caffemodel", _weights)
def _caffemodel(path):
    for layer in schema.read_weights(path).layer:
        for blob in layer.blobs:
            blob_proto.fits(blob, (3, 4))
            blob_proto.array(blob)
    stored_weights.shapes_in(path)
    inspection_text(inspect(path))


@reader("solverstate", lambda: [schema.SolverState(
    iter=3, learned_net="n.caffemodel", history=[_blob(3, 4), _raw_blob("<f2", 2, 3)],
    current_step=1).SerializeToString()])
def _solverstate(path):
    state.read_binary(str(path))
    inspection_text(inspect(path))


@reader("mean file", lambda: [mean_file(pixels(3, 4, 5)), _blob(1, 1, 4, 4).SerializeToString(),
                               _raw_blob("<f2", 2, 1, 3, 4, 4).SerializeToString()])
def _mean(path):
    _read_mean(str(path))
    inspection_text(inspect(path))


_FRAMING = annotated_image.Framing(schema.view(schema.TransformationParameter(
    expand_param=schema.ExpansionParameter(max_expand_ratio=2))), np.zeros(1, np.float32))
_SAMPLER = BatchSampler(schema.view(schema.BatchSampler(
    sampler=schema.Sampler(min_scale=0.3), sample_constraint=schema.SampleConstraint(min_jaccard_overlap=0.1),
    max_trials=5)))
_BOXES = [(3, 0, 0.1, 0.2, 0.5, 0.7, False), (3, 1, 0.6, 0, 1, 0.25, True), (7, 0, 0, 0, 1, 1, False)]


@reader("annotated datum", lambda: [annotated(raw(pixels(1, 5, 4)), _BOXES).SerializeToString(),
                                    annotated(encoded(file_bytes(pixels(5, 6, 3))), _BOXES[:2]).SerializeToString()])
def _annotated_datum(path):
    message = annotated_image.parse(path.read_bytes(), "It")
    image = datum.image(message.datum, "native", "It").transpose(1, 2, 0)
    stream = rng.Stream(1)
    whole = _FRAMING.expanded(annotated_image.AnnotatedImage(image, annotated_image.objects(message)), stream, "It")
    for window in _SAMPLER.windows([one.box for one in whole.objects], stream):
        _FRAMING.cropped(whole, window)
    _FRAMING.finished(whole.objects)


@reader("datum", lambda: [raw(pixels(1, 5, 4), 3).SerializeToString(), raw(pixels(3, 4, 4) / 7).SerializeToString(),
                          encoded(file_bytes(pixels(5, 6, 3)), 2).SerializeToString()])
def _datum(path):
    message = datum.parse(path.read_bytes(), "It")
    for mode in ("native", "color", "gray"):
        datum.image(message, mode, "It")


def _idx() -> list[bytes]:
    plain = [idx_bytes(pixels(3, 4, 4)), idx_bytes(np.arange(9, dtype=np.uint8)),
             idx_bytes(pixels(2, 3).astype(np.float64))]
    return [*plain, *(gzip.compress(content, mtime=0) for content in plain)]


@reader("IDX, gzip", _idx)
def _idx_file(path):
    with IdxFile(path) as file:
        file.rows(0, min(2, len(file)))
        file.md5()


def _images() -> list[bytes]:
    colour, grey = pixels(6, 7, 3), pixels(6, 7)
    return [file_bytes(colour), file_bytes(grey), file_bytes(pixels(6, 7, 4)), file_bytes(colour, mode="P"),
            file_bytes(colour, "JPEG"), file_bytes(colour, "JPEG", progressive=True), file_bytes(grey, "JPEG"),
            file_bytes(colour, "BMP"), file_bytes(colour, "GIF"), file_bytes(colour, "TIFF"), file_bytes(colour, "PPM"),
            file_bytes(colour, "WEBP"), file_bytes(colour, "JPEG2000"),
            file_bytes(colour, "TIFF", compression="tiff_lzw")]


@reader("image", _images, file="input.png")
def _image(path):
    faults = []
    for read in (lambda: decoding.read(str(path), color=True), lambda: decoding.read(str(path), color=False),
                 lambda: decoding.decode(path.read_bytes(), "native", "It"), lambda: load_image(path),
                 lambda: images._pixels(path, 5, 5, True)):
        try:
            read()
        except images.InputError as error:
            faults.append(error)
    if faults:
        raise faults[0]


def _databases() -> list[bytes]:
    return [lmdb_bytes([raw(pixels(1, 2, 2, seed=i), i) for i in range(3)]),
            lmdb_bytes([raw(pixels(1, 20, 20, seed=i), i) for i in range(200)]),
            lmdb_bytes({(b"%04d" % i) * 40: b"x" * (i % 9 * 700) for i in range(60)})]


@reader("LMDB", _databases, file="data.mdb")
def _lmdb(path):
    records = LmdbRecords(str(path.parent))
    for _ in range(500):
        key, _value = records.record()
        if records.advance():
            break
    records.go_to(key)
    records.record()


@reader("archive of records", lambda: [(ROOT / "docs/results/records.tar.xz").read_bytes()[:50000], _small_archive()])
def _archive(path):
    read_archive(path)


def _small_archive() -> bytes:
    from cae_caffe.reproduction import archive

    return archive._archive({"runs/cae1-n2-seed1/result.json": b"{}", "map.json": b"{}"})
