# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From a model, in any of the forms that Python holds it, to an executable."""

import os

from tilework import _native
from tilework.errors import InvalidArgument, UnsupportedModel
from tilework.executable import Executable
from tilework.inspection import Report
from tilework.target import Target


def _source(model):
    """(path or name for messages, bytes or None)."""
    if isinstance(model, (str, os.PathLike)):
        return os.fspath(model), None
    if isinstance(model, (bytes, bytearray, memoryview)):
        return "the model", bytes(model)
    if type(model).__name__ == "ModelProto" and hasattr(model, "SerializeToString"):
        return model.graph.name or "the model", model.SerializeToString()
    if type(model).__module__.split(".")[0] == "torch" or hasattr(model, "state_dict"):
        raise TypeError(
            "export a PyTorch model first: torch.onnx.export(model, args, 'model.onnx', "
            "dynamo=True), then compile 'model.onnx'"
        )
    raise TypeError(f"a model is a path, bytes or an onnx.ModelProto, not {type(model).__name__}")


def _target(target):
    return target if isinstance(target, Target) else Target("edge" if target is None else target)


def _dims(dims):
    return {str(name): int(value) for name, value in (dims or {}).items()}


def _shapes(shapes):
    return {str(name): [int(d) for d in shape] for name, shape in (shapes or {}).items()}


def compile(model, *, target=None, dims=None, shapes=None):
    """Compiles a model for a target and returns an Executable.

    `model`: path of an ONNX or MLIR file, bytes of an ONNX file, onnx.ModelProto.
    `dims` fixes symbolic dimensions by name, `shapes` whole inputs. Raises
    UnsupportedModel with every node that is not supported, InvalidModel,
    InvalidArgument, InvalidTarget.
    """
    name, data = _source(model)
    return Executable(
        _native.compile(name, data, _target(target)._native, _dims(dims), _shapes(shapes))
    )


def load(path):
    """Reads a program that `Executable.save` or `tilework compile` wrote."""
    return Executable(_native.load(os.fspath(path)))


def inspect(model, *, target=None, dims=None, shapes=None):
    """What a program holds; or, of a model, where each node runs or why it cannot.

    A model is really compiled: {"supported", "nodes", "unsupported_share"}, and for
    a supported one "program", the report of its executable.
    """
    name, data = _source(model)
    if data is None and _native.is_program(name):
        if target is not None or dims or shapes:
            raise InvalidArgument(f"{name!r} is compiled: target, dims and shapes go with a model")
        return load(name).inspect()
    try:
        executable = compile(model, target=target, dims=dims, shapes=shapes)
    except UnsupportedModel as error:
        return Report(
            {
                "kind": "model",
                "schema": _native.report_schema,
                "supported": False,
                "nodes": list(error.nodes),
                "unsupported_share": error.unsupported_share,
                "message": str(error),
            }
        )
    return Report(
        {
            "kind": "model",
            "schema": _native.report_schema,
            "supported": True,
            "nodes": executable.nodes,
            "unsupported_share": 0.0,
            "program": executable.inspect(),
        }
    )
