// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plans groups of one shape once: layers repeat, and only the tensors that they
// name differ.

#include "compiler/conversion/GraphPlanner.h"

#include "llvm/ADT/bit.h"

#include <algorithm>

namespace tilework {

using namespace planning;

/// What of an access a plan depends on; the tensor stands for itself.
static void describe(const Access &access, std::vector<int64_t> &key) {
  key.push_back(access.offset);
  key.push_back(access.rowStride);
  key.push_back(static_cast<int64_t>(access.batchStrides.size()));
  key.insert(key.end(), access.batchStrides.begin(), access.batchStrides.end());
}

template <typename Plan>
Planned GraphPlanner::planOnce(std::vector<int64_t> key,
                               const std::vector<int *> &tensors, Plan &&plan) {
  // Tensors are numbered by their first mention while the group is planned.
  std::vector<int> names;
  for (int *tensor : tensors) {
    if (*tensor < 0) {
      key.push_back(-1);
      continue;
    }
    auto it = std::find(names.begin(), names.end(), *tensor);
    int index = static_cast<int>(it - names.begin());
    if (it == names.end())
      names.push_back(*tensor);
    *tensor = index;
    key.push_back(index);
  }
  auto [it, fresh] = plans.try_emplace(std::move(key));
  if (fresh)
    it->second = plan();
  Planned planned = it->second;
  if (planned.schedule)
    for (Step &step : planned.schedule->steps)
      for (DramTile *tile : {&step.dram, &step.indices})
        if (tile->tensor >= 0)
          tile->tensor = names[tile->tensor];
  return planned;
}

Planned GraphPlanner::planOnce(MatmulGroup g) {
  std::vector<int64_t> key = {0,
                              g.m,
                              g.n,
                              g.k,
                              g.blocked,
                              g.transposedB,
                              llvm::bit_cast<uint32_t>(g.scale),
                              static_cast<int64_t>(g.activation),
                              g.residual.has_value(),
                              g.norm.has_value()};
  key.insert(key.end(), g.batch.begin(), g.batch.end());
  key.push_back(-1);
  std::vector<int *> tensors = {&g.a.tensor, &g.b.tensor, &g.out.tensor,
                                &g.bias};
  describe(g.a, key);
  describe(g.b, key);
  describe(g.out, key);
  key.push_back(static_cast<int64_t>(g.rest.size()));
  for (Access &part : g.rest) {
    describe(part, key);
    tensors.push_back(&part.tensor);
  }
  if (g.residual) {
    describe(*g.residual, key);
    tensors.push_back(&g.residual->tensor);
  }
  if (g.norm) {
    key.push_back(g.norm->root);
    key.push_back(llvm::bit_cast<uint32_t>(g.norm->epsilon));
    tensors.push_back(&g.norm->scale);
    tensors.push_back(&g.norm->shift);
  }
  return planOnce(std::move(key), tensors,
                  [&] { return planMatmul(g, machine); });
}

Planned GraphPlanner::planOnce(AttentionGroup g) {
  std::vector<int64_t> key = {1,
                              g.batch,
                              g.heads,
                              g.kvHeads,
                              g.queries,
                              g.keys,
                              g.headDim,
                              g.valueDim,
                              llvm::bit_cast<uint32_t>(g.scale),
                              llvm::bit_cast<uint32_t>(g.softcap),
                              g.zeroHidden,
                              llvm::bit_cast<uint32_t>(g.otherwise),
                              g.zeroNaN,
                              g.kept.has_value(),
                              static_cast<int64_t>(g.masks.size())};
  std::vector<int *> tensors = {&g.ones, &g.zeros};
  auto add = [&](Access &access) {
    describe(access, key);
    tensors.push_back(&access.tensor);
  };
  add(g.q);
  add(g.k);
  add(g.v);
  add(g.out);
  if (g.kept)
    add(*g.kept);
  for (AttentionMask &mask : g.masks) {
    key.push_back(mask.perKey);
    key.push_back(mask.selects);
    add(mask.access);
  }
  return planOnce(std::move(key), tensors,
                  [&] { return planAttention(g, machine); });
}

} // namespace tilework
