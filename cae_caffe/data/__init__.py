"""Data in Caffe's HDF5 format: made from MNIST, IDX pairs and folders of images, and read row by row."""

from .conversion import Conversion, Converted
from .hdf5_source import HDF5Source, read_list
from .hdf5_writer import HDF5Writer, hdf5_writer
from .idx import IdxFile
from .idx_pair import IdxPair, convert_idx
from .images import convert_images
from .mnist import convert_mnist
from .siamese import convert_siamese

__all__ = ["Conversion", "Converted", "HDF5Source", "HDF5Writer", "IdxFile", "IdxPair", "convert_idx", "convert_images",
           "convert_mnist", "convert_siamese", "hdf5_writer", "read_list"]
