// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Steps of normalisations that products and row programs share: the shift of a
// row, and from the sums of a row what its second pass reads.

#include "compiler/planning/Planner.h"
#include "compiler/planning/ScheduleBuilder.h"

#include <algorithm>
#include <limits>

namespace tilework::planning {

void shiftRows(ScheduleBuilder &builder, ChainWriter &chain, int64_t n,
               Extent rows, int depth) {
  // One chunk of the lanes costs what one element does, and its mean is a
  // better guess.
  int64_t count = std::min(n, builder.machine.vectorLanes);
  chain.reduceAside({count, count, depth}, Reduce::sum, kNormShift);
  ChainWriter mean(builder, {1, 1, depth}, rows, 0, Value());
  mean.beginStatistic(kNormShift);
  mean.multiplyScalar(1.0f / static_cast<float>(count));
  mean.finishToStatistic(kNormShift);
  chain.subtractStatistic(kNormShift);
}

void finishNormStatistics(ScheduleBuilder &builder, const Norm &norm, int64_t n,
                          Extent rows, bool unshift) {
  auto chain = [&](int source) {
    ChainWriter writer(builder, 1, rows, 0, Value());
    writer.beginStatistic(source);
    return writer;
  };
  float inverse = 1.0f / static_cast<float>(n);
  if (norm.root) {
    auto writer = chain(1);
    writer.multiplyScalar(inverse);
    writer.addScalar(norm.epsilon);
    writer.function(VectorFunction::reciprocal_square_root);
    writer.finishToStatistic(1);
    return;
  }
  { // -mean²
    auto writer = chain(0);
    writer.multiplyScalar(-inverse * inverse);
    writer.multiplyStatisticElement(0);
    writer.finishToStatistic(2);
  }
  { // The variance, kept from rounding below zero.
    auto writer = chain(1);
    writer.multiplyScalar(inverse);
    writer.addStatisticElement(2);
    writer.function(VectorFunction::relu);
    writer.finishToStatistic(2);
  }
  { // Infinite where both squares are, so that the row is zero: a row that
    // holds a NaN or an infinity has a mean that is none.
    auto writer = chain(2);
    writer.functionScalar(VectorFunction::replace_nan,
                          std::numeric_limits<float>::infinity());
    writer.finishToStatistic(2);
  }
  {
    auto writer = chain(2);
    writer.addScalar(norm.epsilon);
    writer.function(VectorFunction::reciprocal_square_root);
    writer.finishToStatistic(1);
  }
  if (unshift) { // mean
    auto writer = chain(0);
    writer.multiplyScalar(inverse);
    writer.addStatisticElement(kNormShift);
    writer.finishToStatistic(0);
  }
  {
    auto writer = chain(0);
    writer.multiplyScalar(unshift ? -1.0f : -inverse);
    writer.multiplyStatisticElement(1);
    writer.finishToStatistic(0);
  }
}

} // namespace tilework::planning
