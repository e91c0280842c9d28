"""`scripts/benchmark`: real Caffe, plain PyTorch and this engine in turn, within one run, on the same nets and data.

Each side (an engine and its number of threads) is a process of its own that lives through all rounds and is stopped
(SIGSTOP) but for its turns, so that nothing but the side whose turn it is uses the processor. Outside the package,
since the plain PyTorch nets import torch and the rest of it must not.
"""
