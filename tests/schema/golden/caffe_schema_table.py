"""Prints the whole schema of a Caffe as a sorted table, one line for each message, field, enum and enum value.

    .caffe/with-caffe python3 tests/schema/golden/caffe_schema_table.py > tests/schema/golden/caffe_schema.txt

The table is committed, so that the comparison with real Caffe's schema lives on where real Caffe cannot be installed.
"""

from google.protobuf import descriptor_pb2


def table(file):
    """Return the lines for a FileDescriptorProto."""
    return sorted([f"package {file.package}", *_enums(file.enum_type, ""), *_messages(file.message_type, "")])


def _messages(protos, prefix):
    for message in protos:
        name = prefix + message.name
        yield f"{name} reserved={len(message.reserved_range)} extensions={len(message.extension_range)}"
        yield from (f"{name}.{_field(field)}" for field in message.field)
        yield from _enums(message.enum_type, name + ".")
        yield from _messages(message.nested_type, name + ".")


def _field(field):
    kind = descriptor_pb2.FieldDescriptorProto
    words = [field.name, str(field.number), kind.Label.Name(field.label)[len("LABEL_"):].lower(),
             field.type_name or kind.Type.Name(field.type)[len("TYPE_"):].lower()]
    if field.HasField("default_value"):
        words.append(f"default={field.default_value!r}")
    if field.HasField("options"):
        words.append(f"packed={field.options.packed}")
    return " ".join(words)


def _enums(protos, prefix):
    for enum in protos:
        yield f"{prefix}{enum.name} first={enum.value[0].name}"  # which is the default where no other is given
        yield from (f"{prefix}{enum.name}.{value.name} = {value.number}" for value in enum.value)


def main():
    from caffe.proto import caffe_pb2
    file = descriptor_pb2.FileDescriptorProto()
    caffe_pb2.DESCRIPTOR.CopyToProto(file)
    print("\n".join(table(file)))


if __name__ == "__main__":
    main()
