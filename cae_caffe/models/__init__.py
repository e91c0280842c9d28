"""The architectures: frozen designs that know their layers, shapes, sizes and parameters, and the paper's presets."""

from .autoencoder import Autoencoder
from .classic import ClassicAutoencoder
from .convolutional import ConvolutionalAutoencoder
from .layers import Convolution, Deconvolution, InnerProduct, Layer, Reshape, Sigmoid
from .paper import PAPER, paper_design

__all__ = ["PAPER", "Autoencoder", "ClassicAutoencoder", "Convolution", "ConvolutionalAutoencoder", "Deconvolution",
           "InnerProduct", "Layer", "Reshape", "Sigmoid", "paper_design"]
