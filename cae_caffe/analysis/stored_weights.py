"""What a file of weights holds, and whether it fits a net, told before Caffe is: it ends the process if it does not."""

from __future__ import annotations

from .. import hdf5, schema
from ..backend_protocol import Backend, Net
from ..errors import InputError
from ..graph import Graph
from ..schema.blob_values import shape_of

LONGEST = 10     # digits of a parameter's number, and more than enough


def shapes_in(weights) -> dict[str, dict[int, tuple[int, ...]]]:
    """Shapes of the parameters in the file `weights`: by layer, by position in the layer.

    HDF5 is told by its content, anything else is read as a `.caffemodel`, as Caffe does (Net::CopyTrainedLayersFrom).
    Layers without parameters are left out. Raises `InputError` if the file cannot be read.
    """
    shapes = _in_hdf5(weights) if hdf5.reading.is_hdf5(weights) else _in_caffemodel(weights)
    return {name: found for name, found in shapes.items() if found}


def shapes_for(backend: Backend, weights) -> dict[str, dict[int, tuple[int, ...]]]:
    """As `shapes_in`, of weights that `backend` is to load: those that real Caffe cannot are refused, too."""
    if not hasattr(backend.Net, "from_message") and not hdf5.reading.is_hdf5(weights):      # real pycaffe
        for layer in schema.read_blobs(weights):
            for i, blob in enumerate(layer.blobs):
                if blob.HasField("raw_data"):
                    raise InputError(f"{weights}: blob {i} of layer `{layer.name}` is stored as `raw_data`, which "
                                     "NVIDIA's Caffe and OpenCV write and Caffe 1.0 cannot read; `cae-caffe upgrade` "
                                     "rewrites such weights, and the embedded engine takes them as they are.")
    return shapes_in(weights)


def check_fit(graph: Graph, stored, weights) -> None:
    """Raise `InputError` unless the parameters `stored`, found in the file `weights`, fit the net of `graph`.

    Every parameter of the net must be there in its shape, but for those that an earlier layer owns, which HDF5
    weights leave out. Layers that only the file has do not matter.
    """
    for node in graph.nodes:
        found = stored.get(node.name, {})
        wanted = {weight.index: weight.shape for weight in node.weights}
        needed = [weight.index for weight in node.weights if weight.owner is None]
        if needed and not found:
            raise InputError(f"{weights}: no parameters for layer `{node.name}` of {graph.file}; these weights are "
                             f"another net's, with the layers {', '.join(stored) or '(none)'}.")
        if not set(needed) <= set(found) <= set(wanted) or not all(_same(found[at], wanted[at]) for at in found):
            raise InputError(f"{weights}: layer `{node.name}` holds {_blobs(found)}, but {graph.file} needs "
                             f"{_blobs(wanted)}; give the weights that were trained with this net.")


def check_common(net: Net, net_file, stored, weights) -> None:
    """Raise `InputError` if not one layer of `net` finds its parameters in `stored`, of the file `weights`.

    Caffe passes over layers that only one of them has, and would go on with the fillers' weights alone.
    """
    if net.params and not any(name in stored for name in net.params):
        raise InputError(f"{weights}: these weights are another net's: they are for the layers "
                         f"{', '.join(stored) or '(none)'}, of which {net_file} has none.")


def _in_caffemodel(weights):
    return {layer.name: dict(enumerate(map(shape_of, layer.blobs))) for layer in schema.read_blobs(weights)}


def _in_hdf5(weights):
    with hdf5.reading.opened(weights) as file:
        data = file.find("data")
        if not isinstance(data, hdf5.reading.Group):
            raise InputError(f"{weights}: no group `data` in it, so these are not the weights of a net.")
        return {name: {number: dataset.shape for number, dataset in numbered(data.group(name)).items()}
                for name in data.names()}


def numbered(layer: hdf5.reading.Group) -> dict[int, hdf5.reading.Dataset]:
    """The datasets in `layer`, the group of a layer's parameters, by their numbers, which are their names.

    Raises InputError if anything else is in it.
    """
    others = [name for name in layer.names() if not (name.isascii() and name.isdigit() and len(name) < LONGEST)]
    if others:
        raise layer.error(f"layer `{layer.name}` has `{others[0]}` where the number of a parameter is needed, so "
                          "these are not the weights of a net")
    return {int(name): layer.dataset(name) for name in layer.names()}


def _same(stored, wanted):
    # Weights of 2015 always have four axes, the missing ones in front.
    return stored == wanted or (len(stored) == 4 and stored == (1,) * (4 - len(wanted)) + wanted)


def _blobs(shapes):
    return " + ".join("x".join(map(str, shapes[at])) for at in sorted(shapes)) or "nothing"
