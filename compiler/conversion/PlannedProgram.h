// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the plan decides about a whole model: DRAM tensors with their places, a
// schedule for each group, and what the host does before and after. The npu
// dialect says the same as ops.

#pragma once

#include "compiler/conversion/Lowering.h"
#include "compiler/planning/Repeats.h"

#include "mlir/IR/Attributes.h"
#include "mlir/IR/Types.h"
#include "mlir/IR/Value.h"

#include <optional>
#include <string>
#include <vector>

namespace tilework {

enum class TensorKind : uint8_t { Weight, Input, Output, Scratch };

/// How a weight's bytes stand in the weight segment; all are bf16.
enum class WeightLayout : uint8_t {
  Dense,   ///< row-major
  Blocked, ///< [K, N] as ⌈N/L⌉ blocks of K rows of L, the last padded with
           ///< zeros
  Band     ///< [Q, K]: 0 where key − query lies within bounds, else a value
};

struct PlannedTensor {
  std::string name; ///< of the binding for inputs and outputs; of the model's
                    ///< tensor for weights
  TensorKind kind = TensorKind::Scratch;
  int64_t bytes = 0;
  Placement place;
  /// Weights: what they hold: a graph expression; of a Band [lower, upper,
  /// value, Q, K].
  mlir::Attribute value;
  WeightLayout layout = WeightLayout::Dense;
  int64_t rows = 0, columns = 0; ///< K and N of Blocked; Q and K of Band
};

/// Where a computed value of the fused graph stands in DRAM, for checks: a
/// strided view of a tensor, strides and offset in elements.
struct PlannedValue {
  mlir::Value value; ///< valid as long as the fused module
  int tensor = -1;
  int64_t offset = 0;
  std::vector<int64_t> strides; ///< one for each dimension of the value
  int elementBytes = 2;
};

/// A tensor that the caller gives or gets.
struct HostTensorInfo {
  std::string name;
  mlir::Type element;
  std::vector<int64_t> shape;
  int64_t bound = 0; ///< integers: indices of a table of so many rows; 0: free
};

/// One step of the host, in the words of dialects/isa/Image.h.
struct HostStep {
  std::string op;
  std::vector<std::string> inputs;
  std::string output;
  mlir::Type element;         ///< of the result
  std::vector<int64_t> shape; ///< of the result
  mlir::Type source;          ///< of a binding that is read; null otherwise
  std::optional<int64_t> axis;
  std::optional<std::vector<int64_t>> dims;
  bool exclusive = false, reverse = false;
  std::vector<std::string> of; ///< inputs of the model that indices come from
  mlir::Attribute value;       ///< of a constant: a graph expression
};

/// Schedules of which the first iteration becomes code and the others are calls
/// of it; they are all in PlannedProgram::schedules.
struct PlannedRoutine {
  std::string name; ///< an identifier, unique in the program
  planning::Repeat repeat;
};

struct PlannedProgram {
  std::vector<PlannedTensor> tensors;
  std::vector<PlannedValue> values;          ///< in the order of their ops
  std::vector<planning::Schedule> schedules; ///< as they are executed
  std::vector<PlannedRoutine> routines;      ///< disjoint, in order
  /// Model nodes of each source id, the primary one first.
  std::vector<std::vector<std::string>> sources;
  std::vector<HostTensorInfo> inputs, outputs;
  std::vector<HostStep> before, after;
  /// Bytes of the segments, by number: weights, inputs, outputs, scratch.
  std::vector<int64_t> segmentBytes;
  std::vector<std::string> segmentNames;
};

} // namespace tilework
