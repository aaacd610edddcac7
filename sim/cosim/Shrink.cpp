// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Removes runs of instructions, long runs first (Zeller's delta debugging on
// the preorder of the tree).

#include "sim/cosim/Shrink.h"

#include <algorithm>
#include <utility>

namespace tilework::sim {

namespace {

using Nodes = std::vector<ProgramNode>;

/// Drops the nodes whose preorder index is in [begin, end), counting from `at`;
/// halts stay.
void drop(Nodes &nodes, size_t begin, size_t end, size_t &at) {
  Nodes kept;
  for (ProgramNode &node : nodes) {
    const size_t index = at++;
    const bool halt =
        std::holds_alternative<isa::Halt>(node.instruction) && !node.raw;
    const bool dropped = index >= begin && index < end && !halt;
    const bool hadBody = !node.body.empty();
    drop(node.body, begin, end, at);
    if (!dropped && !(hadBody && node.body.empty()))
      kept.push_back(std::move(node));
  }
  nodes = std::move(kept);
}

template <typename Visit> void forEachCall(Nodes &nodes, Visit &&visit) {
  for (ProgramNode &node : nodes) {
    if (node.routine >= 0)
      visit(node);
    forEachCall(node.body, visit);
  }
}

/// Drops the routines that the main program does not reach.
void dropUncalled(TestProgram &program) {
  std::vector<int> place(program.routines.size(), -1);
  std::vector<Nodes *> reached = {&program.main};
  while (!reached.empty()) {
    Nodes &nodes = *reached.back();
    reached.pop_back();
    forEachCall(nodes, [&](ProgramNode &call) {
      if (std::exchange(place[call.routine], 0) != 0)
        reached.push_back(&program.routines[call.routine]);
    });
  }
  std::vector<Nodes> kept;
  for (size_t i = 0; i < place.size(); ++i)
    if (place[i] == 0) {
      place[i] = static_cast<int>(kept.size());
      kept.push_back(std::move(program.routines[i]));
    }
  program.routines = std::move(kept);
  auto rename = [&](ProgramNode &call) { call.routine = place[call.routine]; };
  forEachCall(program.main, rename);
  for (Nodes &routine : program.routines)
    forEachCall(routine, rename);
}

size_t preorderSize(const TestProgram &program) {
  size_t closing = program.routines.size(); // the returns that size() counts
  return program.size() - closing;
}

} // namespace

TestProgram shrink(const TestProgram &program, const Geometry &geometry,
                   uint64_t operationLimit, unsigned attempts,
                   const std::function<bool(TestProgram &)> &fails) {
  TestProgram best = program;
  for (size_t length = std::max<size_t>(preorderSize(best) / 2, 1);;) {
    bool smaller = false;
    for (size_t begin = 0; begin < preorderSize(best) && attempts > 0;) {
      TestProgram candidate = best;
      size_t at = 0;
      drop(candidate.main, begin, begin + length, at);
      for (Nodes &routine : candidate.routines)
        drop(routine, begin, begin + length, at);
      dropUncalled(candidate);
      const bool shorter = candidate.size() < best.size();
      if (shorter && legalise(candidate, geometry, operationLimit)) {
        --attempts;
        if (fails(candidate)) {
          best = std::move(candidate);
          smaller = true;
          continue;
        }
      }
      begin += length;
    }
    if (attempts == 0 || (length == 1 && !smaller))
      return best;
    length = std::max<size_t>(length / 2, 1);
  }
}

} // namespace tilework::sim
