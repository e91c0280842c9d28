"""python -m cae_caffe.schema.forks [OUT]: merges Caffe's messages and what its forks add, as the package loads them.

It starts from caffe.desc, and needs no protoc.
"""

from __future__ import annotations

import sys

from google.protobuf import descriptor_pb2

from ... import files
from .. import messages

if __name__ == "__main__":
    merged = descriptor_pb2.FileDescriptorSet(file=[messages.with_forks()])
    out = sys.argv[1] if sys.argv[1:] else str(messages.WHOLE_SET)
    files.write_bytes(out, merged.SerializeToString(deterministic=True))
