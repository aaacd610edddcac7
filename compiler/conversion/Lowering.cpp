// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Schedules to one program: chooses for each which loops stay loops, and puts
// the routines behind the halt.

#include "compiler/conversion/LowerSchedule.h"

#include <algorithm>

namespace tilework {

using namespace planning;

/// Instructions of the schedule when the loops in `rolled` stay loops.
static double codeSize(const Schedule &schedule, unsigned rolled, int &depths) {
  double size = 0, factor = 1;
  int depth = 0;
  std::vector<double> factors;
  depths = 0;
  for (const Step &step : schedule.steps) {
    if (step.kind == StepKind::Loop) {
      factors.push_back(factor);
      if (!(rolled >> depth & 1))
        factor *= static_cast<double>(step.trip);
      depths = std::max(depths, ++depth);
    } else if (step.kind == StepKind::End) {
      factor = factors.back();
      factors.pop_back();
      --depth;
    } else {
      size += factor;
    }
  }
  return size;
}

bool Lowering::lower(const Schedule &schedule, int index,
                     LoweredProgram &into) {
  group = index;
  int depths = 0;
  codeSize(schedule, 0, depths);
  double limit =
      std::max(64.0, schedule.cost.dramBytes * 0.01 / isa::kInstructionBytes);
  // The most unrolled form below the limit first, then smaller ones, then
  // whatever there is.
  std::vector<std::pair<double, unsigned>> choices;
  for (unsigned rolled = 0; rolled < 1u << depths; ++rolled) {
    double size = codeSize(schedule, rolled, depths);
    choices.push_back({size <= limit ? limit - size : size, rolled});
  }
  std::stable_sort(choices.begin(), choices.end());
  for (auto [unused, rolled] : choices) {
    Registers before = registers;
    ScheduleLowering lowering(*this, schedule, rolled);
    LoweredProgram out;
    if (lowering.run(out)) {
      into.instructions.insert(into.instructions.end(),
                               out.instructions.begin(),
                               out.instructions.end());
      return true;
    }
    registers = std::move(before);
  }
  return false;
}

void Lowering::append(const Schedule &schedule, int index) {
  lower(schedule, index, program);
}

LoweredProgram Lowering::finish() {
  group = source = primary = -1;
  std::vector<LoweredInstruction> &all = program.instructions;
  all.push_back({isa::Halt(), -1, -1, -1});
  size_t main = all.size();
  for (size_t r = 0; r < bodies.size(); ++r) {
    LoweredRoutine &routine = program.routines[r];
    routine.begin = all.size();
    all.insert(all.end(), bodies[r].instructions.begin(),
               bodies[r].instructions.end());
    all.push_back({isa::Return(), -1, -1, -1});
    routine.end = all.size();
  }
  for (size_t i = 0; i < main; ++i)
    if (auto *call = std::get_if<isa::Call>(&all[i].instruction))
      call->target =
          static_cast<uint32_t>(program.routines[call->target].begin);
  return std::move(program);
}

} // namespace tilework
