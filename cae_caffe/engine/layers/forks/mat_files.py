"""MatWrite and MatRead: blobs as MATLAB's files."""

from __future__ import annotations

import io
import os

import numpy as np
import torch

from .... import files, lists
from ....errors import InputError, RunError
from ...blob import Shape, shape_string
from ...layer import Layer, at_least, exactly
from ...traits import Traits
from ..data_source import PassCounter
from ..registry import register

MOST_AXES = 4


def _scipy_io():
    try:
        import scipy.io  # for these layers alone
    except ImportError:
        raise InputError("it needs SciPy, for MATLAB's files; install it: pip install scipy.") from None
    return scipy.io


class _MatFiles(PassCounter, Layer):
    """What both share: the names of files, `prefix`NAME_blob_I.mat for the blob of number I.

    NAME is what the first word in a line of the list `source` is without its last `strip` letters; without a list it
    is iter_K, in pass K from 0 on.
    """

    traits = Traits(capturable=False)

    def _options(self):
        raise NotImplementedError

    def _read_names(self) -> None:
        param = self._options()
        if not param.has("prefix"):
            raise InputError("it has no `prefix`, with which the names of its files begin; give one.")
        self.names: list[str] | None = None
        self.passes = 0
        if not param.has("source"):
            return
        if param.strip < 0:
            raise InputError(f"`strip: {param.strip}` is negative; give how many letters each name is shortened by.")
        try:
            words = [line.split()[0] for line in lists.read_list(param.source).splitlines() if line.split()]
        except (OSError, ValueError) as error:
            raise InputError(f"its `source` {param.source} cannot be read ({lists.reason(error)}).") from None
        short = next((word for word in words if len(word) <= param.strip), None)
        if short is not None:
            raise InputError(f"its `source` {param.source} has the name {short!r}, of which `strip: {param.strip}` "
                             "leaves nothing.")
        if not words:
            raise InputError(f"its `source` {param.source} has no names.")
        self.names = [word[:len(word) - param.strip] for word in words]

    def _path(self, number: int, blob: int) -> str:
        name = f"iter_{number}" if self.names is None else self.names[number]
        return f"{self._options().prefix}{name}_blob_{blob}.mat"


@register("MatWrite")
class MatWrite(_MatFiles):
    """Writes every bottom, in each `period`-th pass, as the single-precision array `data` of a file: width, height,
    channels and number in MATLAB's order (DeepLab's src/caffe/layers/mat_write_layer.cpp).
    """

    bottoms = at_least(1)
    tops = exactly(0)

    def _options(self):
        return self.param.mat_write_param

    def allows_forced_backward(self, bottom_index):
        return False

    def setup(self, bottom, top):
        if self._options().period < 1:
            raise InputError(f"`period: {self._options().period}` is less than 1; give in how many passes it writes "
                             "once.")
        _scipy_io()
        self._read_names()

    def shapes(self, bottom_shapes):
        for shape in bottom_shapes:
            if len(shape) > MOST_AXES:
                raise InputError(f"a bottom has shape {shape_string(shape)}; it takes at most four axes.")
        return []

    def forward(self, bottom, top):
        number = self.passes
        self.passes += 1
        if number % self._options().period:
            return
        if self.names is not None and number >= len(self.names):
            raise InputError(f"{self.where}: it is pass {number + 1}, and its `source` {self._options().source} has "
                             f"{len(self.names)} names; run fewer passes.")
        for i, blob in enumerate(bottom):
            content = io.BytesIO()
            values = blob.data.cpu().numpy().reshape(blob.shape + (1,) * (MOST_AXES - len(blob.shape)))
            _scipy_io().savemat(content, {"data": values.transpose()})
            path = self._path(number, i)
            try:
                files.write_bytes(path, content.getvalue())
            except OSError as error:
                raise RunError(f"{self.where}: it cannot write {os.path.abspath(path)}: {error.strerror}; change its "
                               "`prefix`.") from error

    def backward(self, top, propagate_down, bottom):
        pass


@register("MatRead")
class MatRead(_MatFiles):
    """The array `data` of one file after the other, `batch_size` of them a pass, as MatWrite wrote it: each of number
    1, and all of one shape. After the last name of the list the first comes again (DeepLab's
    src/caffe/layers/mat_read_layer.cpp, which without a list dies).
    """

    bottoms = exactly(0)
    tops = at_least(1)

    def _options(self):
        return self.param.mat_read_param

    def setup(self, bottom, top):
        self.batch = self._options().batch_size
        if self.batch < 1:
            raise InputError(f"`batch_size: {self.batch}` is less than 1.")
        _scipy_io()
        self._read_names()
        for i, blob in enumerate(top):
            blob.reshape((self.batch, *self._read(0, i).shape))

    def reshape(self, bottom, top):
        """The shapes are those of the first files."""

    def forward(self, bottom, top):
        for row in range(self.batch):
            number = self.passes if self.names is None else self.passes % len(self.names)
            for i, blob in enumerate(top):
                blob.data[row] = torch.from_numpy(self._read(number, i, blob.shape[1:]))
            self.passes += 1

    def _read(self, number: int, blob: int, shape: Shape | None = None) -> np.ndarray:
        """The array of one file, (channels, height, width). Raises InputError unless it has `shape`, if given."""
        path = self._path(number, blob)
        try:
            values = _scipy_io().loadmat(path)["data"]
        except OSError as error:
            raise InputError(f"{self.where}: its file {path} cannot be read ({error.strerror or error}).") from None
        except Exception as error:      # whatever SciPy raises for bytes that are no such file
            raise InputError(f"{self.where}: its file {path} is no MATLAB file of version 5 with the array `data` "
                             f"({type(error).__name__}).") from None
        if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiu" or values.ndim > MOST_AXES:
            raise InputError(f"{self.where}: the `data` of its file {path} is not an array of numbers of at most four "
                             "axes.")
        found = values.reshape(values.shape + (1,) * (MOST_AXES - values.ndim)).transpose().astype(np.float32)
        if len(found) != 1 or shape not in (None, found.shape[1:]):
            wanted = "one image" if shape is None else f"one image of shape {shape_string(shape)}"
            raise InputError(f"{self.where}: its file {path} holds the shape {shape_string(found.shape)}; it must be "
                             f"{wanted}, as the first.")
        return np.ascontiguousarray(found[0])

    def backward(self, top, propagate_down, bottom):
        pass
