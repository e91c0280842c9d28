"""AnnotatedDatum, the message of SSD's databases: it has SSD's numbers, which a database's bytes depend on."""

from __future__ import annotations

import struct

import pytest

from cae_caffe import schema
from cae_caffe.schema import messages

# By SSD's caffe.proto (weiliu89/caffe, branch ssd).
NUMBERS = {
    "AnnotatedDatum": {"datum": 1, "type": 2, "annotation_group": 3},
    "AnnotationGroup": {"group_label": 1, "annotation": 2},
    "Annotation": {"instance_id": 1, "bbox": 2},
    "NormalizedBBox": {"xmin": 1, "ymin": 2, "xmax": 3, "ymax": 4, "difficult": 6},
}


@pytest.mark.parametrize("name", NUMBERS)
def test_fields_have_ssds_numbers(name):
    fields = getattr(schema, name).DESCRIPTOR.fields_by_name
    assert {field: found.number for field, found in fields.items()} == NUMBERS[name]


def test_plain_caffe_has_no_such_messages():
    assert not {message.name for message in messages.plain_file().message_type} & NUMBERS.keys()


def part(number: int, content: bytes) -> bytes:
    """A field of bytes or of a message, as protobuf writes it."""
    return bytes([number << 3 | 2, len(content)]) + content


def test_bytes_that_ssd_writes():
    corners = b"".join(bytes([number << 3 | 5]) + struct.pack("<f", value) for number, value in enumerate(
        (0.25, 0.5, 0.75, 1.0), 1))
    box = corners + b"\x28\x07" + b"\x30\x01" + b"\x3d" + struct.pack("<f", 0.9)     # label and score come, too
    group = b"\x08\x0f" + part(2, b"\x08\x03" + part(2, box))
    record = part(1, part(4, b"image") + b"\x28\x02\x38\x01") + b"\x10\x00" + part(3, group)

    message = schema.AnnotatedDatum.FromString(record)
    assert (message.datum.data, message.datum.label, message.datum.encoded) == (b"image", 2, True)
    assert message.HasField("type") and message.type == message.BBOX
    group, = message.annotation_group
    one, = group.annotation
    assert (group.group_label, one.instance_id) == (15, 3)
    assert (one.bbox.xmin, one.bbox.ymin, one.bbox.xmax, one.bbox.ymax, one.bbox.difficult) == (
        0.25, 0.5, 0.75, 1.0, True)
    assert schema.AnnotatedDatum.FromString(message.SerializeToString()) == message
