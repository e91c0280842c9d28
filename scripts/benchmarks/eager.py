"""Plain PyTorch, written the obvious way: modules in a row, autograd, torch.optim.SGD, batches sliced from a tensor."""

from __future__ import annotations

import h5py
import torch
from torch import nn

from cae_caffe import schema


def convolutional(first: int, second: int, hidden: int, code: int) -> nn.Sequential:
    """The paper's convolutional auto-encoder up to its last layer's sums, which the loss takes."""
    return nn.Sequential(
        nn.Conv2d(1, first, 9), nn.Sigmoid(), nn.Conv2d(first, second, 9), nn.Sigmoid(), nn.Flatten(),
        nn.Linear(second * 12 * 12, hidden), nn.Sigmoid(), nn.Linear(hidden, code),
        nn.Linear(code, hidden), nn.Sigmoid(), nn.Unflatten(1, (hidden, 1, 1)),
        nn.ConvTranspose2d(hidden, second, 12), nn.Sigmoid(), nn.ConvTranspose2d(second, second, 17), nn.Sigmoid(),
        nn.ConvTranspose2d(second, 1, 1))


def classic(*hidden: int, code: int) -> nn.Sequential:
    """The fully connected auto-encoder; all layers have a sigmoid but the code and the last."""
    sizes = [784, *hidden]
    layers: list = [nn.Flatten()]
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [nn.Linear(inputs, outputs), nn.Sigmoid()]
    layers += [nn.Linear(sizes[-1], code), nn.Linear(code, sizes[-1])]
    for inputs, outputs in zip(sizes[::-1], sizes[-2::-1]):
        layers += [nn.Sigmoid(), nn.Linear(inputs, outputs)]
    return nn.Sequential(*layers, nn.Unflatten(1, (1, 28, 28)))


def lenet() -> nn.Sequential:
    """Caffe's LeNet (examples/mnist): two convolutions with pooling, two layers of neurons, ten classes."""
    return nn.Sequential(
        nn.Conv2d(1, 20, 5), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(800, 500), nn.ReLU(inplace=True), nn.Linear(500, 10))


def cifar10_quick() -> nn.Sequential:
    """Caffe's cifar10_quick (examples/cifar10): three convolutions with pooling, two layers of neurons, ten classes."""
    return nn.Sequential(
        nn.Conv2d(3, 32, 5, padding=2), nn.MaxPool2d(3, 2, ceil_mode=True), nn.ReLU(inplace=True),
        nn.Conv2d(32, 32, 5, padding=2), nn.ReLU(inplace=True), nn.AvgPool2d(3, 2, ceil_mode=True),
        nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(inplace=True), nn.AvgPool2d(3, 2, ceil_mode=True),
        nn.Flatten(), nn.Linear(1024, 64), nn.Linear(64, 10))


MODELS = {
    "classic": lambda: classic(1000, 500, 250, code=30),
    "cae1": lambda: convolutional(4, 2, 125, code=2),
    "cae2": lambda: convolutional(8, 4, 250, code=30),
    "lenet": lenet,
    "cifar10": cifar10_quick,
}


class Eager:
    """Training the model `net` on the HDF5 file `data`, with the rates of the Caffe solver in the file `solver`.

    The loss is the classes' cross entropy where the data have labels to learn, else that of the pixels, summed over an
    image and averaged over the batch, as Caffe's. As in the solver's nets, biases do not decay in the auto-encoders.
    """

    def __init__(self, net: str, solver: str, data: str, batch: int, classifies: bool):
        self._model, self._batch, self._row = MODELS[net](), batch, 0
        with h5py.File(data, "r") as file:
            self._images = torch.from_numpy(file["data"][...])
            self._labels = torch.from_numpy(file["label"][...]).long() if classifies else None
        self._optimizer = self._sgd(schema.read_solver(solver))
        self._classes_loss = nn.CrossEntropyLoss()
        self._pixels_loss = nn.BCEWithLogitsLoss(reduction="sum")

    def _sgd(self, param) -> torch.optim.SGD:
        named = list(self._model.named_parameters())
        decays = {name: self._labels is not None or name.endswith("weight") for name, _ in named}
        groups = [{"params": [p for name, p in named if decays[name]], "weight_decay": param.weight_decay},
                  {"params": [p for name, p in named if not decays[name]]}]
        return torch.optim.SGD([group for group in groups if group["params"]], lr=param.base_lr,
                               momentum=param.momentum)

    def about(self) -> dict[str, str]:
        return {"version": f"PyTorch {torch.__version__}", "threads": str(torch.get_num_threads())}

    def run(self, times: int) -> None:
        """Train for so many iterations."""
        for _ in range(times):
            self._optimizer.zero_grad()
            self.loss().backward()
            self._optimizer.step()

    def loss(self) -> torch.Tensor:
        """The loss of the next batch; the last rows that make no whole batch are left out."""
        rows = slice(self._row, self._row + self._batch)
        self._row = self._row + self._batch if self._row + 2 * self._batch <= len(self._images) else 0
        images = self._images[rows]
        outputs = self._model(images)
        if self._labels is not None:
            return self._classes_loss(outputs, self._labels[rows])
        return self._pixels_loss(outputs, images) / len(images)
