"""What a file seems to be that is none of Caffe's: by its first bytes."""

from __future__ import annotations

_IMPORT = "`cae-caffe import-torch` brings weights of PyTorch into a net"
_SIGNATURES = {
    b"\x89HDF": "an HDF5 file",
    b"\x1f\x8b": "a gzip file",
    b"PK\x03\x04": f"a zip file, as PyTorch's weights and NumPy's .npz are; {_IMPORT}",
    b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.": f"a file of an old torch.save; {_IMPORT}",
    b"\x93NUMPY": "an array of NumPy's, .npy",
    b"<!DOCTYPE": "a web page, as a download that failed leaves it",
    b"<html": "a web page, as a download that failed leaves it",
    b"version https://git-lfs": "a Git LFS pointer in place of the file itself, which `git lfs pull` fetches",
}
_HEADER = 8             # bytes of a .safetensors: the length of its JSON
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5        # kinds of protobuf's fields
_LONGEST = 70            # bits of a number, 7 for each of its bytes
_ONNX_FIRST, _ONNX_OWN = 1, (7, 8)      # of onnx.ModelProto: `ir_version`; `graph` and `opset_import`


def appearance(data: bytes) -> str:
    """Return a sentence's tail that says what the file seems to be, if that shows in its first bytes."""
    kinds = [kind for signature, kind in _SIGNATURES.items() if data.startswith(signature)]
    if _is_safetensors(data):
        kinds.append(f"a .safetensors file; {_IMPORT}")
    elif _is_onnx(data):
        kinds.append("an ONNX model")
    return f" (it seems to be {kinds[0]})" if kinds else ""


def _is_safetensors(data: bytes) -> bool:
    return data[_HEADER:].startswith(b'{"') and int.from_bytes(data[:_HEADER], "little") <= len(data) - _HEADER


def _is_onnx(data: bytes) -> bool:
    """Whether it begins with `ir_version`, a number, and the next messages are an ONNX model's."""
    at, numbers = 0, list[int]()
    while at < len(data) and not set(_ONNX_OWN).intersection(numbers):
        key, at = _varint(data, at)
        numbers.append(key >> 3)
        kind = key & 7
        if kind not in (_VARINT, _FIXED64, _BYTES, _FIXED32) or (len(numbers) == 1) != (key == _ONNX_FIRST << 3):
            return False
        value, behind = _varint(data, at) if kind in (_VARINT, _BYTES) else (0, at)
        at = behind + {_VARINT: 0, _BYTES: value, _FIXED64: 8, _FIXED32: 4}[kind]
    return bool(numbers) and numbers[-1] in _ONNX_OWN


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of protobuf's, 7 bits in a byte, and the place behind it."""
    value = shift = 0
    while at < len(data) and shift < _LONGEST:
        value |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            break
    return value, at
