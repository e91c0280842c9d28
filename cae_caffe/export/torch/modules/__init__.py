"""What Caffe computes and PyTorch has no module for: ordinary modules, whose source goes into exported files.

So each imports nothing but PyTorch, as `torch`, `nn` and `F`, and uses nothing of its file but its base classes.
"""
