// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How many elements a second does a core of the host take through passes that
// Transformers are made of? One line for each pass and SIMD instruction set.

#include "dialects/isa/Instructions.h"
#include "sim/functional/Vector.h"

#include <chrono>
#include <cstdio>
#include <hwy/highway.h>

using namespace tilework;
using namespace tilework::sim;

namespace {

struct Pass {
  const char *name;
  VectorOperation operation;
};

/// 64 rows of 256 elements, bf16 to bf16.
VectorOperation base(const Geometry &geometry) {
  VectorOperation op;
  op.rows = 64;
  op.elements = 256;
  op.sourceType = op.elementType = op.destinationType = isa::VectorType::bf16;
  const int32_t blockRows = 64;
  op.source = {false, 0, 1, blockRows, 0};
  const uint32_t rows = 64 * 256 / geometry.lanes();
  op.element = {false, rows, 1, blockRows, 0};
  op.destination = {false, 2 * rows, 1, blockRows, 0};
  for (TileAddress &column : op.columns)
    column = {false, 3 * rows, 0, 1, 0};
  return op;
}

void measure(const Geometry &geometry, const Pass &pass) {
  OnChipMemories memories(geometry);
  for (size_t i = 1; i < memories.scratchpad.size(); i += 2)
    memories.scratchpad[i] = static_cast<uint8_t>(0x3d + i % 5);
  using Clock = std::chrono::steady_clock;
  double best = 0;
  for (int round = 0; round < 50; ++round) {
    const auto start = Clock::now();
    constexpr int kTimes = 20;
    for (int i = 0; i < kTimes; ++i)
      executeVector(pass.operation, geometry, memories);
    const double seconds =
        std::chrono::duration<double>(Clock::now() - start).count();
    const double rate = double(pass.operation.rows) * pass.operation.elements *
                        kTimes / seconds;
    best = rate > best ? rate : best;
  }
  std::printf("  %-42s %7.0f M elements/s\n", pass.name, best * 1e-6);
}

} // namespace

int main() {
  Geometry geometry; // lanes as on edge
  VectorOperation softmax = base(geometry);
  softmax.multiply0 = isa::Multiply0::scalar;
  softmax.multiply0Scalar = 0.125f;
  softmax.add1 = isa::Add1::minus_statistic;
  softmax.function = isa::VectorFunction::exponential;
  softmax.reduce = isa::Reduce::sum;
  softmax.reduceStatistic = 1;

  VectorOperation gelu = base(geometry);
  gelu.add0 = isa::Add0::column;
  gelu.function = isa::VectorFunction::gelu;

  VectorOperation residual = base(geometry);
  residual.add0 = isa::Add0::element;
  residual.reduce = isa::Reduce::sum_and_squares;

  VectorOperation copy = base(geometry);
  const Pass passes[] = {{"softmax: scale, subtract, exp, row sum", softmax},
                         {"bias and gelu", gelu},
                         {"residual, row sum and squares", residual},
                         {"copy", copy}};
  for (int64_t rest = hwy::SupportedTargets() & HWY_TARGETS; rest;
       rest &= rest - 1) {
    hwy::SetSupportedTargetsForTest(rest & -rest);
    std::printf("%s\n", hwy::TargetName(rest & -rest));
    for (const Pass &pass : passes)
      measure(geometry, pass);
    hwy::SetSupportedTargetsForTest(0);
  }
  return 0;
}
