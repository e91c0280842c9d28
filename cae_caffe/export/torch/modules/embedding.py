"""A learned vector for each whole number, with a bias."""

from __future__ import annotations

import torch
from torch import nn


class CaffeEmbedding(nn.Embedding):
    """nn.Embedding that adds `bias` to each vector."""

    def __init__(self, num_embeddings, embedding_dim):
        super().__init__(num_embeddings, embedding_dim)
        self.bias = nn.Parameter(torch.zeros(embedding_dim))

    def forward(self, x):
        return super().forward(x) + self.bias
