"""The layers of Caffe's forks. A module is imported when a net has one of its types; schema/forks says which and whose.

What a fork computes wrongly by an oversight of its own is computed right here, and the class says so.
"""
