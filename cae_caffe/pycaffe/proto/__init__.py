"""`caffe.proto`, with Caffe's messages as its module `caffe_pb2`."""

import sys

from ... import schema

caffe_pb2 = schema.as_module(f"{__name__}.caffe_pb2")
sys.modules[caffe_pb2.__name__] = caffe_pb2             # so that it imports by its own name, too
