"""Caffe's text format (prototxt): tokens, values and the parser to read it, the printer to write it.

Our own rather than protobuf's `text_format`, whose grammar, messages and printed numbers differ from one version to
the next: this one reads what Caffe's C++ parser reads, says where a mistake stands, and prints as Caffe's tools do.
"""

from .parser import parse
from .printer import format_text

__all__ = ["format_text", "parse"]
