"""Typical mistakes in what a net is given: solvers, data, weights, flags, scripts."""

from __future__ import annotations

import mistake_files as files
from mistake_files import TRAIN, Mistake

OWN = files.weights(conv1=((4, 1, 3, 3), (4,)), ip1=((3, 144), (3,)))
LFS = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 61538\n"
)
HTML = b"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head><body>Not Found</body></html>\n"
WEIGHTS = (*TRAIN, "-weights", "old.caffemodel")
SCORE = """\
import caffe

net = caffe.Net("net.prototxt", caffe.TEST)
print net.blobs["ip1"].data
"""

MISTAKES = (
    Mistake(
        "flag",
        "A misspelt flag",
        "`-weights` is written `-wieghts`.",
        "better: offers the right flag",
        ("-wieghts", "-weights"),
        command=(*TRAIN, "-wieghts", "old.caffemodel"),
        files=(("old.caffemodel", OWN),),
        keep="ERROR",
    ),
    Mistake(
        "policy",
        "An unknown policy",
        '`lr_policy: "steps"`, for `"step"`.',
        "better: tells the file, the policies and the one that is meant",
        ("solver.prototxt", "steps", "did you mean `step`?"),
        edits=(("solver.prototxt", '"fixed"', '"steps"'),),
    ),
    Mistake(
        "stepsize",
        "A policy without its numbers",
        '`lr_policy: "step"` without `stepsize`.',
        "better: names the file and the policy",
        ("solver.prototxt", "stepsize"),
        edits=(("solver.prototxt", '"fixed"', '"step"'),),
    ),
    Mistake(
        "test-iter",
        "A test interval without the number of tests",
        "`test_interval` stands in the solver, `test_iter` does not.",
        "equal: both say what is missing",
        ("solver.prototxt", "test_iter"),
        edits=(("solver.prototxt", "display: 1", 'display: 1\ntest_interval: 2\ntest_net: "net.prototxt"'),),
    ),
    Mistake(
        "prefix",
        "A folder for snapshots that does not exist",
        "`snapshot_prefix` is `snapshots/digits`, and there is no snapshots/.",
        "better: Caffe loses the training at its end; here the folder is made",
        ("snapshots/digits_iter_3",),
        edits=(("solver.prototxt", '"digits"', '"snapshots/digits"'),),
        status=0,
        keep="Snapshotting to",
    ),
    Mistake(
        "snapshot",
        "No folder for snapshots on the way",
        "The same, and `snapshot: 2` asks for some on the way.",
        "equal: both say so before the training",
        ("solver.prototxt", "snapshots"),
        edits=(("solver.prototxt", '"digits"', '"snapshots/digits"\nsnapshot: 2'),),
    ),
    Mistake(
        "no-list",
        "A list of data that does not exist",
        "`source` is `trian.txt`.",
        "better: names the layer, its line and where relative paths start",
        ("data", "net.prototxt", "trian.txt"),
        edits=(("net.prototxt", "train.txt", "trian.txt"),),
    ),
    Mistake(
        "elsewhere",
        "A command given in another folder",
        "The same command, but in a folder below: relative paths lead nowhere.",
        "better: names the layer and where relative paths start",
        ("train.h5",),
        command=("time", "-model", "../net.prototxt", "-iterations", "1"),
        folder="run",
        files=(("run/train.txt", "train.h5\n"),),
    ),
    Mistake(
        "bom",
        "A list with a byte order mark",
        "Notepad saved train.txt, with a mark before the first name.",
        "better: the mark is invisible in what Caffe says",
        ("train.txt",),
        files=(("train.txt", "\ufefftrain.h5\n"),),
    ),
    Mistake(
        "dataset",
        "HDF5 without a dataset",
        "train.h5 has no `label`.",
        "better: names the file and what it has",
        ("train.h5", "label", "data"),
        files=(("train.h5", files.hdf5(False)),),
    ),
    Mistake(
        "lmdb",
        "A database that is not there",
        "`source` is `train_lmdb`, and there is no such folder.",
        "better: Caffe does not say what it has not found",
        ("train_lmdb", "data", "net.prototxt"),
        edits=(
            files.data_layer(
                'type: "Data"  top: "data"  top: "label"\n'
                '  data_param { source: "train_lmdb"  backend: LMDB  batch_size: 4 }'
            ),
        ),
    ),
    Mistake(
        "picture",
        "An image that is not there",
        "images.txt names b.png, which was not copied.",
        "equal: both name the image; here also the layer",
        ("data", "net.prototxt:2", "b.png"),
        files=(("images.txt", "a.png 0\nb.png 1\n"), ("a.png", files.picture())),
        edits=(
            files.data_layer(
                'type: "ImageData"  top: "data"  top: "label"\n'
                '  image_data_param { source: "images.txt"  batch_size: 2 }'
            ),
        ),
    ),
    Mistake(
        "mean",
        "A mean of another size",
        "mean.binaryproto is of 32 × 32, the images are 8 × 8.",
        "better: names the image, the file of the mean and what to do",
        ("mean.binaryproto", "32", "8"),
        files=(("images.txt", "a.png 0\n"), ("a.png", files.picture()), ("mean.binaryproto", files.mean(3, 32))),
        edits=(
            files.data_layer(
                'type: "ImageData"  top: "data"  top: "label"\n'
                '  image_data_param { source: "images.txt"  batch_size: 1 }\n'
                '  transform_param { mean_file: "mean.binaryproto" }'
            ),
        ),
    ),
    Mistake(
        "crop",
        "A crop larger than the images",
        "`crop_size` is 227, the images are 8 × 8.",
        "better: names the layer, the image and both sizes",
        ("data", "net.prototxt", "227", "8"),
        files=(("images.txt", "a.png 0\n"), ("a.png", files.picture())),
        edits=(
            files.data_layer(
                'type: "ImageData"  top: "data"  top: "label"\n'
                '  image_data_param { source: "images.txt"  batch_size: 1 }\n'
                "  transform_param { crop_size: 227 }"
            ),
        ),
    ),
    Mistake(
        "other-weights",
        "Weights of another net",
        "None of the layers in old.caffemodel is in the net.",
        "better: a warning; Caffe trains from scratch without one",
        ("old.caffemodel",),
        command=WEIGHTS,
        files=(("old.caffemodel", files.weights(fc6=((3, 64), (3,)), fc7=((3, 3), (3,)))),),
        status=0,
        keep="Ignoring source layer|Optimization Done",
    ),
    Mistake(
        "other-shape",
        "Weights of another number of classes",
        "old.caffemodel was trained for 10 classes; `ip1` has 3 outputs here.",
        "equal: both name the layer and the shapes; here also the file",
        ("ip1", "old.caffemodel", "10", "3"),
        command=WEIGHTS,
        files=(("old.caffemodel", files.weights(conv1=((4, 1, 3, 3), (4,)), ip1=((10, 144), (10,)))),),
    ),
    Mistake(
        "html",
        "A web page instead of weights",
        "The download saved the page that says there is no such file.",
        "better: Caffe takes the page for weights of no layer, and trains from scratch",
        ("old.caffemodel",),
        command=WEIGHTS,
        files=(("old.caffemodel", HTML),),
        keep="Optimization Done",
    ),
    Mistake(
        "cut",
        "A download that was cut off",
        "The second half of old.caffemodel is missing.",
        "better: says what may be wrong with the file",
        ("old.caffemodel",),
        command=WEIGHTS,
        files=(("old.caffemodel", OWN[: len(OWN) // 2]),),
    ),
    Mistake(
        "lfs",
        "A Git LFS pointer instead of weights",
        "The repository was cloned without `git lfs pull`.",
        "better: says what the file is",
        ("old.caffemodel",),
        command=WEIGHTS,
        files=(("old.caffemodel", LFS),),
    ),
    Mistake(
        "state",
        "The state of another solver",
        "The snapshot is Adam's; the solver says SGD.",
        "better: names the file, the solver and the remedy",
        ("digits_iter_3.solverstate", "8", "4"),
        command=(*TRAIN, "-snapshot", "digits_iter_3.solverstate"),
        files=(("digits_iter_3.solverstate", files.state_of_adam()), ("digits_iter_3.caffemodel", OWN)),
    ),
    Mistake(
        "memory",
        "More memory than there is",
        "`num_output` has zeros too many. `ulimit -v 4194304` stands for a machine of 4 GiB.",
        "better: names the layer, what is there and what to do",
        ("ip1", "net.prototxt:11", "GiB were asked for", "4 GiB in all"),
        edits=(("net.prototxt", "num_output: 3 ", "num_output: 14000000 "),),
        memory=4 << 30,
        status=1,
    ),
    Mistake(
        "nan",
        "A loss of NaN",
        "`base_lr` is far too large.",
        "better: names the first layer and what may help; both train on",
        ("nan",),
        edits=(("solver.prototxt", "0.01", "1e30"),),
        status=0,
        keep="Iteration . .*loss = -?nan|Optimization Done",
    ),
    Mistake(
        "python-layer",
        "A Python layer whose module is not there",
        "The net names the module `pyloss`; pyloss.py is in another folder.",
        "better: names the layer, its line and what to do",
        ("l2", "pyloss", "net.prototxt"),
        edits=(
            (
                "net.prototxt",
                'name: "loss"  type: "SoftmaxWithLoss"',
                'name: "l2"  type: "Python"  python_param { module: "pyloss" layer: "Loss" }',
            ),
        ),
    ),
    Mistake(
        "python2",
        "A script in Python 2",
        "The script says `print` without parentheses.",
        "better: says that it is Python 2 and how to run it",
        ("score.py", "Python 2", "--from-python2"),
        command=("score.py",),
        files=(("score.py", SCORE),),
        status=1,
    ),
)
