"""`cae-caffe figure scatter|layers|curves|filters|architecture ... --out PICTURE`."""

from __future__ import annotations

import argparse

from ..errors import InputError
from ..figures import architecture, curves, filters, layers, scatter
from .arguments import add_backend_argument
from .engine import chosen_quiet_engine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the kinds of figures and their flags."""
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True)

    kind = _kind(kinds, "scatter", _scatter, "the codes in the plane, a colour a class (Figs. 1, 2, 4-6)")
    kind.add_argument("codes", metavar="CODES.h5",
                      help="what `cae-caffe encode` wrote; more than 2 dimensions are drawn by t-SNE")
    kind.add_argument("--seed", type=int, default=1, help="of t-SNE and of the choice of --limit (default: 1)")
    kind.add_argument("--perplexity", type=float, help="of t-SNE (default: 30, or a third of fewer than 90 codes)")
    kind.add_argument("--limit", metavar="N", type=int,
                      help=f"draw N codes, picked at random (default: all; {scatter.TSNE_LIMIT} by t-SNE)")

    kind = _kind(kinds, "layers", _layers, "every blob of a net for one image, as pictures (Fig. 7)")
    kind.add_argument("activations", metavar="ACTIVATIONS.h5", help="what `cae-caffe activations` wrote")
    kind.add_argument("--image", metavar="INDEX", type=int, nargs="+",
                      help="images to draw, by their index in the data (default: the first in the file); of several, "
                           "each gets a picture of its own, NAME-INDEX.png")
    kind.add_argument("--together", action="store_true", help="all images of the file on one page, a row each")

    kind = _kind(kinds, "curves", _curves, "losses over the iterations, several logs over each other")
    kind.add_argument("logs", metavar="LOG", nargs="+", help="log of `caffe train` or `cae-caffe train`")

    kind = _kind(kinds, "filters", _filters, "the trained filters, layer by layer")
    kind.add_argument("net", metavar="NET", help="a deploy net, such as prototxt/cae1-n2/deploy.prototxt")
    kind.add_argument("weights", metavar="WEIGHTS", help="its .caffemodel or .caffemodel.h5")
    add_backend_argument(kind)

    kind = _kind(kinds, "architecture", _architecture, "the layers of a net, with kernels and map sizes (Fig. 3)")
    kind.add_argument("net", metavar="NET", help="a prototxt, such as prototxt/cae1-n2/deploy.prototxt")
    add_backend_argument(kind)


def run(arguments: argparse.Namespace) -> int:
    """Draw the figure and print the files it is in."""
    for picture in arguments.draw(arguments):
        print(picture)
    return 0


def _kind(kinds, name, draw, help_line):
    parser = kinds.add_parser(name, help=help_line, description=help_line[0].upper() + help_line[1:] + ".",
                              allow_abbrev=False)
    parser.set_defaults(draw=draw)
    parser.add_argument("--out", metavar="PICTURE", required=True, help="a .png, .svg or .pdf file")
    # Also accepted here, behind KIND; without a default of its own it leaves alone what stood before.
    parser.add_argument("--debug", action="store_true", default=argparse.SUPPRESS,
                        help="show the traceback of an error")
    return parser


def _scatter(arguments):
    scatter.draw(arguments.codes, arguments.out, arguments.seed, arguments.perplexity, arguments.limit)
    return [arguments.out]


def _layers(arguments):
    if arguments.together:
        if arguments.image:
            raise InputError("--together draws all images of the file, so --image beside it says nothing; leave one "
                             "out.")
        layers.draw_together(arguments.activations, arguments.out)
        return [arguments.out]
    return layers.draw(arguments.activations, arguments.out, arguments.image)


def _curves(arguments):
    curves.draw(arguments.logs, arguments.out)
    return [arguments.out]


def _filters(arguments):
    filters.draw(chosen_quiet_engine(arguments), arguments.net, arguments.weights, arguments.out)
    return [arguments.out]


def _architecture(arguments):
    architecture.draw(chosen_quiet_engine(arguments), arguments.net, arguments.out)
    return [arguments.out]
