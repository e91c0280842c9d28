"""Families of nets: of each, its designs, nets, recipe, presets, data and flags in one object; and the list of them."""

from .family import DesignFlags, Family, deploy, layer_cuts, no_cuts
from .layers import NetLayer, Parameter, deploy_layers, training_layer
from .recipe import Recipe
from .registry import FAMILIES, code_blobs, family_of, presets, register
from .sources import DataSource, PairSource, Source, mnist, mnist_pairs, own_images

__all__ = ["FAMILIES", "DataSource", "DesignFlags", "Family", "NetLayer", "PairSource", "Parameter", "Recipe",
           "Source", "code_blobs", "deploy", "deploy_layers", "family_of", "layer_cuts", "mnist", "mnist_pairs",
           "no_cuts", "own_images", "presets", "register", "training_layer"]
