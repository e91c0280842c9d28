"""py-faster-rcnn's Python layers, and what stands in for them where they are not."""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")

import small_faster_rcnn
from conformance import distinct, values
from fork_references.proposal import anchor_targets, bbox_transform, overlap, python_proposal

from cae_caffe import pycaffe
from cae_caffe.errors import InputError
from cae_caffe.pycaffe.shims import settings

ROOT = Path(__file__).resolve().parents[2]
SHAPES = {"scores": (1, 12, 5, 7), "deltas": (1, 24, 5, 7), "objects": (3, 5), "info": (1, 3), "data": (1, 3, 80, 112)}
OPTIONS = r"'feat_stride': 16 \n'scales': !!python/tuple [2, 4]"
NET = "".join(f'layer {{ name: "{name}" type: "Input" top: "{name}" input_param {{ shape {{ '
              f'{" ".join(f"dim: {length}" for length in shape)} }} }} }}\n' for name, shape in SHAPES.items()) + f"""
layer {{ name: "anchors" type: "Python" bottom: "scores" bottom: "objects" bottom: "info" bottom: "data" top: "labels"
  top: "targets" top: "inside" top: "outside"
  python_param {{ module: "rpn.anchor_target_layer" layer: "AnchorTargetLayer" param_str: "{OPTIONS}" }} }}
layer {{ name: "proposal" type: "Python" bottom: "scores" bottom: "deltas" bottom: "info" top: "rpn_rois" top: "kept"
  python_param {{ module: "rpn.proposal_layer" layer: "ProposalLayer" param_str: "{OPTIONS}" }} }}
layer {{ name: "sampled" type: "Python" bottom: "rpn_rois" bottom: "objects" top: "rois" top: "classes"
  top: "box_targets" top: "box_inside" top: "box_outside"
  python_param {{ module: "rpn.proposal_target_layer" layer: "ProposalTargetLayer" param_str: "'num_classes': 4" }} }}
"""
OUTPUTS = ["labels", "targets", "inside", "outside", "rpn_rois", "kept", "rois", "classes", "box_targets", "box_inside",
           "box_outside"]
OBJECTS = np.array([[3, 5, 40, 44, 2], [60, 20, 100, 70, 1], [30, 30, 62, 60, 3]], np.float32)


def inputs(seed=0):
    return {"scores": (distinct(*SHAPES["scores"], seed=seed) + 1) / 2,
            "deltas": values(*SHAPES["deltas"], low=-0.5, high=0.5, seed=seed), "objects": OBJECTS,
            "info": np.array([[80, 112, 0.5]], np.float32), "data": np.zeros(SHAPES["data"], np.float32)}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """The blobs of the net in phase TRAIN, whose layers are stand-ins."""
    path = tmp_path_factory.mktemp("net") / "net.prototxt"
    path.write_text(NET)
    net = pycaffe.Net(str(path), pycaffe.TRAIN)
    assert type(net.layer_dict["proposal"]).__module__ == "cae_caffe.pycaffe.shims.proposal_layer"
    for name, array in inputs().items():
        net.blobs[name].data[...] = array
    np.random.seed(3)
    net.forward()
    return {name: np.array(net.blobs[name].data) for name in OUTPUTS}


def test_proposals(found):
    given = {name: array.astype(np.float64) for name, array in inputs().items()}
    rois, scores = python_proposal(given["scores"], given["deltas"], given["info"], feat_stride=16, scales=(2, 4),
                                   pre_nms_top_n=settings.TRAIN.before, post_nms_top_n=settings.TRAIN.after)

    np.testing.assert_allclose(found["rpn_rois"], rois, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(found["kept"], scores, rtol=1e-6)


def test_several_images_are_refused_before_anything_is_computed(tmp_path):
    path = tmp_path / "net.prototxt"
    path.write_text(NET)
    net = pycaffe.Net(str(path), pycaffe.TRAIN)
    net.blobs["scores"].reshape(2, *SHAPES["scores"][1:])
    with pytest.raises(InputError, match="given 2 images, and takes one"):
        net.reshape()


def test_targets_of_anchors(found):
    """There are fewer anchors than may be drawn, so that none is left out."""
    wanted = anchor_targets(5, 7, OBJECTS, np.array([80, 112, 0.5]), feat_stride=16, scales=(2, 4))

    for name, array in zip(("labels", "targets", "inside", "outside"), wanted):
        np.testing.assert_allclose(found[name], array, rtol=1e-5, atol=1e-6, err_msg=name)


def test_targets_of_regions(found):
    """Each region drawn has the class and the box of the object that it overlaps most, or is background."""
    rois, classes = found["rois"].reshape(-1, 5), found["classes"].ravel()
    nearest = [max(OBJECTS, key=lambda one, roi=roi: overlap(roi[1:], one[:4])) for roi in rois]
    overlaps = np.array([overlap(roi[1:], one[:4]) for roi, one in zip(rois, nearest)])

    assert len(rois) <= settings.REGIONS.number and (classes > 0).sum() <= 32
    assert (classes > 0).tolist() == sorted(classes > 0, reverse=True)
    for roi, one, share, label, deltas, weights in zip(
            rois, nearest, overlaps, classes, found["box_targets"].reshape(-1, 4, 4),
            found["box_inside"].reshape(-1, 4, 4)):
        assert label == (one[4] if share >= 0.5 else 0)
        assert weights.sum() == (4 if label else 0)
        if label:
            wanted = bbox_transform(roi[1:], one[:4]) / settings.BOX_DEVIATIONS
            np.testing.assert_allclose(deltas[int(label)], wanted, rtol=1e-3, atol=1e-3)
            assert weights[int(label)].all()
    assert not np.delete(found["box_targets"].reshape(-1, 4, 4), [1, 2, 3], axis=1).any()


def test_many_candidates_are_drawn_from(tmp_path, monkeypatch):
    monkeypatch.setattr(settings.ANCHORS, "number", 8)
    monkeypatch.setattr(settings.REGIONS, "number", 6)
    (tmp_path / "net.prototxt").write_text(NET)
    net = pycaffe.Net(str(tmp_path / "net.prototxt"), pycaffe.TRAIN)
    for name, array in inputs().items():
        net.blobs[name].data[...] = array
    net.forward()

    labels = net.blobs["labels"].data
    assert ((labels >= 0).sum(), (labels == 1).sum() <= 4) == (8, True)
    assert net.blobs["rois"].data.shape[0] == 6


def net_of(layer, options, tops, tmp_path, module="roi_data_layer.layer"):
    path = tmp_path / "net.prototxt"
    tops = " ".join(f'top: "top{i}"' for i in range(tops))
    path.write_text(f'layer {{ name: "data" type: "Python" {tops} python_param {{ module: "{module}" layer: "{layer}" '
                    f'param_str: "{options}" }} }}')
    return pycaffe.Net(str(path), pycaffe.TRAIN)


@pytest.mark.parametrize(("tops", "shapes"), [
    (3, [(1, 3, 608, 1024), (1, 3), (1, 5)]),
    (6, [(1, 3, 608, 1024), (1, 5), (1,), (1, 84), (1, 84), (1, 84)])])
def test_data_of_training_have_shapes_only(tops, shapes, tmp_path):
    net = net_of("RoIDataLayer", "'num_classes': 21", tops, tmp_path)

    assert [blob.data.shape for blob in net.blobs.values()] == shapes
    with pytest.raises(InputError, match=r"own module .*, which is not found; put .* into PYTHONPATH"):
        net.forward()


@pytest.mark.parametrize(("options", "match"), [
    ("'classes': 21", "must say 'num_classes', a whole number of at least 1; it says {'classes': 21}"),
    ("21", "`param_str` '21' says no options"), ("{'a': [", "is no YAML")])
def test_wrong_options_are_told(options, match, tmp_path):
    pytest.importorskip("yaml", reason="PyYAML is not here")
    with pytest.raises(InputError, match=re.escape(match)):
        net_of("RoIDataLayer", options, 3, tmp_path)


@pytest.mark.parametrize(("ratios", "match"), [
    ("[0.5, 1, 2]", None), ("[1, 2]", "12 channels; with 4 anchors.*have 8"), ("[0, 1, 2]", "must say numbers above 0"),
    ("'wide'", "must say numbers above 0")])
def test_ratios_of_anchors_are_an_option_of_pvanets(ratios, match, tmp_path):
    (tmp_path / "net.prototxt").write_text(NET.replace(OPTIONS, f"{{'feat_stride': 16, 'ratios': {ratios}, "
                                                                "'scales': [2, 4]}"))
    if match is None:
        pycaffe.Net(str(tmp_path / "net.prototxt"), pycaffe.TRAIN)
    else:
        with pytest.raises(InputError, match=match):
            pycaffe.Net(str(tmp_path / "net.prototxt"), pycaffe.TRAIN)


# The real layers, of a checkout of py-faster-rcnn.

SCRIPT = f"""
import pickle, sys
import numpy as np
import caffe
from fast_rcnn.config import cfg, cfg_from_list
cfg_from_list(['TRAIN.BG_THRESH_LO', '0.0', 'TRAIN.BBOX_NORMALIZE_TARGETS_PRECOMPUTED', 'True',
               'TRAIN.RPN_BATCHSIZE', sys.argv[2], 'TRAIN.BATCH_SIZE', sys.argv[3]])
with open('inputs.pickle', 'rb') as stream:
    inputs = pickle.load(stream)
net = caffe.Net('net.prototxt', caffe.TRAIN)
for name, array in inputs.iteritems():
    net.blobs[name].data[...] = array
np.random.seed(3)
net.forward()
print 'forward', net.layer_dict['proposal'].__module__
with open(sys.argv[1], 'wb') as stream:
    pickle.dump(dict((name, np.array(net.blobs[name].data)) for name in {OUTPUTS!r}), stream)
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """py-faster-rcnn: the folder that PY_FASTER_RCNN names, or a clone."""
    if os.environ.get("PY_FASTER_RCNN"):
        return Path(os.environ["PY_FASTER_RCNN"])
    folder = tmp_path_factory.mktemp("clone") / "py-faster-rcnn"
    source = "https://github.com/rbgirshick/py-faster-rcnn"
    try:
        subprocess.run(["git", "clone", "--depth", "1", source, folder], check=True, timeout=120, capture_output=True,
                       env={**os.environ, "GIT_TERMINAL_PROMPT": "0"})
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"PY-FASTER-RCNN IS NOT HERE, SO ITS OWN LAYERS ARE NOT TESTED ({error}); set PY_FASTER_RCNN to "
                    f"the folder of a checkout of {source}.")
    return folder


def run_script(folder, checkout, *arguments):
    """Run script.py in the folder with the checkout's lib on PYTHONPATH; returns what it prints."""
    path = os.pathsep.join([str(checkout / "lib"), str(ROOT)])
    done = subprocess.run([sys.executable, "-m", "cae_caffe", "run", "--from-python2", "script.py", *arguments],
                          cwd=folder, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True,
                          timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.long
@pytest.mark.parametrize("drawn", [(256, 128), (16, 8)], ids=["all", "drawn"])
def test_the_real_layers_run_and_the_stand_ins_give_the_same(drawn, checkout, tmp_path, monkeypatch):
    pytest.importorskip("yaml", reason="PyYAML is not here")
    (tmp_path / "net.prototxt").write_text(NET)
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "inputs.pickle").write_bytes(pickle.dumps(inputs(), protocol=2))
    assert "forward rpn.proposal_layer" in run_script(tmp_path, checkout, "real.pickle", *map(str, drawn))

    monkeypatch.setattr(settings.ANCHORS, "number", drawn[0])
    monkeypatch.setattr(settings.REGIONS, "number", drawn[1])
    net = pycaffe.Net(str(tmp_path / "net.prototxt"), pycaffe.TRAIN)
    for name, array in inputs().items():
        net.blobs[name].data[...] = array
    np.random.seed(3)
    net.forward()
    for name, real in pickle.loads((tmp_path / "real.pickle").read_bytes()).items():
        np.testing.assert_allclose(net.blobs[name].data.reshape(real.shape), real, rtol=1e-5, atol=1e-4, err_msg=name)


TRAINING = """
import sys
import numpy as np
import PIL.Image
import scipy.sparse
import caffe
from datasets.imdb import imdb
from fast_rcnn.config import cfg, cfg_from_list
from fast_rcnn.train import SolverWrapper, get_training_roidb

class Squares(imdb):
    def __init__(self):
        imdb.__init__(self, 'squares')
        self._classes = ('__background__', 'dark', 'light')
        self._image_index = range(4)
        self._roidb_handler = self.squares
        self.roidb

    def image_path_at(self, i):
        return 'image%d.png' % (i % 4)

    def squares(self):
        found = []
        for i in xrange(4):
            pixels, which = np.random.randint(110, 146, (96, 128, 3)), 1 + i % 2
            x, y = np.random.randint(8, 50, 2)
            pixels[y:y + 40, x:x + 40] = 20 if which == 1 else 240
            PIL.Image.fromarray(pixels.astype(np.uint8)).save(self.image_path_at(i))
            overlaps = scipy.sparse.csr_matrix(np.eye(3, dtype=np.float32)[which:which + 1])
            found.append({'boxes': np.array([[x, y, x + 39, y + 39]], np.uint16), 'flipped': False,
                          'gt_classes': np.array([which], np.int32), 'gt_overlaps': overlaps})
        return found

cfg_from_list(['TRAIN.HAS_RPN', 'True', 'TRAIN.IMS_PER_BATCH', '1', 'TRAIN.BBOX_NORMALIZE_TARGETS_PRECOMPUTED', 'True',
               'TRAIN.BATCH_SIZE', '16', 'TRAIN.SCALES', '(96,)', 'TRAIN.MAX_SIZE', '160', 'TRAIN.RPN_MIN_SIZE', '4',
               'TRAIN.BG_THRESH_LO', '0.0', 'TRAIN.PROPOSAL_METHOD', 'gt'])
np.random.seed(cfg.RNG_SEED)
caffe.set_random_seed(cfg.RNG_SEED)
wrapper = SolverWrapper('solver.prototxt', get_training_roidb(Squares()), '.')
for i in xrange(80):
    wrapper.solver.step(1)
    blobs = wrapper.solver.net.blobs
    print 'losses', ' '.join(str(float(blobs[name].data)) for name in blobs.keys() if 'loss' in name)
wrapper.snapshot()
"""


@pytest.mark.long
def test_the_real_training_script_trains(checkout, tmp_path):
    """With py-faster-rcnn's own data layer, targets, sampling and normalization of boxes, of images on the disk."""
    for module in ("yaml", "cv2", "scipy.sparse"):
        pytest.importorskip(module, reason=f"py-faster-rcnn needs {module}")
    data = """layer { name: 'input-data' type: 'Python' top: 'data' top: 'im_info' top: 'gt_boxes' python_param {
                module: 'roi_data_layer.layer' layer: 'RoIDataLayer' param_str: "'num_classes': 3" } }"""
    (tmp_path / "train.prototxt").write_text(data + small_faster_rcnn.AFTER_DATA)
    (tmp_path / "solver.prototxt").write_text(
        'train_net: "train.prototxt" base_lr: 0.001 momentum: 0.9 weight_decay: 0.0005 lr_policy: "fixed" display: 20 '
        'snapshot: 0 snapshot_prefix: "small" iter_size: 2')
    (tmp_path / "script.py").write_text(TRAINING)

    lines = [line for line in run_script(tmp_path, checkout).splitlines() if line.startswith("losses ")]
    losses = np.array([[float(word) for word in line.split()[1:]] for line in lines])
    assert losses.shape == (80, 4) and np.isfinite(losses).all()
    assert losses[-10:].sum() < 0.5 * losses[:10].sum()
    assert (tmp_path / "small_iter_80.caffemodel").exists()
