"""Mean files, and the history in a .solverstate, whose shapes do not go with their values."""

from __future__ import annotations

import pytest

from cae_caffe.engine.data_transformer import _read_mean
from cae_caffe.engine.solvers import state
from cae_caffe.errors import InputError
from cae_caffe.schema import BlobProto, SolverState

SHAPES = {"negative": (-1, -64), "one negative": (-1, 8, -8), "wraps round": (2**32, 2**32, 1, 1),
          "zero": (0, 2**62, 2**62),
          "five axes": (1, 1, 1, 8, 8), "many axes": (1,) * 99, "too few values": (1, 8, 9)}


def blob(shape: tuple[int, ...], count: int = 64) -> BlobProto:
    message = BlobProto(data=[1.0] * count)
    message.shape.dim.extend(shape)
    return message


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_that_are_not_those_of_a_mean(tmp_path, shape):
    path = tmp_path / "mean"
    for count in (0, 64):
        path.write_bytes(blob(SHAPES[shape], count).SerializeToString())
        with pytest.raises(InputError, match=rf"`mean_file` .*mean holds {count} values in the shape"):
            _read_mean(str(path))


@pytest.mark.parametrize("shape", set(SHAPES) - {"five axes"})
def test_shapes_that_are_not_those_of_a_history(tmp_path, shape):
    path = tmp_path / "a.solverstate"
    message = SolverState(iter=1, history=[blob(SHAPES[shape])])
    path.write_bytes(message.SerializeToString())
    with pytest.raises(InputError, match=r"history blob 0 has shape .* and 64 values; the file is damaged"):
        state.read_binary(str(path))


def test_a_mean_of_fewer_axes_has_ones_behind_them(tmp_path):
    path = tmp_path / "mean"
    path.write_bytes(blob((1, 64)).SerializeToString())
    assert _read_mean(str(path)).shape == (64, 1, 1)
