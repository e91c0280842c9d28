"""From designs to Caffe's files: nets to train, to deploy, to look at a layer, and solvers; in two dialects."""

from .folder import DIALECTS, Settings, model_files, write_model
from .nets import Source, deploy_net, layer_nets, mnist, train_test_net
from .own_images import own_images
from .recipes import RECIPES, Recipe
from .siamese import PairSource, mnist_pairs, siamese_net
from .solver import solver
from .text import Word, format_fields

__all__ = ["DIALECTS", "RECIPES", "PairSource", "Recipe", "Settings", "Source", "Word", "deploy_net", "format_fields",
           "layer_nets", "mnist", "mnist_pairs", "model_files", "own_images", "siamese_net", "solver", "train_test_net",
           "write_model"]
