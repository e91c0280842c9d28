"""Messages and fields that other Caffes have beyond Caffe 1.0's. Each test runs in a process of its own, since a
process makes Caffe's messages once."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from cae_caffe.schema import messages

PREAMBLE = """
import pytest
from cae_caffe import schema
from cae_caffe.errors import InputError
from cae_caffe.schema import Enum, Field, Message
PERMUTE = Message("PermuteParameter", Field("order", "uint32", 1, repeated=True))
IN_LAYER = Message("LayerParameter", Field("permute_param", "PermuteParameter", 202))
TAKEN = schema.messages.plain_file()
TAKEN = next(m for m in TAKEN.message_type if m.name == "LayerParameter").field[-1]
"""


def run(script, folder=None):
    result = subprocess.run([sys.executable, "-c", PREAMBLE + textwrap.dedent(script)], capture_output=True, text=True,
                            check=False,
                            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}, cwd=folder)
    assert result.returncode == 0, result.stderr


def test_text_views_and_net_spec_know_the_new_fields(tmp_path):
    run("""
        schema.extend("SSD", PERMUTE, IN_LAYER)
        net = schema.parse_net('layer { name: "p" type: "Permute" permute_param { order: 0 order: 2 } }')
        assert schema.view(net).layer[0].permute_param.order == (0, 2)
        assert 'permute_param {\\n    order: 0\\n    order: 2' in schema.format_text(net)
        schema.write_binary(net, "net.caffemodel")
        assert schema.read_weights("net.caffemodel") == net
        assert net.layer[0].DESCRIPTOR.fields_by_name["permute_param"].number == 202
        assert schema.extension_numbers("SSD") == {"PermuteParameter": {1: "order"},
                                                   "LayerParameter": {202: "permute_param"}}

        from cae_caffe.net_spec import LAYER_TYPES, layers as L, params as P, to_proto
        LAYER_TYPES.add("Permute")
        x = L.Input(shape=dict(dim=[2, 3]))
        assert to_proto(L.Permute(x, permute_param=dict(order=[1, 0]))).layer[1].permute_param.order == [1, 0]
        assert to_proto(L.Permute(x, order=[1, 0])).layer[1].permute_param.order == [1, 0]

        assert schema.PermuteParameter(order=[1]).order == [1]
        assert schema.as_module().PermuteParameter is schema.PermuteParameter
    """, tmp_path)


def test_all_kinds_of_fields_and_defaults():
    run("""
        schema.extend("a fork", Message("OddParameter",
            Enum("Mode", ("LOW", "HIGH")), Enum("Kind", {"A": 3, "B": 7}),
            Field("mode", "Mode", 1, default="HIGH"), Field("kind", "Kind", 2), Field("scale", "float", 3, default=0.5),
            Field("wide", "uint64", 4, default=2**40), Field("on", "bool", 5, default=True),
            Field("filler", "FillerParameter", 6), Field("phase", "Phase", 7, default="TEST"),
            Field("pool", "PoolingParameter.PoolMethod", 8, default="AVE"), Field("name", "string", 9, default="n"),
            Field("unnumbered", "int32"), Field("raw", "bytes", 10)))
        view = schema.view(schema.parse_text("wide: 18446744073709551615 raw: '\\\\001'", schema.OddParameter))
        assert (view.mode, view.kind, view.scale, view.wide, view.on) == ("HIGH", "A", 0.5, 2**64 - 1, True)
        assert (view.filler.type, view.phase, view.pool, view.name, view.raw) == (
            "constant", "TEST", "AVE", "n", b"\\1")
        from cae_caffe.net_spec import params as P
        assert (P.Odd.HIGH, P.Odd.B) == (1, 7)
    """)


def test_a_number_that_caffe_has_is_left_to_caffe():
    run("""
        schema.extend("a fork", PERMUTE, Message("LayerParameter",
                      Field("permute_param", "PermuteParameter", TAKEN.number)))
        fields = schema.LayerParameter.DESCRIPTOR
        assert fields.fields_by_number[TAKEN.number].name == TAKEN.name
        assert fields.fields_by_name["permute_param"].number >= 300_000_000
        assert schema.extension_numbers("a fork")["LayerParameter"] == {TAKEN.number: "permute_param"}
        layer = schema.LayerParameter()
        layer.permute_param.order.append(1)
        assert schema.LayerParameter.FromString(layer.SerializeToString()) == layer
    """)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_number_that_two_forks_have_is_nobodys(order):
    run(f"""
        forks = [("one", Message("LayerParameter", Field("first", "string", 202), Field("alone", "string", 203))),
                 ("two", Message("LayerParameter", Field("second", "int32", 202), Field("alone", "string", 204)))]
        for i in {order}:
            schema.extend(*forks[i])
        numbers = {{name: field.number for name, field in schema.LayerParameter.DESCRIPTOR.fields_by_name.items()}}
        # The same in whatever order they come, and 203 and 204 are the same field.
        assert [numbers[name] for name in ("first", "second", "alone")] == [427085199, 344608299, 364420448], numbers
        assert schema.extension_numbers("one")["LayerParameter"] == {{202: "first", 203: "alone"}}
        assert schema.extension_numbers("two")["LayerParameter"] == {{202: "second", 204: "alone"}}
    """)


def test_values_of_enums_can_be_added():
    run("""
        added = Enum("PoolMethod", {"STOCHASTIC": 2, "MEDIAN": 2, "L2": 9})
        schema.extend("a fork", Message("PoolingParameter", added))
        methods = schema.PoolingParameter.PoolMethod
        assert (methods.Value("STOCHASTIC"), methods.Value("L2")) == (2, 9) and methods.Value("MEDIAN") > 9
        assert schema.parse_text("pool: MEDIAN", schema.PoolingParameter).pool == methods.Value("MEDIAN")
        assert schema.format_text(schema.PoolingParameter(pool=methods.Value("MEDIAN"))) == "pool: MEDIAN\\n"
    """)


def test_a_compiled_schema_of_a_whole_fork(tmp_path):
    run("""
        from pathlib import Path
        from google.protobuf.descriptor_pb2 import FileDescriptorSet
        fork = FileDescriptorSet.FromString(schema.messages.PLAIN_SET.read_bytes())
        layer = next(m for m in fork.file[0].message_type if m.name == "LayerParameter")
        layer.field.add(name="axis_order", number=TAKEN.number + 1, label=3, type=13)
        layer.field.add(name="nested", number=TAKEN.number + 2, label=1, type=11, type_name=".caffe.Outer.Inner")
        outer = fork.file[0].message_type.add(name="Outer")
        inner = outer.nested_type.add(name="Inner")
        inner.field.add(name="x", number=1, label=1, type=2, default_value="1.0")
        Path("fork.desc").write_bytes(fork.SerializeToString())
        schema.extend("by path", "fork.desc")
        schema.extend("by bytes", fork.SerializeToString())
        assert schema.LayerParameter.DESCRIPTOR.fields_by_name["axis_order"].number == TAKEN.number + 1
        assert schema.LayerParameter().nested.x == 1
        assert schema.extension_numbers("by bytes")["Outer.Inner"] == {1: "x"}
        plain = {field.name for message in schema.messages.plain_file().message_type for field in message.field}
        assert {"axis_order", "nested"} & plain == set()
    """, tmp_path)


def test_what_caffe_reads_stays_as_it_is():
    run("""
        schema.extend("SSD", PERMUTE, IN_LAYER)
        ours = schema.NetParameter.DESCRIPTOR.file
        for message in schema.messages.plain_file().message_type:
            numbers = {f.name: f.number for f in ours.message_types_by_name[message.name].fields}
            assert {f.name: f.number for f in message.field}.items() <= numbers.items()
    """)


REFUSED = {
    "a name with another meaning": (
        ('schema.extend("one", Message("LayerParameter", Field("x", "int32", 202)))\n'
         'schema.extend("two", Message("LayerParameter", Field("x", "float", 202)))'),
        "two means by `LayerParameter.x` `optional float`, and one means `optional int32`"),
    "a name of Caffe's with another default": (
        'schema.extend("SSD", Message("PoolingParameter", Field("pad", "uint32", 4, default=1)))',
        r"SSD means by `PoolingParameter.pad` `optional uint32 \[default = 1\]`, and Caffe 1.0 means .*default = 0"),
    "an unknown type": (
        'schema.extend("SSD", Message("LayerParameter", Field("odd_param", "OddParameter", 202)))',
        "`odd_param` of LayerParameter has the type 'OddParameter', which is neither a message nor"),
    "a default that does not fit": ('schema.extend("SSD", Message("M", Field("x", "int32", 1, default="much")))',
                                    "SSD: what it adds to Caffe's messages does not fit together: "),
    "no descriptor set": ('schema.extend("SSD", b"x")', "SSD: this is no compiled descriptor set; make one by `protoc"),
    "no file": ('schema.extend("SSD", "none.desc")', "SSD: none.desc: the descriptor set cannot be read: No such"),
    "too late": ('schema.NetParameter()\nschema.extend("SSD", PERMUTE, IN_LAYER)',
                 "SSD adds to Caffe's messages when they are in use already, .*earlier: in a script"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what):
    statements, message = REFUSED[what]
    first, _, last = statements.rpartition("\n")
    run(f"{first}\nwith pytest.raises(InputError, match={message!r}) as caught:\n    {last}\n"
        "assert '\\n' not in str(caught.value) and str(caught.value).endswith('.')\n")


def test_nothing_is_left_of_what_was_refused():
    run("""
        with pytest.raises(InputError):
            schema.extend("SSD", Message("OddParameter"), Message("LayerParameter", Field("type", "int32", 2)))
        schema.NetParameter()
        assert "OddParameter" not in dir(schema)
    """)


def test_the_same_extension_may_come_again():
    run("""
        schema.extend("SSD", PERMUTE, IN_LAYER)
        schema.LayerParameter()
        schema.extend("SSD", PERMUTE, IN_LAYER)
    """)


def test_importing_the_package_does_not_make_the_messages():
    run("""
        import importlib, pkgutil
        import cae_caffe
        for module in pkgutil.walk_packages(cae_caffe.__path__, "cae_caffe."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
        assert not schema.messages._namespace
        schema.extend("SSD", PERMUTE, IN_LAYER)
    """)


def test_everything_of_the_module_can_be_imported_by_a_star():
    run("""
        import sys
        sys.modules["caffe_pb2"] = schema.as_module()
        exec("from caffe_pb2 import *")
        assert NetParameter is schema.NetParameter and TEST == 1
    """)


def test_a_fork_s_layers_in_an_older_net_are_refused():
    run("""
        schema.extend("a fork", Message("V1LayerParameter", Enum("LayerType", {"PERMUTE": 77}),
                                        Field("twist", "int32", 99)))
        with pytest.raises(InputError, match="layer 'p' has the type PERMUTE, which another Caffe adds"):
            schema.parse_net('layers { name: "p" type: PERMUTE }')
        with pytest.raises(InputError, match="layer 'p' has `twist`, which another Caffe adds to V1LayerParameter"):
            schema.parse_net('layers { name: "p" type: RELU twist: 1 }')
    """)


def test_it_works_with_the_libraries_of_real_caffe(caffe_run):
    done = caffe_run(["python3", "-c", """
from cae_caffe import schema
from cae_caffe.schema import Field, Message
schema.extend("SSD", Message("PermuteParameter", Field("order", "uint32", 1, repeated=True)),
              Message("LayerParameter", Field("permute_param", "PermuteParameter", 202)))
net = schema.parse_net('layer { name: "p" type: "Permute" permute_param { order: 1 order: 0 } }')
try:
    schema.extend("late", Message("LayerParameter", Field("x", "int32", 1)))
except RuntimeError as error:
    print(schema.format_text(net), error)
"""])
    assert "order: 1\n" in done.stdout and "late adds to Caffe's messages when they are in use" in done.stdout


def test_the_messages_of_this_process_are_caffes_own():
    file = messages.NAMESPACE["DESCRIPTOR"]
    assert set(file.message_types_by_name) == {message.name for message in messages.with_forks().message_type}


def test_an_extension_means_what_it_says_where_a_fork_here_says_otherwise():
    run("""
        schema.extend("mine", Message("UpsampleParameter", Field("scale", "string", 1, default="x")),
                      Message("UnpoolingParameter", Field("pad", "float", 2, default=1.5)))
        layer = schema.parse_net('layer { type: "Unpooling" unpooling_param { pad: 2.5 kernel_size: 2 } }').layer[0]
        assert layer.unpooling_param.pad == 2.5
        assert layer.unpooling_param.DESCRIPTOR.fields_by_name["pad"].number == 2
        assert schema.extension_numbers("mine")["UnpoolingParameter"] == {2: "pad"}
    """)
