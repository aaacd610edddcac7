// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a planner is asked: one fused group of graph ops, stated as loops over
// dimensions with access maps into DRAM tensors. The conversion from the graph
// dialect fills these records; they name no MLIR type.

#pragma once

#include "compiler/planning/Schedule.h"

#include <optional>
#include <string>
#include <vector>

namespace tilework::planning {

/// Where a matrix stands in a DRAM tensor. Element (row, column) of batch (i0,
/// i1, …) is at offset + Σ batchStrides[d]·i_d + row·rowStride +
/// column·elementBytes. A row stride of 0 repeats one row.
struct Access {
  int tensor = -1;
  int64_t offset = 0;
  std::vector<int64_t> batchStrides;
  int64_t rowStride = 0;
};

/// Normalisation of a row: (x − mean)·rstd·scale + shift, or x·rms·scale.
struct Norm {
  bool root = false; ///< RMS: no mean, no shift
  float epsilon = 0;
  int scale = -1, shift = -1; ///< tensors of N bf16; -1: absent
};

/// norm(activation(A·B + bias) + residual) over `batch`; A is M×K, B is K×N.
struct MatmulGroup {
  std::vector<int64_t> batch;
  int64_t m = 0, n = 0, k = 0;
  Access a;
  Access b;
  bool blocked = false;     ///< B is a weight, stored [⌈N/L⌉][K][L]
  bool transposedB = false; ///< B stands as N rows of K elements
  int bias = -1;            ///< tensor of N bf16
  float scale = 1;
  VectorFunction activation = VectorFunction::identity;
  std::optional<Access> residual;
  std::optional<Norm> norm;
  Access out;
  /// What rounding to `out` leaves, and what rounding that leaves; or nothing.
  std::vector<Access> rest; ///< without a norm
};

/// A number a score, or one a key: added to it, or not zero where the score
/// stays and is not `otherwise`.
struct AttentionMask {
  Access access;       ///< batchStrides {batch, head}
  bool perKey = false; ///< one row for all queries and heads
  bool selects = false;
};

/// softmax(masks(cap(scale·Q·Kᵀ)))·V for each batch and head, the masks one
/// after the other; cap(x) is softcap·tanh(x / softcap).
struct AttentionGroup {
  int64_t batch = 1, heads = 1, kvHeads = 1;
  int64_t queries = 0, keys = 0, headDim = 0, valueDim = 0;
  Access q, k, v, out; ///< batchStrides: {batch, head (of kvHeads for k and v)}
  float scale = 1;
  float softcap = 0; ///< 0: none
  /// The weights of a row whose scores are all minus infinity are zero, not
  /// NaN.
  bool zeroHidden = false;
  /// Weights that are NaN are zero.
  bool zeroNaN = false;
  /// So are those of a row for which this is zero: a number a row, batchStrides
  /// {batch, head}.
  std::optional<Access> kept;
  /// A tensor of at least `keys` zeros, for the two above; -1: neither.
  int zeros = -1;
  int ones = -1;       ///< a tensor of at least `queries` ones
  float otherwise = 0; ///< in place of scores that are not seen
  std::vector<AttentionMask> masks;
};

/// A value of a row program.
enum class RowOpKind : uint8_t {
  Input,     ///< an M×N operand from DRAM
  Column,    ///< a vector of N from DRAM, the same for all rows
  RowScalar, ///< a vector of M from DRAM, the same for all columns
  Gather,    ///< rows of the table `access` named by int32 `indices`, one a row
  Function,  ///< function(lhs)
  AddScalar,
  MultiplyScalar, ///< lhs with `scalar`
  Add,
  Subtract,
  Multiply,
  Divide,
  Combine, ///< function(lhs, rhs), or function(lhs, scalar) without rhs
  Softmax,
  Normalise, ///< over the row
  RowSum,
  RowMean,
  RowMaximum ///< result is a vector of M
};

/// The function of (y, x) that gives what `function` gives of (x, y), where the
/// unit has one.
std::optional<VectorFunction> mirrored(VectorFunction function);

struct RowOp {
  RowOpKind kind = RowOpKind::Input;
  int lhs = -1, rhs = -1; ///< indices of earlier ops
  VectorFunction function = VectorFunction::identity;
  float scalar = 0;        ///< of Combine: what select and replace put in, too
  bool zeroHidden = false; ///< Softmax: a row of −inf alone is zero, not NaN
  /// Computed values: fp32 where a tile holds it for several readers, not bf16.
  bool wide = false;
  Norm norm;
  Access
      access; ///< of inputs; RowScalar: rowStride is the distance of elements
  Access indices;    ///< of Gather; rowStride 4
  int64_t bound = 0; ///< of Gather: rows in the table
  int source = -1;   ///< the graph op, for provenance
};

/// Elementwise chains, normalisations, softmax and row reductions over an M×N
/// matrix, batched.
struct RowsGroup {
  std::vector<int64_t> batch;
  int64_t m = 0, n = 0;
  std::vector<RowOp> ops;
  struct Output {
    int value;
    Access access;
    std::vector<Access> rest =
        {}; ///< of a wide value: its parts below the bf16
  };
  std::vector<Output> outputs;
};

/// A strided copy: dimensions from the outermost, strides in bytes, those of
/// the source of any sign.
struct CopyGroup {
  int source = -1, destination = -1;
  int64_t sourceOffset = 0, destinationOffset = 0;
  std::vector<int64_t> sizes, sourceStrides, destinationStrides;
  int elementLog2 = 1;
};

} // namespace tilework::planning
