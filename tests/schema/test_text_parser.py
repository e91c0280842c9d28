"""Reading the text format: what is accepted, and what is said of what is not."""

from __future__ import annotations

import math

import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto

from cae_caffe.errors import InputError
from cae_caffe.schema import (
    BlobProto,
    ClipParameter,
    Datum,
    FillerParameter,
    LayerParameter,
    NetParameter,
    SolverParameter,
    parse_text,
)

NUMBERS = {
    "5": 5.0, ".5": 0.5, "1.": 1.0, "5f": 5.0, "1.5F": 1.5, "1e-3f": float.fromhex("0x1.0624dep-10"), "1E5": 1e5,
    "- 5": -5.0, "1.0e+5": 1e5, "inf": math.inf, "-Infinity": -math.inf, "1e50": math.inf, "1e-50": 0.0,
    "3.4028235e+38": (2 - 2**-23) * 2.0**127,
}
NOT_NUMBERS = ["010", "0x10", "00.5", "08", "1e", "1.5.2", ".", "True", "1_0", "'1'", "+1"]
INTEGERS = {"0x1F": 31, "0X1f": 31, "010": 8, "-0": 0, "-0x10": -16, "2147483647": 2**31 - 1, "-2147483648": -2**31}
NOT_INTEGERS = ["1.0", "1f", "2147483648", "-2147483649", "one", "--1"]
STRINGS = {
    "'a' \"b\"\n'c'": "abc", r"'\n\t\\\'\"\?'": "\n\t\\'\"?", r"'\303\274'": "ü", r"'\xC3\xBC'": "ü",
    r"'\u00fc'": "ü", "'ü'": "ü", "'# no comment'": "# no comment", "''": "",
}


def filler(text):
    return parse_text(text, FillerParameter)


def problem(text, message_class=NetParameter):
    with pytest.raises(InputError) as caught:
        parse_text(text, message_class, "f.prototxt")
    return str(caught.value)


@pytest.mark.parametrize("text", NUMBERS)
def test_decimal_numbers_are_read_as_by_caffe(text):
    assert filler(f"value: {text}").value == NUMBERS[text]


@pytest.mark.parametrize("text", NOT_NUMBERS)
def test_what_is_no_decimal_number_is_refused(text):
    assert problem(f"value: {text}", FillerParameter).startswith("f.prototxt:1:")


def test_nan_is_read():
    assert math.isnan(filler("value: nan").value)


def test_the_sign_of_zero_is_kept():
    assert math.copysign(1, filler("value: -0").value) == -1


@pytest.mark.parametrize("text", INTEGERS)
def test_whole_numbers_are_read_as_by_caffe(text):
    assert filler(f"sparse: {text}").sparse == INTEGERS[text]


@pytest.mark.parametrize("text", NOT_INTEGERS)
def test_what_is_no_whole_number_is_refused(text):
    assert "`sparse` takes a whole number from -2147483648 to 2147483647" in problem(f"sparse: {text}", FillerParameter)


def test_an_unsigned_number_is_not_negative():
    said = problem("layer {\n  convolution_param { num_output: -1 }\n}")

    assert said == "f.prototxt:2:35: `num_output` takes a whole number from 0 to 4294967295, not `-1`."


@pytest.mark.parametrize("text, field, message_class", [
    ("sparse: {}", "`sparse` takes a whole number", FillerParameter), ("std: 0x{}", "`std` takes a decimal number",
     FillerParameter), ("debug_info: {}", "`debug_info` takes true or false", SolverParameter),
    ("debug_info: 0x{}", "`debug_info` takes true or false", SolverParameter),
    ("solver_mode: {}", "`solver_mode` takes one of CPU, GPU", SolverParameter),
    ("solver_mode: -{}", "`solver_mode` takes one of CPU, GPU, not `-", SolverParameter),
    ("max_iter: 0{}", "`max_iter` takes a whole number", SolverParameter)])
def test_a_number_of_thousands_of_digits_is_refused_in_a_short_sentence(text, field, message_class):
    said = problem(text.format("7" * 5000), message_class)

    assert field in said and len(said) < 500


def test_a_decimal_number_may_have_thousands_of_digits():
    assert filler("value: " + "9" * 5000).value == math.inf
    assert filler("value: 0." + "9" * 5000).value == 1


@pytest.mark.parametrize("text, said", [("-1", "`-1`"), ("2147483648", "`2147483648`"), ("4294967296", "`4294967296`")])
def test_a_number_that_an_enum_does_not_have_is_refused_with_its_sign(text, said):
    assert problem(f"layer {{ phase: {text} }}") == (
        f"f.prototxt:1:16: `phase` takes one of TRAIN, TEST, not {said}.")


def test_minus_zero_is_zero_for_an_enum():
    assert parse_text("layer { phase: -0 }", NetParameter).layer[0].phase == 0


def test_blocks_within_blocks_end_somewhere():
    text = 'nested_type { name: "m" ' * 5000
    assert "more than 100 blocks stand within each other" in problem(text, DescriptorProto)
    shallow = parse_text("nested_type { " * 99 + "}" * 99, DescriptorProto)
    assert DescriptorProto.FromString(shallow.SerializeToString()) == shallow


def test_large_numbers_fit_where_they_may():
    assert parse_text("random_seed: 9223372036854775807", SolverParameter).random_seed == 2**63 - 1


@pytest.mark.parametrize("text, value", [("true", True), ("t", True), ("1", True), ("False", False), ("0x0", False)])
def test_truth_values_are_read_as_by_caffe(text, value):
    assert parse_text(f"force_backward: {text}", NetParameter).force_backward is value


@pytest.mark.parametrize("text", ["yes", "2", "TRUE", "'true'"])
def test_what_is_no_truth_value_is_refused(text):
    assert "`force_backward` takes true or false" in problem(f"force_backward: {text}")


@pytest.mark.parametrize("text", STRINGS)
def test_strings_are_read_as_by_caffe(text):
    assert filler(f"type: {text}").type == STRINGS[text]


def test_bytes_need_not_be_text():
    assert parse_text(r"data: '\377\0a'", Datum).data == b"\xff\x00a"


@pytest.mark.parametrize("text", ["FAN_OUT", "1", "0x1"])
def test_an_enum_is_read_by_name_or_number(text):
    assert filler(f"variance_norm: {text}").variance_norm == FillerParameter.FAN_OUT


@pytest.mark.parametrize("text, list_", [("dim: 1 dim: 2", [1, 2]), ("dim: [1, 2]", [1, 2]), ("dim: []", []),
                                         ("dim: [1] dim: 2", [1, 2])])
def test_lists_are_read_in_both_forms(text, list_):
    assert parse_text(f"shape {{ {text} }}", BlobProto).shape.dim == list_


def test_blocks_separators_and_comments_may_vary():
    text = "layer: < name: 'a'; top: 'b', > # } not this one\nlayer [ { name: 'c' }, <> ]"

    assert [layer.name for layer in parse_text(text, NetParameter).layer] == ["a", "c", ""]


def test_an_empty_block_counts_as_set():
    assert parse_text("state { }", NetParameter).HasField("state")


@pytest.mark.parametrize("text, said", [
    ("name: 'a'\n\tnaem: 'b'", "f.prototxt:2:2: NetParameter has no field `naem`; did you mean `name`?"),
    ("layer { zzzzzz: 1 }", "f.prototxt:1:9: LayerParameter has no field `zzzzzz`."),
    ("name: 'a' name: 'b'", "f.prototxt:1:11: `name` is given twice, but NetParameter takes only one."),
    ("state { } state { }", "f.prototxt:1:11: `state` is given twice, but NetParameter takes only one."),
    ("name 'a'", "f.prototxt:1:6: a colon should follow `name`, not `'a'`."),
    ("name: a", "f.prototxt:1:7: `name` takes a text in quotes, not `a`."),
    ("name: 'a", "f.prototxt:1:7: the string that ' opens is not closed on its line."),
    ("name: 'a\\z'",
     "f.prototxt:1:7: the string has an unknown escape sequence (\\z); a backslash itself is written \\\\."),
    ("name: '\\377'", "f.prototxt:1:7: the text of `name` is not UTF-8."),
    ("state: 1", "f.prototxt:1:8: a block { ... } should follow `state`, not `1`."),
    ("layer {\n  name: 'a'\n",
     "f.prototxt:3:1: the file ends, but the block `layer {` of line 1 is not closed by `}`."),
    ("}", "f.prototxt:1:1: here the name of a field of NetParameter should stand, not `}`."),
    ("name:", "f.prototxt:1:6: `name` takes a text in quotes, not the end of the file."),
    ("input_dim: [1 2]", "f.prototxt:1:15: in the list of `input_dim` a comma or `]` should follow, not `2`."),
    ("input_dim: 12ab", "f.prototxt:1:12: `12ab` is not a number."),
    ("state { phase: TRIAN }",
     "f.prototxt:1:16: `phase` takes one of TRAIN, TEST, not `TRIAN`; did you mean `TRAIN`?"),
    ("state { phase: 'TEST' }",
     "f.prototxt:1:16: `phase` takes one of TRAIN, TEST, not `'TEST'` (a name without quotes)."),
    ("\ufeffname: 'a'",
     "f.prototxt:1:1: the file has a byte order mark here, which Caffe does not read: save it as plain UTF-8."),
])
def test_a_mistake_is_told_with_its_place_and_remedy(text, said):
    assert problem(text) == said


def test_a_layer_in_the_wrong_form_is_told():
    assert problem("layer { blobs_lr: 1 }") == (
        "f.prototxt:1:9: LayerParameter has no field `blobs_lr`; V1LayerParameter has it: write `layers {`, and the "
        "whole layer in that form.")
    assert "write `layer {`" in problem("layers { crop_param { } }")


@pytest.mark.parametrize("form", ["layer", "layers"])
def test_a_layer_in_a_layer_lacks_a_brace(form):
    with pytest.raises(InputError) as caught:
        parse_text(f"{form} {{\n  name: 'a'\n{form} {{ name: 'b' }}\n", NetParameter, "f.prototxt")
    assert str(caught.value) == (
        f"f.prototxt:3:1: {'V1' * (form == 'layers')}LayerParameter has no field `{form}`; a layer does not stand "
        "within another: is a `}` missing before it?\n"
        f"f.prototxt:4:1: the file ends, but the block `{form} {{` of line 1 is not closed by `}}`.")


def test_a_solver_in_place_of_a_net_is_told_and_the_reverse():
    assert problem("net: 'n'") == ("f.prototxt:1:1: NetParameter has no field `net`; SolverParameter has it: a net's "
                                   "file is needed here, and this seems to be a solver's.")
    assert problem("layer { }", SolverParameter).endswith(
        "a solver's file is needed here, and this seems to be a net's.")
    assert problem("name: 'n' layer { } type: 'ReLU' }").splitlines()[0] == (
        "f.prototxt:1:21: NetParameter has no field `type`.")


def test_all_unknown_names_are_told_at_once_each_kind_in_a_line():
    text = """name: "x"
naem: "b"
layer { name: "p" type: "DenseCRF" dense_crf_param { order: 0 order: [1, 2] } }
layer { name: "q" type: "DenseCRF" dense_crf_param < order: 0 x { y: -3; z: "}" "{" } >, top: "p" }
layer { name: "r" type: "ReLU" odd_param { a: "b" "c" } phase: TRIAN }
odd [ { a: 1 }, < b: [-2] > ]
layer { name: "r" type: "RELU" }
"""
    owners = "the forks hszhao/PSPNet and xmyqsh/deeplab-v2 have it"
    assert problem(text).splitlines() == [
        "f.prototxt:2:1: NetParameter has no field `naem`; did you mean `name`?",
        (f"f.prototxt:3:36: LayerParameter has no field `dense_crf_param` (2 times: lines 3, 4); {owners}, "
         "and it is not supported here."),
        "f.prototxt:5:32: LayerParameter has no field `odd_param`.",
        "f.prototxt:5:64: `phase` takes one of TRAIN, TEST, not `TRIAN`; did you mean `TRAIN`?",
        "f.prototxt:6:1: NetParameter has no field `odd`.",
        f"f.prototxt:3: no layer type `DenseCRF` is known ({owners}) (2 times: lines 3, 4).",
        "f.prototxt:7: no layer type `RELU` is known (did you mean `ReLU`?)."]


@pytest.mark.parametrize("text, said", [
    ("odd 3", "f.prototxt:1:5: a colon should follow `odd`, not `3`."),
    ("odd { < > [", "f.prototxt:1:12: the file ends, but the block `odd {` of line 1 is not closed by `}`."),
    ("odd: 'x", "f.prototxt:1:6: the string that ' opens is not closed on its line."),
    ("odd: 1 name: 2", "f.prototxt:1:14: `name` takes a text in quotes, not `2`."),
])
def test_a_mistake_behind_an_unknown_name_is_told_with_it(text, said):
    assert problem(text).splitlines() == ["f.prototxt:1:1: NetParameter has no field `odd`.", said]


def test_a_message_on_unknown_names_has_a_bound():
    lines = problem("".join(f"q{i}: 1\n" for i in range(1000)) + "q0: 1\n" * 50).splitlines()

    assert len(lines) == 21 and lines[-1] == "f.prototxt: 980 more names are unknown."
    assert lines[0].endswith("`q0` (51 times: lines 1, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, ...).")


def test_an_enum_of_many_values_is_not_listed():
    assert problem("layers { type: CONVOLUTON }") == (
        "f.prototxt:1:16: `type` takes one of the names of caffe.V1LayerParameter.LayerType, not `CONVOLUTON`; did you "
        "mean `CONVOLUTION`?")


def test_a_required_field_is_asked_for():
    assert problem("name: 'a'\nclip_param { min: 0 }", LayerParameter) == (
        "f.prototxt:2:12: ClipParameter lacks max, which it must have.")
    assert problem("", ClipParameter) == "f.prototxt:1:1: ClipParameter lacks min, max, which it must have."


def test_caffes_own_parser_judges_alike(caffe_run, tmp_path):
    cases = [f"value: {text}" for text in [*NUMBERS, *NOT_NUMBERS]]
    cases += [f"sparse: {text}" for text in [*INTEGERS, *NOT_INTEGERS]]
    cases += [f"type: {text}" for text in STRINGS]
    cases += ["variance_norm: 0x1", "variance_norm: 3", "value: 1; min: 2, max: 3", "value: 1,, min: 2", "value = 1"]
    script = tmp_path / "judge.py"
    script.write_text("""
import subprocess, sys
for case in sys.stdin.buffer.read().split(b"\\0"):
    open("in.prototxt", "wb").write(b"layer { convolution_param { weight_filler { " + case + b"\\n} } }")
    done = subprocess.run(["upgrade_net_proto_text", "in.prototxt", "out"], stderr=subprocess.DEVNULL)
    print(done.returncode)
""")
    chosen = cases[::4] + cases[-5:]  # a process each, so not all of them
    (tmp_path / "cases").write_bytes("\0".join(chosen).encode())
    theirs = caffe_run(["sh", "-c", "python3 judge.py < cases"], cwd=tmp_path).stdout.split()

    def accepted(case):
        try:
            filler(case)
        except InputError:
            return False
        return True

    assert [accepted(case) for case in chosen] == [status == "0" for status in theirs]
