// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whatever the planner accepts lowers to a legal program: no trap, no race
// under the waits, no read of what nothing wrote. Random groups, many machines.

#include "test/unit/planning/PlanningFixture.h"

#include <gtest/gtest.h>

using namespace tilework;
using namespace tilework::planning;
using namespace tilework::test;

namespace {

struct Draw {
  std::mt19937_64 engine;
  explicit Draw(uint64_t seed) : engine(seed) {}
  int64_t in(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(engine() % (high - low + 1));
  }
  bool coin() { return engine() & 1; }
};

Access dense(int tensor, int64_t batch, int64_t rows, int64_t columns) {
  Access a;
  a.tensor = tensor;
  a.rowStride = columns * 2;
  if (batch)
    a.batchStrides = {rows * columns * 2};
  return a;
}

void expectLegal(const Planned &planned, const Machine &machine,
                 const Tensors &tensors, const std::string &what) {
  if (!planned.schedule) {
    EXPECT_NE(planned.refusal, "") << what;
    return;
  }
  // The same group twice, from both ends of the scratchpad.
  Lowering lowering(machine, tensors.placements);
  lowering.append(*planned.schedule, 0);
  lowering.append(*planned.schedule, 1);
  LoweredProgram program = lowering.finish();
  std::string error;
  ASSERT_TRUE(synchronise(program, machine, error)) << what << error;
  EXPECT_EQ(illegality(machine, program, tensors), "")
      << what << "\n"
      << print(*planned.schedule);
}

MatmulGroup drawMatmul(Draw &draw, const Machine &machine, Tensors &tensors,
                       int64_t most) {
  MatmulGroup g;
  g.m = draw.in(1, most);
  g.n = draw.in(1, most);
  g.k = draw.in(1, most);
  int64_t batch = draw.coin() ? draw.in(1, 3) : 0;
  if (batch)
    g.batch = {batch};
  int64_t b = std::max<int64_t>(batch, 1), L = machine.lanes();
  g.a = dense(tensors.add(2 * b * g.m * g.k, true), batch, g.m, g.k);
  switch (draw.in(0, 2)) {
  case 0:
    g.blocked = true;
    g.b.tensor = tensors.add(2 * roundUp(g.n, L) * g.k, true);
    break;
  case 1:
    g.b = dense(tensors.add(2 * b * g.n * g.k, true), batch, g.k, g.n);
    break;
  default:
    g.transposedB = true;
    g.b = dense(tensors.add(2 * b * g.n * g.k, true), batch, g.n, g.k);
  }
  if (draw.coin())
    g.bias = tensors.add(2 * g.n, true);
  if (draw.coin())
    g.activation = VectorFunction::gelu;
  if (draw.coin())
    g.residual = dense(tensors.add(2 * b * g.m * g.n, true), batch, g.m, g.n);
  if (draw.coin()) {
    Norm norm;
    norm.root = draw.coin();
    norm.scale = tensors.add(2 * g.n, true);
    if (!norm.root)
      norm.shift = tensors.add(2 * g.n, true);
    g.norm = norm;
  }
  g.out = dense(tensors.add(2 * b * g.m * g.n, false), batch, g.m, g.n);
  return g;
}

} // namespace

TEST(ProgramLegality, test_matmul_groups_of_any_shape_are_legal) {
  Draw draw(1);
  for (const Machine &machine : machines())
    for (int i = 0; i < 25; ++i) {
      Tensors tensors;
      MatmulGroup g = drawMatmul(draw, machine, tensors, 90);
      expectLegal(planMatmul(g, machine), machine, tensors,
                  "matmul " + std::to_string(g.m) + "x" + std::to_string(g.k) +
                      "x" + std::to_string(g.n));
    }
}

TEST(ProgramLegality, test_attention_groups_of_any_shape_are_legal) {
  Draw draw(2);
  for (const Machine &machine : machines())
    for (int i = 0; i < 20; ++i) {
      Tensors tensors;
      AttentionGroup g;
      g.batch = draw.in(1, 2);
      g.kvHeads = draw.in(1, 3);
      g.heads = g.kvHeads * draw.in(1, 2);
      g.queries = draw.in(1, 70);
      g.keys = draw.in(1, 150);
      g.headDim = draw.in(1, 40);
      g.valueDim = draw.in(1, 40);
      auto windows = [&](int64_t rows, int64_t heads, int64_t width,
                         bool given) {
        Access a;
        a.tensor = tensors.add(2 * g.batch * rows * heads * width, given);
        a.rowStride = 2 * heads * width;
        a.batchStrides = {2 * rows * heads * width, 2 * width};
        return a;
      };
      g.q = windows(g.queries, g.heads, g.headDim, true);
      g.k = windows(g.keys, g.kvHeads, g.headDim, true);
      g.v = windows(g.keys, g.kvHeads, g.valueDim, true);
      g.out = windows(g.queries, g.heads, g.valueDim, false);
      g.scale = 0.125f;
      for (int masks = static_cast<int>(draw.in(0, 3)); masks > 0; --masks) {
        AttentionMask mask;
        mask.perKey = draw.coin();
        mask.selects = draw.coin();
        mask.access.tensor =
            tensors.add(2 * g.keys * (mask.perKey ? g.batch : g.queries), true);
        mask.access.rowStride = mask.perKey ? 0 : 2 * g.keys;
        mask.access.batchStrides = {mask.perKey ? 2 * g.keys : 0, 0};
        g.masks.push_back(mask);
      }
      g.ones = tensors.add(2 * g.queries, true);
      g.zeroHidden = draw.coin();
      g.zeroNaN = draw.coin();
      if (draw.coin()) {
        g.kept.emplace();
        g.kept->tensor = tensors.add(2 * g.queries, true);
        g.kept->batchStrides = {0, 0};
      }
      if (g.zeroNaN || g.kept)
        g.zeros = tensors.add(2 * g.keys, true);
      expectLegal(planAttention(g, machine), machine, tensors, "attention");
    }
}

TEST(ProgramLegality, test_row_programs_are_legal) {
  Draw draw(3);
  std::vector<VectorFunction> combining;
  for (VectorFunction function : casesOf(VectorFunction()))
    if (takesOperand(function))
      combining.push_back(function);
  for (const Machine &machine : machines())
    for (int i = 0; i < 20; ++i) {
      Tensors tensors;
      RowsGroup g;
      g.m = draw.in(1, 70);
      g.n = draw.in(1, 90);
      auto op = [&](RowOpKind kind, int lhs, int rhs) {
        RowOp o;
        o.kind = kind;
        o.lhs = lhs;
        o.rhs = rhs;
        o.scalar = 0.5f;
        o.function = VectorFunction::tanh;
        g.ops.push_back(o);
        return static_cast<int>(g.ops.size()) - 1;
      };
      int x = op(RowOpKind::Input, -1, -1);
      g.ops[x].access = dense(tensors.add(2 * g.m * g.n, true), 0, g.m, g.n);
      int y = op(RowOpKind::Gather, -1, -1);
      g.ops[y].access = dense(tensors.add(2 * 10 * g.n, true), 0, 10, g.n);
      g.ops[y].bound = 10;
      g.ops[y].indices.tensor = tensors.add(4 * g.m, true);
      g.ops[y].indices.rowStride = 4;
      int c = op(RowOpKind::Column, -1, -1);
      g.ops[c].access.tensor = tensors.add(2 * g.n, true);
      int r = op(RowOpKind::RowScalar, -1, -1);
      g.ops[r].access.tensor = tensors.add(2 * g.m, true);
      g.ops[r].access.rowStride = 2;
      std::vector<int> tiles = {x, y}, any = {x, y, c, r};
      for (int steps = static_cast<int>(draw.in(1, 6)); steps > 0; --steps) {
        int lhs = tiles[draw.in(0, static_cast<int64_t>(tiles.size()) - 1)];
        int rhs = any[draw.in(0, static_cast<int64_t>(any.size()) - 1)];
        int result;
        switch (draw.in(0, 9)) {
        case 0:
          result = op(RowOpKind::Function, lhs, -1);
          break;
        case 1:
          result = op(RowOpKind::AddScalar, lhs, -1);
          break;
        case 2:
          result = op(RowOpKind::Softmax, lhs, -1);
          break;
        case 3:
          result = op(RowOpKind::Normalise, lhs, -1);
          g.ops[result].norm.scale = tensors.add(2 * g.n, true);
          break;
        case 4:
          // r alone has no tile to run on.
          result = op(RowOpKind::Combine, draw.coin() ? lhs : c, rhs);
          g.ops[result].function =
              combining[draw.in(0, int64_t(combining.size()) - 1)];
          break;
        case 9:
          result = op(RowOpKind::Combine, r, lhs);
          g.ops[result].function = VectorFunction::select;
          break;
        case 5: {
          int mean = op(RowOpKind::RowMean, lhs, -1);
          result = op(RowOpKind::Subtract, lhs, mean);
          break;
        }
        case 6:
          result = op(RowOpKind::Divide, lhs, rhs);
          break;
        case 7:
          result = draw.coin() ? op(RowOpKind::Subtract, lhs, rhs)
                               : op(RowOpKind::Subtract, r, lhs);
          break;
        default:
          result = op(RowOpKind::Add, lhs, rhs);
          break;
        }
        tiles.push_back(result);
        any.push_back(result);
      }
      g.outputs.push_back(
          {tiles.back(),
           dense(tensors.add(2 * g.m * g.n, false), 0, g.m, g.n)});
      expectLegal(planRows(g, machine), machine, tensors, "rows");
    }
}

TEST(ProgramLegality, test_copies_are_legal) {
  Draw draw(4);
  for (const Machine &machine : machines())
    for (int i = 0; i < 10; ++i) {
      Tensors tensors;
      CopyGroup g;
      g.sizes = {draw.in(1, 5), draw.in(1, 20), draw.in(1, 100)};
      int64_t total = g.sizes[0] * g.sizes[1] * g.sizes[2];
      g.source = tensors.add(2 * total, true);
      g.destination = tensors.add(2 * total, false);
      g.sourceStrides = {2 * g.sizes[1] * g.sizes[2], 2 * g.sizes[2], 2};
      g.destinationStrides = g.sourceStrides;
      if (draw.coin())
        g.destinationStrides = {2 * g.sizes[1] * g.sizes[2], 2, 2 * g.sizes[1]};
      expectLegal(planCopy(g, machine), machine, tensors, "copy");
    }
}
