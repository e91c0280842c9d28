"""The list of a layer's parameter blobs as pycaffe shows it."""

# ruff: noqa: SLF001 -- the surface works on the engine's blobs behind it

from __future__ import annotations

from collections.abc import MutableSequence

from ..engine import blob as engine
from .blob import Blob


class BlobVec(MutableSequence):
    """The blobs of the engine's list `blobs`, as they are at any moment; what is added here, the layer has."""

    def __init__(self, blobs: list[engine.Blob]):
        self._blobs = blobs

    def add_blob(self, *shape: int) -> None:
        """Append a blob of zeros of `shape`: how a Python layer makes its parameters, in `setup`."""
        self._blobs.append(engine.Blob(shape))

    def __len__(self) -> int:
        return len(self._blobs)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [Blob(blob) for blob in self._blobs[index]]
        return Blob(self._blobs[index])

    def __setitem__(self, index, value) -> None:
        if isinstance(index, slice):
            self._blobs[index] = [blob._blob for blob in value]
        else:
            self._blobs[index] = value._blob

    def __delitem__(self, index) -> None:
        del self._blobs[index]

    def insert(self, index: int, blob: Blob) -> None:
        self._blobs.insert(index, blob._blob)

    def __repr__(self) -> str:
        return f"BlobVec({self._blobs})"
