// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Faults that keep the form of a stage legal and change values alone.

#include "compiler/pipelines/PlantFault.h"

#include "dialects/graph/GraphDialect.h"

namespace tilework {

bool plantFault(mlir::ModuleOp module) {
  graph::MatmulOp last;
  module.walk([&](graph::MatmulOp op) { last = op; });
  if (last)
    last.setActivation(last.getActivation() == graph::Activation::Relu
                           ? graph::Activation::None
                           : graph::Activation::Relu);
  return last != nullptr;
}

bool plantFault(PlannedProgram &planned) {
  for (auto schedule = planned.schedules.rbegin();
       schedule != planned.schedules.rend(); ++schedule)
    for (auto step = schedule->steps.rbegin(); step != schedule->steps.rend();
         ++step)
      if (step->kind == planning::StepKind::Vector &&
          step->chain.function == isa::VectorFunction::identity) {
        step->chain.function = isa::VectorFunction::relu;
        return true;
      }
  return false;
}

bool plantFault(LoweredProgram &lowered) {
  for (auto i = lowered.instructions.rbegin(); i != lowered.instructions.rend();
       ++i)
    if (auto *vector = std::get_if<isa::Vector>(&i->instruction))
      if (vector->func == isa::VectorFunction::identity) {
        vector->func = isa::VectorFunction::relu;
        return true;
      }
  return false;
}

} // namespace tilework
