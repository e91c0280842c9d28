"""Caffe's random numbers, bit for bit; README.md beside this file says how and within which limits."""

from .streams import Stream, set_random_seed, stream

__all__ = ["Stream", "set_random_seed", "stream"]
