"""t-SNE of codes to two dimensions (Figs. 5 and 6 of the paper; van der Maaten and Hinton 2008)."""

from __future__ import annotations

import numpy as np

from ..errors import InputError

EARLY_EXAGGERATION = 12.0
PERPLEXITY = 30.0       # about how many neighbours each point keeps


def usual_perplexity(count: int) -> float:
    """PERPLEXITY, or as much as `count` points have room for (a third of their number)."""
    return min(PERPLEXITY, count / 3)


def embed(codes: np.ndarray, perplexity: float | None = None, seed: int = 1) -> np.ndarray:
    """Embed `codes` (n, N) in the plane; returns (n, 2) float32. The default perplexity is `usual_perplexity(n)`.

    Starts from the first two principal components, so that `seed` hardly matters and the large-scale arrangement
    means something, with a learning rate of n / 48, at least 50 (Belkina et al. 2019). Both are scikit-learn's
    defaults since 1.2, said here so that older versions do the same. Time grows as n log n.
    Raises `InputError` where scikit-learn is missing or `perplexity` is not below n.
    """
    try:
        from sklearn.manifold import TSNE
    except ImportError as error:
        raise InputError("Codes of more than two dimensions are drawn by t-SNE, which needs scikit-learn: "
                         "pip install 'cae-caffe[figures]'.") from error
    if perplexity is None:
        perplexity = usual_perplexity(len(codes))
    if not 0 < perplexity < len(codes):
        raise InputError(f"--perplexity {perplexity:g}: it must be above 0 and below {len(codes)}, the codes' number.")
    rate = max(len(codes) / EARLY_EXAGGERATION / 4, 50.0)
    method = TSNE(n_components=2, perplexity=perplexity, early_exaggeration=EARLY_EXAGGERATION, learning_rate=rate,
                  init=_principal_components(codes), random_state=seed)
    return method.fit_transform(codes)


def _principal_components(codes):
    """First two principal components as (n, 2) float32, the first with the standard deviation 1e-4 that t-SNE wants."""
    centred = codes.astype(np.float64) - codes.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, :-3:-1]
    # An eigenvector's sign is arbitrary: make its largest entry positive, so that every library gives the same.
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(2)])
    plane = centred @ axes
    return (plane / max(plane[:, 0].std(), np.finfo(np.float64).tiny) * 1e-4).astype(np.float32)
