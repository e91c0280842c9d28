"""Long lines of exported source."""

from __future__ import annotations

import ast

from cae_caffe.export.torch.folding import WIDTH, folded


def arguments(number: int) -> str:
    return ", ".join(f"argument_{place}=(1, 0.5)" for place in range(number))


def test_they_go_on_below_the_innermost_bracket():
    text = folded(f"self.found = CaffeBoxes([[{', '.join(['inception_output'] * 7)}], 2, mode=\"linear\"], False)", 8)
    assert text == '''\
        self.found = CaffeBoxes([[inception_output, inception_output, inception_output, inception_output,
                                  inception_output, inception_output, inception_output], 2, mode="linear"], False)'''


def test_they_fit_and_mean_the_same():
    for number in range(1, 30):
        statement = f"y = f(x[..., None], \"a, [b\", g({arguments(number)}), -z)"
        text = folded(statement, 8)
        assert max(map(len, text.split("\n"))) <= WIDTH
        assert ast.dump(ast.parse(text.strip())) == ast.dump(ast.parse(statement))
        assert len(text.split("\n")) == 1 or len(statement) + 8 > WIDTH


def test_what_has_no_brackets_stays():
    assert folded(f"return {', '.join(['value'] * 40)}", 0).count("\n") == 0
    assert folded("def forward(self, x):", 4) == "    def forward(self, x):"
