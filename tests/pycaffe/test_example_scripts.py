"""Scripts in the manner of Caffe's example notebooks, run unchanged by both engines, with the same results."""

from __future__ import annotations

import os
import sys

import h5py
import numpy as np
import pytest

from cae_caffe import pycaffe
from cae_caffe.engine import log
from cae_caffe.pycaffe.installation import SUBMODULES
from cae_caffe.running.script import run_script

# Each leaves what it found in `result`, a dict of arrays and lists, and `tolerance`, of these relative to the largest.
LEARNING_LENET = """
import numpy as np
import caffe
from caffe import layers as L, params as P
from caffe.proto import caffe_pb2

def lenet(source, batch_size):
    n = caffe.NetSpec()
    n.data, n.label = L.HDF5Data(source=source, batch_size=batch_size, ntop=2)
    n.conv1 = L.Convolution(n.data, kernel_size=5, num_output=6, weight_filler=dict(type='xavier'))
    n.pool1 = L.Pooling(n.conv1, kernel_size=2, stride=2, pool=P.Pooling.MAX)
    n.ip1 = L.InnerProduct(n.pool1, num_output=20, weight_filler=dict(type='xavier'))
    n.relu1 = L.ReLU(n.ip1, in_place=True)
    n.score = L.InnerProduct(n.relu1, num_output=4, weight_filler=dict(type='xavier'))
    n.loss = L.SoftmaxWithLoss(n.score, n.label)
    return n.to_proto()

for name, batch in (('train', 8), ('test', 10)):
    with open(name + '.prototxt', 'w') as f:
        f.write(str(lenet('digits.txt', batch)))
s = caffe_pb2.SolverParameter()
s.random_seed = 0xCAFFE
s.train_net = 'train.prototxt'
s.test_net.append('test.prototxt')
s.test_interval = 500
s.test_iter.append(2)
s.max_iter = 100
s.type = 'SGD'
s.base_lr = 0.05
s.momentum = 0.9
s.weight_decay = 5e-4
s.lr_policy = 'inv'
s.gamma = 0.0001
s.power = 0.75
s.display = 0
s.snapshot_prefix = 'lenet'
s.solver_mode = caffe_pb2.SolverParameter.CPU
with open('solver.prototxt', 'w') as f:
    f.write(str(s))
caffe.set_mode_cpu()
solver = None
solver = caffe.get_solver('solver.prototxt')
shapes = [(k, v.data.shape) for k, v in solver.net.blobs.items()]
param_shapes = [(k, v[0].data.shape) for k, v in solver.net.params.items()]
solver.net.forward()
solver.test_nets[0].forward()
niter = 12
train_loss = np.zeros(niter)
output = np.zeros((niter, 10, 4))
for it in range(niter):
    solver.step(1)
    train_loss[it] = solver.net.blobs['loss'].data
    solver.test_nets[0].forward(start='conv1')
    output[it] = solver.test_nets[0].blobs['score'].data[:10]
correct = sum(solver.test_nets[0].blobs['score'].data.argmax(1) == solver.test_nets[0].blobs['label'].data)
result = dict(shapes=shapes, param_shapes=param_shapes, train_loss=train_loss, output=output, correct=int(correct),
              conv_diff=solver.net.params['conv1'][0].diff[:, 0].copy(), iterations=solver.iter)
tolerance = 1e-4     # grows with the updates
"""

NET_SURGERY = """
import numpy as np
import caffe

caffe.set_mode_cpu()
caffe.set_random_seed(5)
net = caffe.Net('conv.prototxt', caffe.TEST)
im = np.array(caffe.io.load_image('image.png', color=False)).squeeze()
im_input = im[np.newaxis, np.newaxis, :, :]
net.blobs['data'].reshape(*im_input.shape)
net.reshape()
net.blobs['data'].data[...] = im_input
net.forward()
conv0 = net.blobs['conv'].data[0, 0].copy()
net.params['conv'][1].data[0] = 1.
net.forward()
moved = net.blobs['conv'].data[0, 0] - conv0

classifier = caffe.Net('full.prototxt', caffe.TEST)
classifier.save('full.caffemodel')
old = caffe.Net('full.prototxt', 'full.caffemodel', caffe.TEST)
fc_params = {pr: (old.params[pr][0].data, old.params[pr][1].data) for pr in ['fc6', 'fc7']}
conv = caffe.Net('conv_full.prototxt', 'full.caffemodel', caffe.TEST)
conv_params = {pr: (conv.params[pr][0].data, conv.params[pr][1].data) for pr in ['fc6-conv', 'fc7-conv']}
for pr, pr_conv in (('fc6', 'fc6-conv'), ('fc7', 'fc7-conv')):
    conv_params[pr_conv][0].flat = fc_params[pr][0].flat
    conv_params[pr_conv][1][...] = fc_params[pr][1]
conv.save('conv_full.caffemodel')
color = caffe.io.load_image('image.png')
transformer = caffe.io.Transformer({'data': conv.blobs['data'].data.shape})
transformer.set_mean('data', np.array([10., 20., 30.]))
transformer.set_transpose('data', (2, 0, 1))
transformer.set_channel_swap('data', (2, 1, 0))
transformer.set_raw_scale('data', 255.0)
out = conv.forward_all(data=np.asarray([transformer.preprocess('data', color)]))
back = transformer.deprocess('data', conv.blobs['data'].data[0])
result = dict(conv0=conv0, moved=moved, prob=out['prob'][0], best=out['prob'][0].argmax(axis=0), back=back,
              shapes=[(k, tuple(v[0].data.shape)) for k, v in conv.params.items()])
tolerance = 1e-5     # float32 sums in another order
"""

LOGISTIC_REGRESSION = """
import numpy as np
import caffe
from caffe import layers as L, params as P

def net(source, batch_size, hidden):
    n = caffe.NetSpec()
    n.data, n.label = L.HDF5Data(batch_size=batch_size, source=source, ntop=2)
    n.ip1 = L.InnerProduct(n.data, num_output=hidden, weight_filler=dict(type='xavier'))
    n.relu1 = L.ReLU(n.ip1, in_place=True)
    n.ip2 = L.InnerProduct(n.relu1, num_output=4, weight_filler=dict(type='xavier'))
    n.accuracy = L.Accuracy(n.ip2, n.label)
    n.loss = L.SoftmaxWithLoss(n.ip2, n.label)
    return n.to_proto()

with open('auto_train.prototxt', 'w') as f:
    f.write(str(net('digits.txt', 10, 8)))
with open('auto_solver.prototxt', 'w') as f:
    f.write('net: "auto_train.prototxt" test_iter: 4 test_interval: 10 base_lr: 0.02 lr_policy: "step" gamma: 0.1 '
            'stepsize: 20 max_iter: 25 momentum: 0.9 random_seed: 4 snapshot_prefix: "auto"')
caffe.set_mode_cpu()
solver = caffe.get_solver('auto_solver.prototxt')
seen = []
solver.add_callback(lambda: seen.append(solver.iter), lambda: None)
solver.solve()
accuracy = 0
batch_size = solver.test_nets[0].blobs['data'].num
for i in range(4):
    solver.test_nets[0].forward()
    accuracy += solver.test_nets[0].blobs['accuracy'].data
again = caffe.Net('auto_train.prototxt', caffe.TEST, weights='auto_iter_25.caffemodel')
result = dict(accuracy=float(accuracy) / 4, batch_size=batch_size, seen=seen,
              weights={name: again.params[name][0].data.copy() for name in ('ip1', 'ip2')})
tolerance = 1e-4     # grows with the updates
"""

OWN_LAYER = """
import os
import sys
import numpy as np
import caffe
from caffe import layers as L

sys.path.insert(0, os.getcwd())     # where Python finds the layer's module
n = caffe.NetSpec()
n.data, n.label = L.MemoryData(batch_size=4, channels=1, height=3, width=3, ntop=2)
n.ip = L.InnerProduct(n.data, num_output=1, weight_filler=dict(type='xavier'))
n.loss = L.Python(n.ip, n.label, module='squared_of_an_example', layer='SquaredLoss', param_str="{'scale': 0.5}",
                  loss_weight=1)
with open('own.prototxt', 'w') as f:
    f.write('force_backward: true ' + str(n.to_proto()))
with open('own_solver.prototxt', 'w') as f:
    f.write('train_net: "own.prototxt" base_lr: 0.05 lr_policy: "fixed" momentum: 0.9 max_iter: 10 random_seed: 2 '
            'snapshot_prefix: "own" type: "Nesterov"')
solver = caffe.NesterovSolver('own_solver.prototxt')
rng = np.random.RandomState(0)
data, labels = rng.rand(8, 1, 3, 3).astype(np.float32), rng.rand(8).astype(np.float32)
solver.net.set_input_arrays(data, labels)
losses = []
for _ in range(6):
    solver.step(1)
    losses.append(solver.net.blobs['loss'].data.copy())
layer = solver.net.layers[list(solver.net._layer_names).index('loss')]
result = dict(losses=np.array(losses), weights=solver.net.params['ip'][0].data.copy(), calls=layer.calls,
              own=solver.net.params['loss'][0].data.copy(), data_diff=solver.net.blobs['ip'].diff.copy(),
              phase=layer.phase, kind=layer.type)
tolerance = 1e-5     # float32 sums in another order
"""

FILES = {
    "squared_of_an_example.py": """
import caffe
import numpy as np

class SquaredLoss(caffe.Layer):
    def setup(self, bottom, top):
        self.scale = eval(self.param_str)['scale']
        self.calls = 0
        self.blobs.add_blob(1)
        self.blobs[0].data[0] = 1

    def reshape(self, bottom, top):
        if bottom[0].count != bottom[1].count:
            raise Exception('two shapes')
        self.difference = np.zeros(bottom[0].data.shape, dtype=np.float32)
        top[0].reshape(1)

    def forward(self, bottom, top):
        self.calls += 1
        self.difference[...] = bottom[0].data - bottom[1].data.reshape(bottom[0].data.shape)
        top[0].data[...] = self.scale * self.blobs[0].data[0] * (self.difference ** 2).sum() / bottom[0].num

    def backward(self, top, propagate_down, bottom):
        self.blobs[0].diff[...] = 0.1
        if propagate_down[0]:
            bottom[0].diff[...] = 2 * self.scale * self.blobs[0].data[0] * self.difference / bottom[0].num
""",
    "conv.prototxt": """
        layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 1 dim: 10 dim: 10 } } }
        layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" convolution_param { num_output: 3
          kernel_size: 5 weight_filler { type: "gaussian" std: 0.01 } bias_filler { type: "constant" value: 0 } } }""",
    "full.prototxt": """
        layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 dim: 6 dim: 6 } } }
        layer { name: "fc6" type: "InnerProduct" bottom: "data" top: "fc6" inner_product_param { num_output: 7
          weight_filler { type: "xavier" } } }
        layer { name: "relu6" type: "ReLU" bottom: "fc6" top: "fc6" }
        layer { name: "fc7" type: "InnerProduct" bottom: "fc6" top: "fc7" inner_product_param { num_output: 4
          weight_filler { type: "gaussian" std: 0.01 } } }
        layer { name: "prob" type: "Softmax" bottom: "fc7" top: "prob" }""",
    "conv_full.prototxt": """
        layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 dim: 9 dim: 10 } } }
        layer { name: "fc6-conv" type: "Convolution" bottom: "data" top: "fc6" convolution_param { num_output: 7
          kernel_size: 6 } }
        layer { name: "relu6" type: "ReLU" bottom: "fc6" top: "fc6" }
        layer { name: "fc7-conv" type: "Convolution" bottom: "fc6" top: "fc7" convolution_param { num_output: 4
          kernel_size: 1 } }
        layer { name: "prob" type: "Softmax" bottom: "fc7" top: "prob" }""",
}

# scikit-image's present call for that in load_image, which the Caffe that is packaged beside it does not know.
ON_REAL_CAFFE = """
import os
def main(folder, script):
    import caffe, numpy as np, skimage, skimage.io
    def load_image(path, color=True):
        pixels = skimage.img_as_float(skimage.io.imread(path, as_gray=not color)).astype(np.float32)
        return pixels if pixels.ndim == 3 else pixels[:, :, np.newaxis]
    caffe.io.load_image = load_image
    os.chdir(folder)
    names = {"__name__": "__main__"}
    exec(script, names)
    return names["result"], names["tolerance"]
"""


@pytest.fixture
def folders(tmp_path):
    """Two folders with the same data, nets and image, one for each engine."""
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 4, 40)
    data = rng.normal(size=(40, 1, 12, 12)) + labels[:, None, None, None] / 2
    pair = tmp_path / "ours", tmp_path / "theirs"
    for folder in pair:
        folder.mkdir()
        with h5py.File(folder / "digits.h5", "w") as file:
            file["data"], file["label"] = data.astype(np.float32), labels.astype(np.float32)
        (folder / "digits.txt").write_text("digits.h5\n")
        for name, text in FILES.items():
            (folder / name).write_text(text)
        pytest.importorskip("PIL.Image").fromarray(
            np.random.default_rng(3).integers(0, 256, (13, 14, 3)).astype(np.uint8)).save(folder / "image.png")
    return pair


@pytest.fixture
def run_here(monkeypatch, folders):
    """Run a script as `cae-caffe run` does, in its folder, and return its names."""
    for name in ["caffe", *(f"caffe.{submodule}" for submodule in SUBMODULES)]:
        monkeypatch.setitem(sys.modules, name, None)        # so that it is restored
        del sys.modules[name]
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))      # which leads children to this `caffe`
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setattr(log, "_minimum", log.LEVELS["ERROR"])
    monkeypatch.chdir(folders[0])

    def run(script):
        (folders[0] / "script.py").write_text(script)
        assert run_script(pycaffe, "script.py", []) == 0
        return vars(sys.modules["__main__"])
    return run


def _assert_same(ours, theirs, tolerance, where):
    if isinstance(theirs, dict):
        assert sorted(ours) == sorted(theirs)
        for name in theirs:
            _assert_same(ours[name], theirs[name], tolerance, f"{where}.{name}")
    elif isinstance(theirs, float) or (isinstance(theirs, np.ndarray) and theirs.dtype.kind == "f"):
        ours, theirs = np.asarray(ours), np.asarray(theirs)
        assert ours.shape == theirs.shape, where
        assert np.abs(ours - theirs).max() <= tolerance * np.abs(theirs).max(), where
    elif isinstance(theirs, np.ndarray):
        np.testing.assert_array_equal(ours, theirs, where)
    else:
        assert ours == theirs, where


@pytest.mark.parametrize("script", [LEARNING_LENET, NET_SURGERY, LOGISTIC_REGRESSION, OWN_LAYER],
                         ids=["learning lenet", "net surgery", "logistic regression", "a layer of one's own"])
def test_a_script_gives_what_it_gives_on_real_caffe(script, run_here, folders, real_caffe):
    names = run_here(script)
    theirs, tolerance = real_caffe(ON_REAL_CAFFE, folder=str(folders[1]), script=script)
    _assert_same(names["result"], theirs, tolerance, "result")
