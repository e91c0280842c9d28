"""The architectures: frozen designs that know their layers, shapes, sizes and parameters, and the paper's presets."""

from .autoencoder import Autoencoder
from .classic import ClassicAutoencoder
from .convolutional import ConvolutionalAutoencoder
from .layers import Convolution, Deconvolution, Design, InnerProduct, Layer, MaxPooling, ReLU, Reshape, Sigmoid
from .paper import MODELS, PAPER, model_design, named_design, paper_design
from .siamese import SiameseNetwork

__all__ = ["MODELS", "PAPER", "Autoencoder", "ClassicAutoencoder", "Convolution", "ConvolutionalAutoencoder",
           "Deconvolution", "Design", "InnerProduct", "Layer", "MaxPooling", "ReLU", "Reshape", "SiameseNetwork",
           "Sigmoid", "model_design", "named_design", "paper_design"]
