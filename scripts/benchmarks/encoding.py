"""Encoding a whole list of images, on real Caffe or on this engine, as `cae-caffe encode` does it."""

from __future__ import annotations

import os

from cae_caffe.running.encode import encode

from .training import backend_of, version_of


class Encoding:
    """Passes over the images of the list `data` through the net `deploy`, with the weights that `solver` starts with.

    A pass is all that the command does but for importing the engine: it builds the net, reads the weights and the
    images, and writes the codes.
    """

    def __init__(self, engine: str, threads: int | None, solver: str, deploy: str, data: str):
        self._backend = backend_of(engine, threads)
        self._deploy, self._data = deploy, data
        self._weights, self._codes = f"{os.getpid()}.caffemodel", f"{os.getpid()}.h5"
        self._backend.get_solver(solver).net.save(self._weights)

    def about(self) -> dict[str, str]:
        return version_of(self._backend)

    def run(self, times: int) -> None:
        """Encode all images so many times."""
        for _ in range(times):
            encode(self._backend, self._deploy, self._weights, self._data, self._codes)
