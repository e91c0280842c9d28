"""Blobs: shapes and capacity, sharing, storage order, and values that are not written before somebody reads them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cae_caffe.engine.blob import Blob, shape_string
from cae_caffe.errors import InputError


def filled(shape):
    blob = Blob(shape)
    blob.data.copy_(torch.arange(float(blob.count)).reshape(shape))
    return blob


def test_a_blob_is_zero_at_first_and_takes_no_memory_for_gradients():
    blob = Blob((2, 3))
    assert blob.count == 6 and not blob.data.any() and not blob.has_diff
    assert blob.diff.shape == (2, 3) and blob.has_diff


def test_a_scalar_has_one_value():
    assert Blob(()).count == 1 and Blob(()).data.shape == ()
    assert Blob((2, 0)).count == 0


def test_memory_is_kept_while_the_shape_fits_into_it():
    blob = filled((2, 6))
    memory = blob.data_memory
    blob.reshape((3, 2))
    assert blob.data_memory is memory and blob.data.tolist() == [[0, 1], [2, 3], [4, 5]]
    blob.reshape((12,))
    assert blob.data_memory is memory and blob.data.tolist() == list(range(12))
    blob.reshape((13,))
    assert blob.data_memory is not memory and not blob.data.any()


@pytest.mark.parametrize("shape", [(1,) * 33, (2, -1), (2**16, 2**15)])
def test_impossible_shapes_are_refused(shape):
    with pytest.raises(InputError, match="is impossible: Caffe's blobs have at most 32 axes of no negative length"):
        Blob(shape)


def test_the_largest_shape_is_possible_and_allocates_nothing():
    assert Blob((2**31 - 1,)).count == 2**31 - 1


def test_shared_data_is_seen_in_each_ones_own_shape():
    blob, other = filled((2, 6)), Blob((3, 4))
    other.share_data(blob)
    blob.data[1, 0] = 99
    assert other.data[1, 2] == 99
    other.share_diff(blob)
    other.diff.fill_(5)
    assert blob.diff.eq(5).all()


def test_rows_first_is_another_order_of_the_same_values():
    blob = Blob((2, 3, 4, 5))
    blob.store_rows_first()
    values = torch.arange(120.0).reshape(2, 3, 4, 5)
    blob.data.copy_(values)
    assert torch.equal(blob.data, values) and not blob.data.is_contiguous()
    assert blob.data_memory.flat[:5].tolist() == values[0, 0, 0].tolist()
    assert blob.data_memory.flat[30:35].tolist() == values[0, 0, 1].tolist()
    assert np.array_equal(blob.host_data(), values.numpy())


def test_a_blob_of_other_axes_is_not_stored_rows_first():
    blob = Blob((2, 3, 4, 5))
    blob.store_rows_first()
    blob.reshape((2, 60))
    assert not blob.rows_first


# ---- values that are computed, or zeroed, when somebody reads them

def test_deferred_values_are_computed_once_and_only_when_read():
    blob, calls = Blob((2,)), []

    def compute():
        calls.append(1)
        blob.data.fill_(3)
    blob.data_memory.defer(compute)
    assert not calls
    assert blob.data.tolist() == [3, 3] and blob.data.tolist() == [3, 3] and len(calls) == 1


def test_what_is_deferred_anew_replaces_what_was():
    blob = Blob(())
    blob.data_memory.defer(lambda: pytest.fail("nobody wanted this value"))
    blob.data_memory.defer(lambda: blob.data.fill_(2))
    assert blob.host_data() == 2


def test_deferred_values_are_settled_for_all_who_share_them():
    blob, other = Blob((2,)), Blob((2,))
    other.share_data(blob)
    blob.data_memory.defer(lambda: blob.data.fill_(4))
    assert other.host_data().tolist() == [4, 4]


def test_cleared_gradients_are_zero_to_a_reader():
    blob = Blob((2,))
    blob.diff.fill_(7)
    blob.clear_diff()
    assert blob.diff.tolist() == [0, 0] and blob.host_diff().tolist() == [0, 0]


def test_a_writer_overwrites_cleared_gradients_and_adds_to_others():
    blob = Blob((2,))
    blob.diff.fill_(7)
    blob.clear_diff()
    diff, add = blob.diff_to_add_to()
    assert not add
    diff.fill_(1)
    assert blob.diff_to_add_to()[1] and blob.diff.tolist() == [1, 1]


def test_gradients_written_by_a_user_are_added_to():
    blob = Blob((2,))
    blob.clear_diff()
    blob.host_diff()[...] = 2
    diff, add = blob.diff_to_add_to()
    assert add and diff.tolist() == [2, 2]


def test_clearing_replaces_what_was_deferred():
    blob = Blob((2,))
    blob.diff_memory.defer(lambda: blob.diff.fill_(5))
    blob.clear_diff()
    assert blob.diff.tolist() == [0, 0]


def on_an_accelerator(memory, value):
    """A user has a numpy copy of the values and wrote `value` into it."""
    memory.host, memory.unsettled = np.full(memory.flat.shape, value, np.float32), True


def test_what_a_user_wrote_into_a_copy_reaches_the_device():
    blob = Blob((2,))
    on_an_accelerator(blob.data_memory, 6)
    on_an_accelerator(blob.diff_memory, 7)
    blob.take_from_host()
    assert blob.data_memory.flat.tolist() == [6, 6] and blob.diff_memory.flat.tolist() == [7, 7]
    assert blob.data_memory.host is None and blob.diff_memory.host is None


@pytest.mark.parametrize("renew", [lambda blob: blob.data_memory.clear(),
                                   lambda blob: blob.data_memory.defer(lambda: blob.data.fill_(0))])
def test_a_copy_of_old_values_is_not_shown_again(renew):
    blob = Blob((2,))
    on_an_accelerator(blob.data_memory, 6)
    renew(blob)
    assert blob.data_memory.host is None and blob.data.tolist() == [0, 0]


def test_placing_moves_the_values():
    blob = filled((2, 2))
    blob.diff.fill_(1)
    home = torch.zeros(2, 4)
    blob.place(home[0], home[1])
    assert home.tolist() == [[0, 1, 2, 3], [1, 1, 1, 1]]
    home[0, 3] = 8
    assert blob.data[1, 1] == 8


def test_shapes_print_as_in_caffes_log():
    assert [shape_string(shape) for shape in [(), (5,), (100, 1, 28, 28)]] == ["(1)", "5 (5)", "100 1 28 28 (78400)"]
