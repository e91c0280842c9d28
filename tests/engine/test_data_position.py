"""Where a run stands in its data, beside its snapshots: a run that goes on ends as the one that never stopped."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import small_training
import two_engines
from datasets import annotated, pixels, raw, write_leveldb, write_lmdb
from small_training import parameters

from cae_caffe.engine import libc_rand, log, rng
from cae_caffe.engine.solvers import Solver
from cae_caffe.errors import InputError

REST = """
layer { name: "drop" type: "Dropout" bottom: "data" top: "drop" dropout_param { dropout_ratio: 0.3 } }
layer { name: "ip" type: "InnerProduct" bottom: "drop" top: "ip"
  inner_product_param { num_output: 1 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "EuclideanLoss" bottom: "ip" bottom: "label" top: "loss" }
"""
HDF5 = """layer { name: "data" type: "HDF5Data" top: "data" top: "label"
  hdf5_data_param { source: "rows.txt" batch_size: 4 %s } }"""
LMDB = """layer { name: "data" type: "Data" top: "data" top: "label" %s
  data_param { source: "records" batch_size: 4 backend: LMDB } }"""
IMAGES = """layer { name: "data" type: "ImageData" top: "data" top: "label" %s
  image_data_param { source: "images.txt" batch_size: 4 shuffle: true } }"""
RANDOM = "transform_param { crop_size: 3 mirror: true scale: 0.00390625 }"
NETS = {
    "HDF5": HDF5 % "", "HDF5, shuffled": HDF5 % "shuffle: true", "LMDB": LMDB % "", "LMDB, cropped": LMDB % RANDOM,
    "LevelDB, cropped": LMDB.replace("backend: LMDB", "") % RANDOM, "images, shuffled and cropped": IMAGES % RANDOM,
    "LMDB, annotated": LMDB.replace('"Data"', '"AnnotatedData"') % """annotated_data_param { batch_sampler {
      sampler { min_scale: 0.5 } max_sample: 1 } } transform_param { mirror: true scale: 0.004 expand_param {
      max_expand_ratio: 2 } resize_param { height: 4 width: 5 interp_mode: LINEAR interp_mode: NEAREST } }""",
}
FEATURES = HDF5 % "" + """layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }"""
CHANGED = """layer { name: "change" type: "LabelSpecific%s" bottom: "ip" bottom: "label" top: "changed" %s }
  layer { name: "loss" type: "SoftmaxWithLoss" bottom: "changed" bottom: "label" top: "loss" }"""
LAYERS_THAT_GO_ON = {
    "a running mean": """layer { name: "distance" type: "AbsVal" bottom: "ip" top: "distance" }
      layer { name: "loss" type: "GeneralContrastiveLoss" bottom: "distance" bottom: "label" top: "loss"
      general_contrastive_loss_param { add_intra_mae: true positive_margin: -100 positive_outlier_thresh: 1000
        negative_margin: 0.2 max_negative_margin: 10 } }""",
    "a margin": CHANGED % ("Margin", "label_specific_margin_param { margin_base: 3 gamma: 0.5 power: 1.5 }"),
    "a scale": CHANGED % ("Rescale", "label_specific_rescale_param { positive_weight_base: 3 gamma: 0.5 power: 0.7 }"),
}
SOLVER = 'base_lr: 0.05 momentum: 0.9 max_iter: 100 test_iter: 3 test_interval: 4 '
STOP, END = 7, 17


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Data of each kind, of numbers of rows that no batch divides."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(log, "_minimum", log.LEVELS["ERROR"])
    random = np.random.RandomState(4)
    for i, rows in enumerate((7, 3, 9)):
        with h5py.File(f"{i}.h5", "w") as file:
            file["data"], file["label"] = random.uniform(0, 1, (rows, 1, 4, 5)), random.uniform(0, 1, rows)
    (tmp_path / "rows.txt").write_text("0.h5 1.h5\n2.h5\n")
    return tmp_path


def _write_images(folder):
    image = pytest.importorskip("PIL.Image", reason="image files are read by Pillow")
    random = np.random.RandomState(5)
    for i in range(11):
        image.fromarray(random.randint(0, 256, (4, 5, 3), dtype=np.uint8)).save(str(folder / f"{i}.png"))
    (folder / "images.txt").write_text("".join(f"{i}.png {i % 3}\n" for i in range(11)))


def _records():
    return [raw(pixels(1, 4, 5, seed=i), i % 4) for i in range(10)]


def _prepare(folder, kind):
    if "images" in kind:
        _write_images(folder)
    if "LMDB" in kind:
        write_lmdb(folder / "records", [annotated(one, typed=False) for one in _records()] if "annotated" in kind
                   else _records())
    if "LevelDB" in kind:
        write_leveldb(folder / "records", _records())
    small_training.write(folder, SOLVER, NETS[kind] + REST)


def _solver():
    return Solver.from_file("solver.prototxt")


def _bytes(solver):
    return [parameter.blob.data.numpy().tobytes() for parameter in solver.net.learnable]


def _stopped_and_going_on(with_position):
    """A run to END that took a snapshot at STOP, and one from that snapshot on with other random numbers about."""
    libc_rand.restart()
    whole = _solver()
    whole.step(STOP)
    whole.snapshot()
    whole.step(END - STOP)
    libc_rand.restart(77)
    going_on = _solver()
    rng.set_random_seed(77)
    going_on.restore(f"small_iter_{STOP}.solverstate")
    if with_position:
        assert going_on.restore_data_position(f"small_iter_{STOP}.solverstate")
    going_on.step(END - STOP)
    assert going_on.iter == END
    return _bytes(whole), _bytes(going_on)


@pytest.mark.parametrize("kind", NETS)
def test_a_run_that_goes_on_ends_as_the_one_that_never_stopped(kind, folder):
    _prepare(folder, kind)
    whole, going_on = _stopped_and_going_on(with_position=True)
    assert going_on == whole


@pytest.mark.parametrize("kind", LAYERS_THAT_GO_ON)
def test_what_layers_keep_from_pass_to_pass_goes_on(kind, folder):
    small_training.write(folder, SOLVER, FEATURES + LAYERS_THAT_GO_ON[kind])
    whole, going_on = _stopped_and_going_on(with_position=True)
    assert going_on == whole


def test_without_the_position_it_is_another_run(folder):
    _prepare(folder, "HDF5")
    whole, going_on = _stopped_and_going_on(with_position=False)
    assert going_on != whole


def test_test_nets_go_on_too(folder):
    _prepare(folder, "HDF5")
    solver = _solver()
    solver.step(STOP)
    solver.snapshot()
    test_net = solver.test_nets[0]
    test_net.forward()
    expected = test_net.blobs[0].data.clone()
    other = _solver()
    other.restore_data_position(f"small_iter_{STOP}.solverstate")
    other.test_nets[0].forward()
    assert (other.test_nets[0].blobs[0].data == expected).all()


def test_hdf5_snapshots_have_one_too(folder):
    _prepare(folder, "HDF5")
    (folder / "solver.prototxt").write_text((folder / "solver.prototxt").read_text() + "snapshot_format: HDF5")
    solver = _solver()
    solver.step(2)
    solver.snapshot()
    assert (folder / "small_iter_2.dataposition").exists()
    assert _solver().restore_data_position("small_iter_2.solverstate.h5")


def test_caffes_snapshots_have_none(folder, capfd, monkeypatch):
    _prepare(folder, "HDF5")
    monkeypatch.setattr(log, "_minimum", log.LEVELS["WARNING"])
    assert not _solver().restore_data_position("small_iter_2.solverstate")
    line, = capfd.readouterr().err.splitlines()
    assert "The position in the data is not known: small_iter_2.dataposition" in line and "real Caffe does not" in line


def test_the_position_of_a_snapshot_that_another_has_replaced_is_left_alone(stopped, capfd, monkeypatch):
    """As real Caffe replaces state and weights, and leaves the .dataposition."""
    other = _solver()
    other.step(3)
    other.iter = STOP
    position = (stopped / f"small_iter_{STOP}.dataposition").read_bytes()
    other.snapshot()
    (stopped / f"small_iter_{STOP}.dataposition").write_bytes(position)
    monkeypatch.setattr(log, "_minimum", log.LEVELS["WARNING"])
    going_on = _solver()
    going_on.restore(STATE)
    assert _bytes(going_on) == _bytes(other)
    place = going_on.net.layers[0].place()
    assert not going_on.restore_data_position(STATE)
    assert all((values == place[name]).all() for name, values in going_on.net.layers[0].place().items())
    line, = capfd.readouterr().err.splitlines()
    assert "small_iter_7.dataposition is of another snapshot than small_iter_7.solverstate" in line


def test_a_position_of_version_0_1_0_has_no_digests_and_is_taken(stopped):
    with h5py.File(f"small_iter_{STOP}.dataposition", "r+") as file:
        for name in list(file.attrs):
            del file.attrs[name]
    going_on = _solver()
    going_on.restore(STATE)
    assert going_on.restore_data_position(STATE) and going_on.net.layers[0].place()["file"] == 1


@pytest.fixture
def stopped(folder):
    """A folder with a snapshot of iteration 7, in the second file of three."""
    _prepare(folder, "HDF5")
    solver = _solver()
    solver.step(STOP)
    solver.snapshot()
    return folder


STATE = f"small_iter_{STOP}.solverstate"
REMEDY = "give --data-position caffe to start at the first row, as Caffe does"


def test_other_files_are_refused(stopped):
    (stopped / "rows.txt").write_text("0.h5 1.h5")
    with pytest.raises(InputError, match=f"layer `data` cannot go on .*, for it had 3 files and has 2 now.*{REMEDY}"):
        _solver().restore_data_position(STATE)


def test_other_rows_are_refused(stopped):
    for i in range(3):
        with h5py.File(f"{i}.h5", "w") as file:
            file["data"], file["label"] = np.zeros((5, 1, 4, 5)), np.zeros(5)
    with pytest.raises(InputError, match="it had 3 rows in the file that it stands in and has 5 now"):
        _solver().restore_data_position(STATE)


def test_the_position_of_other_nets_is_refused(stopped):
    small_training.write(stopped, SOLVER + "test_iter: 1 test_iter: 1", NETS["HDF5"] + REST)
    with pytest.raises(InputError, match=r"small_iter_7\.dataposition: this is not the position of a run of "
                                         "these nets"):
        _solver().restore_data_position(STATE)


def test_a_damaged_file_is_refused(stopped):
    (stopped / "small_iter_7.dataposition").write_bytes(b"nothing")
    with pytest.raises(InputError, match=f"this is not a readable HDF5 file.*{REMEDY}"):
        _solver().restore_data_position(STATE)


def _train(caffe):
    solver = caffe.get_solver("solver.prototxt")
    solver.restore("small_iter_3.solverstate")
    solver.step(5)
    return parameters(solver.net)


def test_real_caffe_goes_on_from_the_same_snapshot_at_the_first_row(real_caffe, folder):
    small_training.write(folder, "momentum: 0.9")
    solver = _solver()
    solver.step(3)
    solver.snapshot()
    real, embedded = two_engines.on_both(real_caffe, _train, folder, uses=[parameters])
    small_training.assert_close(embedded, real, 1e-5)       # pycaffe's `restore` is Caffe's


def test_a_test_that_is_stopped_leaves_its_data_where_they_stood(folder):
    small_training.write(folder, SOLVER.replace("test_iter: 3", "test_iter: 50"), NETS["HDF5, shuffled"] + REST)
    libc_rand.restart()
    solver = _solver()
    solver.step(STOP)
    places = [layer.place() for layer in solver.test_nets[0].layers[:1]]
    stream = libc_rand.stream().place
    requests = iter([None, None, "snapshot", None, "stop"])     # in the third test batch, and before the fourth
    solver.next_request = lambda: next(requests, None)
    solver.test_all()
    assert solver.stopping and (folder / "small_iter_7.solverstate").exists()
    for place, layer in zip(places, solver.test_nets[0].layers):
        assert all((layer.place()[name] == values).all() for name, values in place.items())
    assert (libc_rand.stream().place == stream).all()
