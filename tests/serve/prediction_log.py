"""tensorflow.serving.PredictionLog by descriptor: an oracle for what we write by hand."""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from tensorflow.core.framework import tensor_pb2


def prediction_log():
    """Returns the class of tensorflow.serving.PredictionLog, as far as it is used."""
    types = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="serving_for_test.proto", package="serving_for_test", syntax="proto3"
    )
    file.dependency.append(tensor_pb2.DESCRIPTOR.name)

    def message(parent, name, *fields):
        described = parent.add(name=name)
        for number, field, kind in fields:
            added = described.field.add(name=field, number=number, label=types.LABEL_OPTIONAL)
            added.type = types.TYPE_STRING if kind == "string" else types.TYPE_MESSAGE
            if kind != "string":
                added.type_name = kind
        return described

    message(file.message_type, "ModelSpec", (1, "name", "string"), (3, "signature_name", "string"))
    request = message(
        file.message_type,
        "PredictRequest",
        (1, "model_spec", ".serving_for_test.ModelSpec"),
        (2, "inputs", ".serving_for_test.PredictRequest.InputsEntry"),
    )
    request.field[1].label = types.LABEL_REPEATED
    entry = message(
        request.nested_type,
        "InputsEntry",
        (1, "key", "string"),
        (2, "value", ".tensorflow.TensorProto"),
    )
    entry.options.map_entry = True
    message(file.message_type, "PredictLog", (1, "request", ".serving_for_test.PredictRequest"))
    message(file.message_type, "PredictionLog", (6, "predict_log", ".serving_for_test.PredictLog"))
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    described = pool.FindMessageTypeByName("serving_for_test.PredictionLog")
    return message_factory.GetMessageClass(described)
