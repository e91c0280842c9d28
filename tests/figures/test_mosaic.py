import numpy as np
import pytest

from cae_caffe.figures.mosaic import pictured, tiled, vector

NAN = np.nan


def test_maps_stand_side_by_side_with_an_empty_cell_between():
    maps = np.arange(12).reshape(3, 2, 2)
    np.testing.assert_array_equal(tiled(maps), [[0, 1, NAN, 4, 5], [2, 3, NAN, 6, 7], [NAN] * 5,
                                                [8, 9, NAN, NAN, NAN], [10, 11, NAN, NAN, NAN]])


def test_columns_can_be_chosen():
    np.testing.assert_array_equal(tiled(np.arange(6).reshape(2, 1, 3), columns=1),
                                  [[0, 1, 2], [NAN] * 3, [3, 4, 5]])


def test_maps_of_one_cell_touch():
    np.testing.assert_array_equal(tiled(np.arange(4).reshape(4, 1, 1)), [[0, 1], [2, 3]])


def test_short_vectors_are_a_row_and_long_ones_near_square():
    np.testing.assert_array_equal(vector(np.arange(2)), [[0, 1]])
    assert vector(np.arange(10)).shape == (1, 10)
    np.testing.assert_array_equal(vector(np.arange(11)), [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, NAN]])


@pytest.mark.parametrize("shape, picture", [((), (1, 1)), ((250,), (16, 16)), ((250, 1, 1), (16, 16)),
                                            ((1, 28, 28), (28, 28)), ((8, 20, 20), (62, 62)), ((2, 3, 4, 4), (9, 14))])
def test_shapes_of_pictures(shape, picture):
    assert pictured(np.zeros(shape)).shape == picture
