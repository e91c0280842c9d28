"""`cae-caffe data mnist|siamese|idx|images`: make Caffe's HDF5 data."""

from __future__ import annotations

import argparse
import re
import sys

from ..interruption import unwinding
from ..printing import shown

_SUFFIXES = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the kinds of data and their flags."""
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True)

    mnist = _kind(kinds, "mnist", _mnist, "fetch and convert MNIST to OUT/mnist_{train,test}.{h5,txt}")
    mnist.add_argument("--out", metavar="FOLDER", default="data", help="where the files go (default: data)")
    mnist.add_argument("--from", metavar="FOLDER", dest="source",
                       help="take the four IDX files, gzipped or not, from here and fetch nothing")

    siamese = _kind(kinds, "siamese", _siamese, "draw pairs of MNIST's images for the siamese network, to "
                    "OUT/mnist_siamese_{train,test}.{h5,txt}")
    siamese.add_argument("--out", metavar="FOLDER", default="data", help="where the files go (default: data)")
    siamese.add_argument("--from", metavar="FOLDER", dest="source",
                         help="where `cae-caffe data mnist` left MNIST (default: the folder of --out, where it is made "
                              "if it is missing)")
    siamese.add_argument("--seed", type=int, default=1, help="of the choice of pairs (default: 1)")

    idx = _kind(kinds, "idx", _idx, "convert any pair of IDX files, gzipped or not")
    idx.add_argument("images", metavar="IMAGES",
                     help="(n, h, w) becomes (n, 1, h, w), other shapes stay; unsigned bytes are divided by 255, other "
                          "types keep their values")
    idx.add_argument("labels", metavar="LABELS", help="as many labels, or - for none")
    _add_name(idx)

    images = _kind(kinds, "images", _images, "convert a folder of images, each subfolder being a class")
    images.add_argument("folder", metavar="FOLDER",
                        help="the images; their labels are the numbers of the sorted subfolders, from 0, listed in "
                             "NAME_labels.txt, or 0 without subfolders")
    images.add_argument("--size", metavar="N or WxH", type=image_size, default=(28, 28),
                        help="width and height to resize to (default: 28)")
    images.add_argument("--color", action="store_true",
                        help="planes of blue, green and red, Caffe's order, instead of grey; values are from 0 to 1 "
                             "either way")
    images.add_argument("--shuffle", metavar="SEED", type=int, help="random order instead of that of the paths")
    _add_name(images)


def _kind(kinds, name: str, convert, help_line: str) -> argparse.ArgumentParser:
    parser = kinds.add_parser(name, help=help_line, description=help_line[0].upper() + help_line[1:] + ".",
                              allow_abbrev=False)
    parser.set_defaults(convert=convert)
    parser.add_argument("--max-file", metavar="SIZE", type=byte_size,
                        help="split into NAME_000.h5 ... of at most so many bytes each; K, M and G stand for 2^10, "
                             "2^20 and 2^30 (default: split at Caffe's limit of 2^31-1 values)")
    # Also accepted here, behind KIND; without a default of its own it leaves alone what stood before.
    parser.add_argument("--debug", action="store_true", default=argparse.SUPPRESS,
                        help="show the traceback of an error")
    return parser


def _add_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", metavar="NAME", required=True,
                        help="writes NAME.h5 and NAME.txt, the list for HDF5Data's `source` (example: data/NAME)")


def byte_size(text: str) -> int:
    """`500M` as a number of bytes."""
    match = re.fullmatch(r"(\d+)([KMG]?)", text.upper())
    if match is None:
        raise argparse.ArgumentTypeError(f"`{text}` is not a size; write a whole number of bytes, or one with K, M or "
                                         "G behind it, such as 500M")
    return int(match[1]) * _SUFFIXES[match[2]]


def image_size(text: str) -> tuple[int, int]:
    """`28` or `28x32` as width and height."""
    match = re.fullmatch(r"(\d+)(?:x(\d+))?", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"`{text}` is not a size; write one number, or width and height as in 28x32")
    return int(match[1]), int(match[2] or match[1])


def run(args: argparse.Namespace) -> int:
    """Convert what is asked for and print what is there now."""
    with unwinding():
        converted = args.convert(args)
    for done in converted:
        first = done.files[0] if len(done.files) == 1 else f"{len(done.files)} files, {done.files[0]} ..."
        shapes = ", ".join(f"{name} {'x'.join(map(str, (done.rows,) + shape))}" for name, shape in done.shapes.items())
        print(f"{shown(done.list_file)}: {shapes} in {shown(first)}" + ("" if done.anew else " (was there already)"))
    return 0


def _mnist(args: argparse.Namespace) -> list:
    from ..data.mnist import convert_mnist
    return convert_mnist(args.out, args.source, args.max_file, say=lambda note: print(note, file=sys.stderr))


def _siamese(args: argparse.Namespace) -> list:
    from ..data.siamese import convert_siamese
    return convert_siamese(args.out, args.source, args.seed, args.max_file,
                           say=lambda note: print(note, file=sys.stderr))


def _idx(args: argparse.Namespace) -> list:
    from ..data.idx_pair import convert_idx
    return [convert_idx(args.images, None if args.labels == "-" else args.labels, args.out, args.max_file)]


def _images(args: argparse.Namespace) -> list:
    from ..data.images import convert_images
    width, height = args.size
    return [convert_images(args.folder, args.out, height, width, args.color, args.shuffle, args.max_file)]
