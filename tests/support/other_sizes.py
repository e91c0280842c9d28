"""A layer for the Python of either engine, whose output has other values, and another number of them, in each batch."""

import caffe


class OtherSizes(caffe.Layer):
    """Gives 10, 11, 12; then 20; then 30, 31; and so on, counted from the first pass of the layer."""

    def setup(self, bottom, top):
        self.passes = 0

    def reshape(self, bottom, top):
        top[0].reshape([3, 1, 2][self.passes % 3])

    def forward(self, bottom, top):
        self.passes += 1
        for place in range(top[0].count):
            top[0].data[place] = 10 * self.passes + place

    def backward(self, *_):
        pass
