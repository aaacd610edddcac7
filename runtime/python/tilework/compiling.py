# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From a model, in any of the forms that Python holds it, to an executable."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence, Set
from typing import Any, Union

from tilework import _checks, _files, _native, _progress
from tilework.errors import InvalidArgument, UnsupportedModel, WrongType
from tilework.executable import Executable
from tilework.inspection import Report
from tilework.target import Target

#: A path, the bytes of an ONNX file, or an onnx.ModelProto.
Model = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview, Any]


def _source(model: Model) -> tuple[str, bytes | None]:
    """(path or name for messages, bytes or None)."""
    if isinstance(model, (str, os.PathLike)):
        return _checks.path("model", model), None
    if isinstance(model, (bytes, bytearray, memoryview)):
        return "the model", bytes(model)
    if type(model).__name__ == "ModelProto" and hasattr(model, "SerializeToString"):
        return model.graph.name or "the model", model.SerializeToString()
    if type(model).__module__.split(".")[0] == "torch" or hasattr(model, "state_dict"):
        raise WrongType(
            "export a PyTorch model first: torch.onnx.export(model, args, 'model.onnx', "
            "dynamo=True), then compile 'model.onnx'"
        )
    raise WrongType(f"a model is a path, bytes or an onnx.ModelProto, not {type(model).__name__}")


def _target(target: str | os.PathLike[str] | Target | None) -> Target:
    return target if isinstance(target, Target) else Target("edge" if target is None else target)


def _dims(dims: Mapping[str, int] | None) -> dict[str, int]:
    given = _checks.mapping("dims", dims, '{"sequence": 128}')
    return {
        _checks.text("a name in dims", name): _checks.integer(f"dims[{name!r}]", value)
        for name, value in given.items()
    }


def _shapes(shapes: Mapping[str, Sequence[int]] | None) -> dict[str, list[int]]:
    fixed = {}
    for name, shape in _checks.mapping("shapes", shapes, '{"input_ids": (1, 128)}').items():
        _checks.text("a name in shapes", name)
        if isinstance(shape, (str, bytes, Mapping, Set)) or not hasattr(shape, "__iter__"):
            raise WrongType(f"shapes[{name!r}] is a sequence of sizes, not {_checks.kind(shape)}")
        fixed[name] = [_checks.integer(f"a size in shapes[{name!r}]", size) for size in shape]
    return fixed


def compile(
    model: Model,
    *,
    target: str | os.PathLike[str] | Target | None = None,
    dims: Mapping[str, int] | None = None,
    shapes: Mapping[str, Sequence[int]] | None = None,
) -> Executable:
    """Compiles a model for a target and returns an Executable.

    `model`: path of an ONNX or MLIR file, bytes of an ONNX file, onnx.ModelProto.
    `target` is a Target, a name ("edge") or a YAML file. `dims` fixes symbolic
    dimensions by name, `shapes` whole inputs. Raises
    UnsupportedModel with every node that is not supported, InvalidModel,
    InvalidArgument, InvalidTarget.
    """
    name, data = _source(model)
    chip, sizes, whole = _target(target)._native, _dims(dims), _shapes(shapes)
    with _progress.line() as show:
        program = _native.compile(_checks.encoded(name), data, chip, sizes, whole, show)
    _files.keep(program.files())
    return Executable(program)


def load(path: str | os.PathLike[str]) -> Executable:
    """Reads a program that `Executable.save` or `tilework compile` wrote."""
    file = _checks.encoded(_checks.path("path", path))
    program = _native.load(file)
    _files.keep([file])
    return Executable(program)


def inspect(
    model: Model,
    *,
    target: str | os.PathLike[str] | Target | None = None,
    dims: Mapping[str, int] | None = None,
    shapes: Mapping[str, Sequence[int]] | None = None,
) -> Report:
    """What a program holds; or, of a model, where each node runs or why it cannot.

    A model is really compiled: {"supported", "nodes", "unsupported_share"}, and for
    a supported one "program", the report of its executable. One whose dimensions are
    open and not given is described: "supported" is None, "open_axes" lists
    them by input and axis, and "open_dimensions" has their names.
    """
    name, data = _source(model)
    sizes, whole = _dims(dims), _shapes(shapes)
    if data is None and _native.is_program(_checks.encoded(name)):
        if target is not None or sizes or whole:
            raise InvalidArgument(f"{name!r} is compiled: target, dims and shapes go with a model")
        return load(name).inspect()
    if not sizes and not whole and not name.endswith(".mlir"):
        described = _native.describe(_checks.encoded(name), data)
        if described.get("open_axes"):
            return Report(described)
    try:
        executable = compile(model, target=target, dims=sizes, shapes=whole)
    except UnsupportedModel as error:
        return Report(
            {
                "kind": "model",
                "schema": _native.report_schema,
                "supported": False,
                "nodes": list(error.nodes),
                "unsupported_share": error.unsupported_share,
                "unchecked_nodes": error.unchecked_nodes,
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
            "unchecked_nodes": 0,
            "program": executable.inspect(),
        }
    )
