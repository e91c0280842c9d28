"""What the processes of runs import, imported once to be forked (`warm`, which alone imports this module).

Its process is one of one thread from here on: PyTorch, scikit-learn and the BLAS of both read the number only once.
"""

import contextlib
import importlib
import os

from .processes import ONE_THREAD

MODULES = ("cae_caffe.pycaffe", "cae_caffe.cli.main", "cae_caffe.cli.train", "cae_caffe.experiments.measures",
           "sklearn.linear_model", "sklearn.manifold", "sklearn.metrics", "sklearn.neighbors")

os.environ.update(ONE_THREAD)
for name in MODULES:
    with contextlib.suppress(ImportError):      # a run that needs it says so itself
        importlib.import_module(name)
