"""The folder that makes a Python started by a script import the engine as `caffe`; see pycaffe/installation.py."""
