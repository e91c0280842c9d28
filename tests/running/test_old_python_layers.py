"""Python layers of 2015, as py-faster-rcnn has them, under `cae-caffe run --from-python2`: a few in our own words.

They import what those import (easydict, yaml, modules compiled for Python 2), and are Python 2 by grammar, by division,
and by what NumPy took then.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")
pytest.importorskip("yaml", reason="PyYAML is not here")

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = {
    "fast_rcnn/__init__.py": "",
    "fast_rcnn/config.py": """
import yaml
from easydict import EasyDict as edict
cfg = edict(yaml.load("{TRAIN: {KEPT: 3, SHARE: 0.5}, TEST: {KEPT: 2, SHARE: 0.5}}"))
cfg.TRAIN.OVERLAP = 0.5
cfg.TEST.OVERLAP = 0.5
def lines():
    for name, value in sorted(cfg.iteritems()):
        print name, value.has_key('KEPT'), value.KEPT
""",
    "fast_rcnn/nms_wrapper.py": "from nms.gpu_nms import gpu_nms\nfrom nms.cpu_nms import cpu_nms\n",
    "nms/__init__.py": "",
    "utils/__init__.py": "",
    "utils/cython_bbox.so": "compiled for Python 2",
    "rpn/__init__.py": "",
    "rpn/scaling.py": "def half(number):\n    return number / 2\n",
    "rpn/chosen_layer.py": """
import caffe
import numpy as np
import numpy.random as npr
import yaml
from fast_rcnn.config import cfg, lines
from fast_rcnn.nms_wrapper import gpu_nms
from utils.cython_bbox import bbox_overlaps
from scaling import half
DEBUG = False

class ChosenLayer(caffe.Layer):
    def setup(self, bottom, top):
        self._stride = yaml.load(self.param_str_)['feat_stride']
        if DEBUG:
            print 'stride', self._stride
        top[0].reshape(1, 5)
        top[1].reshape(1)

    def reshape(self, bottom, top):
        pass

    def forward(self, bottom, top):
        settings = cfg[str(self.phase)]
        lines()
        rows = bottom[0].data * half(self._stride)
        kept = gpu_nms(rows, settings.OVERLAP)[:settings.KEPT]
        number = np.round(settings.SHARE * len(kept))
        chosen = npr.choice(np.arange(len(kept)), size=number, replace=False)
        overlaps = bbox_overlaps(np.ascontiguousarray(rows[kept, :4], dtype=np.float), rows[:1, :4].astype(np.float))
        print 'kept', kept, 'chosen', len(chosen), 'overlaps', np.round(overlaps[:number, 0], 2).tolist()
        top[0].reshape(*rows[kept].shape)
        top[0].data[...] = rows[kept]
        top[1].reshape(len(chosen))

    def backward(self, top, propagate_down, bottom):
        pass
"""}
NET = """layer { name: "rows" type: "Input" top: "rows" input_param { shape { dim: 4 dim: 5 } } }
         layer { name: "chosen" type: "Python" bottom: "rows" top: "rois" top: "numbers"
                 python_param { module: 'rpn.chosen_layer' layer: 'ChosenLayer' param_str: "'feat_stride': 5" } }"""
SCRIPT = """
import caffe
import numpy as np
net = caffe.Net('net.prototxt', caffe.TEST)
net.blobs['rows'].data[...] = [[0, 0, 9, 9, 1], [1, 1, 9, 9, 3], [20, 20, 29, 29, 2], [20, 0, 29, 9, 0]]
net.forward()
print net.blobs['rois'].data.tolist(), net.blobs['numbers'].data.shape
"""


@pytest.fixture
def folder(tmp_path):
    """A script, its net, and on PYTHONPATH the folder lib with the layer."""
    for name, text in {**{f"lib/{name}": text for name, text in LIBRARY.items()}, "net.prototxt": NET,
                       "script.py": SCRIPT}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def cae_caffe(folder, *words):
    path = os.pathsep.join([str(folder / "lib"), str(ROOT)])
    return subprocess.run([sys.executable, "-m", "cae_caffe", *words], cwd=folder, check=False, capture_output=True,
                          text=True, env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"})


def test_they_run_with_stand_ins_for_what_they_import(folder):
    done = cae_caffe(folder, "run", "--from-python2", "script.py")

    assert done.returncode == 0, done.stderr
    # Half of 5 is 2, and boxes of twice the size: the second overlaps the first by 17**2 / 19**2.
    boxes = np.array([[1, 1, 9, 9, 3], [20, 20, 29, 29, 2]]) * 2.0
    assert done.stdout.splitlines()[-4:] == [
        "TEST True 2", "TRAIN True 3", "kept [1, 2] chosen 1 overlaps [0.8]", f"{boxes.tolist()} (1,)"]
    for module in ("utils.cython_bbox", "nms.gpu_nms", "nms.cpu_nms"):
        assert f"The module {module} cannot be imported" in done.stderr


def test_a_command_that_does_not_translate_says_what_does(folder):
    done = cae_caffe(folder, "time", "--model", "net.prototxt", "-iterations", "1")

    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "module `rpn.chosen_layer` is no Python 3" in done.stderr
    assert "chosen_layer.py, line " in done.stderr and "cae-caffe run --from-python2" in done.stderr
