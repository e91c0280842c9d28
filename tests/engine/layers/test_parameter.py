"""Parameter: a learned blob as another layer's bottom."""

from __future__ import annotations

from conformance import Case, values


def test_as_a_bottom(judge):
    net = """
        layer { name: "weights" type: "Parameter" top: "w" parameter_param { shape { dim: 3 dim: 4 } } }
        layer { name: "product" type: "Eltwise" bottom: "x" bottom: "w" top: "y" eltwise_param { operation: PROD } }"""
    judge(Case(net, {"x": values(3, 4)}, passes=2))


def test_zero_at_first_and_scalars(judge):
    judge(Case('layer { name: "layer" type: "Parameter" top: "w" parameter_param { shape { dim: 2 dim: 3 } } }', {},
               params="filled"))
    judge(Case('layer { name: "layer" type: "Parameter" top: "w" parameter_param { shape { } } }', {}))


def test_with_several_consumers(judge):
    net = """
        layer { name: "weights" type: "Parameter" top: "w" parameter_param { shape { dim: 3 } } }
        layer { name: "a" type: "Scale" bottom: "x" bottom: "w" top: "a" scale_param { axis: 1 } }
        layer { name: "b" type: "Bias" bottom: "x" bottom: "w" top: "b" bias_param { axis: 1 } }"""
    judge(Case(net, {"x": values(2, 3, 4)}, passes=2))


GOLDEN = {
    "shared with a sum": Case("""
        layer { name: "weights" type: "Parameter" top: "w" parameter_param { shape { dim: 3 } } }
        layer { name: "sum" type: "Bias" bottom: "x" bottom: "w" top: "y" bias_param { axis: 1 } }""",
                              {"x": values(2, 3)}),
}
