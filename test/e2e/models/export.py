#!/usr/bin/env python3
# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exports one-layer encoders as PyTorch's exporters write them, without weights.

Layers are of the base shape: width 768, 12 heads, 3072 hidden; only the
vocabulary is small. Initializers above 1 KB are replaced by external data in a
file that does not exist, `seeded:<seed>:<mean>`: `fill.py` puts seeded values
there when a test loads the model, so that the graphs stay small and the set-up
needs no torch. The mean tells scales of normalisations, about 1, from the rest.

    python -m venv venv && venv/bin/pip install torch==2.13.0 transformers onnxscript
    venv/bin/python test/e2e/models/export.py test/e2e/models
"""

import pathlib
import sys

import onnx
import torch
import transformers
from onnx import numpy_helper

VOCABULARY, POSITIONS = 160, 192
DIMENSIONS = dict(
    hidden_size=768,
    num_attention_heads=12,
    intermediate_size=3072,
    num_hidden_layers=1,
    vocab_size=VOCABULARY,
    max_position_embeddings=POSITIONS,
)


def build(name):
    """One layer with random weights, in evaluation mode, eager attention."""
    torch.manual_seed(7)
    if name == "distilbert":
        config = transformers.DistilBertConfig(
            dim=768,
            n_heads=12,
            hidden_dim=3072,
            n_layers=1,
            vocab_size=VOCABULARY,
            max_position_embeddings=POSITIONS,
            attn_implementation="eager",
        )
        model = transformers.DistilBertModel(config)
    elif name == "roberta":
        config = transformers.RobertaConfig(
            **DIMENSIONS, pad_token_id=1, attn_implementation="eager"
        )
        model = transformers.RobertaModel(config, add_pooling_layer=False)
    else:
        config = transformers.BertConfig(**DIMENSIONS, attn_implementation="eager")
        model = transformers.BertModel(config, add_pooling_layer=name == "bert-pooled")
    return model.eval()


class Tensors(torch.nn.Module):
    """Takes and returns tensors only."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        return self.tensors(self.model(input_ids=input_ids, attention_mask=attention_mask))

    @staticmethod
    def tensors(result):
        pooled = getattr(result, "pooler_output", None)
        return result.last_hidden_state if pooled is None else (result.last_hidden_state, pooled)


class TypedTensors(Tensors):
    """As above, with token types."""

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.tensors(
            self.model(
                input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
            )
        )


def export(name, exporter, path):
    with_types = name in ("bert", "bert-pooled")
    model = (TypedTensors if with_types else Tensors)(build(name)).eval()
    ids = torch.randint(3, VOCABULARY, (2, 11))
    args = [ids, torch.ones_like(ids)]
    names = ["input_ids", "attention_mask"]
    if with_types:
        args.append(torch.zeros_like(ids))
        names.append("token_type_ids")
    outputs = ["last_hidden_state"] + (["pooled"] if name == "bert-pooled" else [])
    if exporter == "dynamo":
        batch, sequence = torch.export.Dim("batch"), torch.export.Dim("sequence")
        shapes = {n: {0: batch, 1: sequence} for n in names}
        program = torch.onnx.export(
            model,
            tuple(args),
            dynamo=True,
            input_names=names,
            output_names=outputs,
            dynamic_shapes=shapes,
        )
        program.save(path)
    else:
        axes = {n: {0: "batch", 1: "sequence"} for n in names + outputs[:1]}
        torch.onnx.export(
            model,
            tuple(args),
            path,
            dynamo=False,
            input_names=names,
            output_names=outputs,
            dynamic_axes=axes,
            opset_version=14,
        )


def strip(path):
    """Replaces large initializers by markers and drops what tests do not read."""
    model = onnx.load(path)
    for seed, tensor in enumerate(model.graph.initializer):
        if not tensor.HasField("raw_data") or len(tensor.raw_data) <= 1024 or tensor.data_type != 1:
            continue
        length = len(tensor.raw_data)
        mean = round(float(numpy_helper.to_array(tensor).mean()))
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in (
            ("location", f"seeded:{seed}:{mean}"),
            ("offset", "0"),
            ("length", str(length)),
        ):
            entry = tensor.external_data.add()
            entry.key, entry.value = key, value
    for node in model.graph.node:
        node.ClearField("doc_string")
        del node.metadata_props[:]
    del model.graph.value_info[:]
    del model.functions[:]
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    onnx.save(model, path)


def main():
    folder = pathlib.Path(sys.argv[1])
    for name in ("bert", "bert-pooled", "distilbert", "roberta"):
        for exporter in ("torchscript", "dynamo"):
            path = folder / f"{name}-{exporter}.onnx"
            export(name, exporter, str(path))
            strip(str(path))
            for data in folder.glob("*.onnx.data"):
                data.unlink()


if __name__ == "__main__":
    main()
