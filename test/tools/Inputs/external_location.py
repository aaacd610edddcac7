# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a model for each LOCATION, which says that its weights are there: at-0.onnx, at-1.onnx, …

external_location.py LOCATION…
"""

import sys

from onnx import TensorProto, helper

for number, location in enumerate(sys.argv[1:]):
    weights = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[8, 8])
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value=location)
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 8]) for name in "xy"]
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    graph = helper.make_graph([node], "external", values[:1], values[1:], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    with open(f"at-{number}.onnx", "wb") as file:
        file.write(model.SerializeToString())
