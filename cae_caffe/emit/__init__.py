"""From designs to Caffe's files: nets to train, to deploy, to look at a layer, and solvers; in two dialects."""

from ..families import PairSource, Recipe, Source, mnist, mnist_pairs, own_images
from .folder import DIALECTS, Settings, model_files, write_model
from .nets import deploy_net, layer_nets, siamese_net, train_test_net
from .operations import Emission, register_operation
from .solver import RECIPES, solver
from .text import Word, format_fields

__all__ = ["DIALECTS", "RECIPES", "Emission", "PairSource", "Recipe", "Settings", "Source", "Word", "deploy_net",
           "format_fields", "layer_nets", "mnist", "mnist_pairs", "model_files", "own_images", "register_operation",
           "siamese_net", "solver", "train_test_net", "write_model"]
