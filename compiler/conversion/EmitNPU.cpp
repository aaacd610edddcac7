// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Schedules to npu ops.

#include "compiler/conversion/NPUModule.h"

#include "dialects/npu/NPUDialect.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/bit.h"

#include <map>

using namespace mlir;

namespace tilework {

namespace plan = planning;

namespace {

class Emitter {
public:
  Emitter(const plan::Schedule &schedule, OpBuilder &builder)
      : schedule(schedule), b(builder), context(builder.getContext()),
        loc(builder.getUnknownLoc()) {}
  void run();

private:
  SmallVector<int64_t> affine(const plan::Affine &a) const {
    SmallVector<int64_t> out = {a.base};
    for (int d = 0; d < plan::kMaxDepth; ++d)
      out.push_back(a.steps[d]);
    while (out.size() > 1 && out.back() == 0)
      out.pop_back();
    return out;
  }
  npu::TileAttr tile(const plan::Tile &t) const {
    return npu::TileAttr::get(context, affine(t.row), t.stride, t.blockStride,
                              t.first, t.ahead);
  }
  npu::DramAttr dram(const plan::DramTile &t) const {
    return npu::DramAttr::get(context, t.tensor, affine(t.byte), t.stride,
                              t.outerStride);
  }
  npu::ExtentAttr extent(const plan::Extent &e) const {
    return npu::ExtentAttr::get(context, e.tile, e.depth < 0 ? 0 : e.total,
                                e.depth);
  }
  Value buffer(const plan::Tile &t) const { return buffers[t.buffer]; }
  void step(const plan::Step &s);
  void vector(const plan::Step &s);

  const plan::Schedule &schedule;
  OpBuilder &b;
  MLIRContext *context;
  Location loc;
  SmallVector<Value> buffers;
};

} // namespace

void Emitter::vector(const plan::Step &s) {
  const plan::Chain &c = s.chain;
  SmallVector<int64_t> roles;
  SmallVector<Value> operands;
  SmallVector<Attribute> tiles;
  auto add = [&](int64_t role, const plan::Tile &t) {
    if (t.buffer < 0)
      return;
    roles.push_back(role);
    operands.push_back(buffer(t));
    tiles.push_back(tile(t));
  };
  add(0, s.tile);
  add(1, s.element);
  add(2, s.sums);
  for (int i = 0; i < 3; ++i)
    add(3 + i, s.column[i]);
  SmallVector<int64_t> statistics = {
      c.sourceStatistic,    c.elementStatistic, c.destinationStatistic,
      c.multiply0Statistic, c.add1Statistic,    c.multiply1Statistic,
      c.reduceStatistic};
  if (llvm::all_of(statistics, [](int64_t n) { return n == 0; }))
    statistics.clear();
  auto chain = npu::ChainAttr::get(
      context, c.sourceType, c.elementType, c.destinationType, c.multiply0,
      c.add0, c.add1, c.function, c.operand, c.multiply1, c.add2, c.reduce,
      c.reduceAccumulate, c.reduceDepth,
      llvm::bit_cast<uint32_t>(c.multiply0Scalar),
      llvm::bit_cast<uint32_t>(c.add0Scalar), statistics, c.statisticsBase);
  npu::VectorOp::create(b, loc, chain, extent(s.rows), extent(s.columns), roles,
                        operands, b.getArrayAttr(tiles), s.primary);
}

void Emitter::step(const plan::Step &s) {
  switch (s.kind) {
  case plan::StepKind::Loop: {
    auto loop = npu::LoopOp::create(b, loc, s.trip);
    b.createBlock(&loop.getBody());
    break;
  }
  case plan::StepKind::End:
    b.setInsertionPointAfter(b.getBlock()->getParentOp());
    break;
  case plan::StepKind::Load:
    npu::LoadOp::create(b, loc, buffer(s.tile), tile(s.tile), dram(s.dram),
                        extent(s.outer), extent(s.rows), extent(s.columns),
                        s.elementLog2, s.outerStride, s.primary);
    break;
  case plan::StepKind::Store:
    npu::StoreOp::create(b, loc, buffer(s.tile), tile(s.tile), dram(s.dram),
                         extent(s.outer), extent(s.rows), extent(s.columns),
                         s.elementLog2, s.outerStride, s.primary);
    break;
  case plan::StepKind::Gather:
    npu::GatherOp::create(b, loc, buffer(s.tile), tile(s.tile), dram(s.dram),
                          dram(s.indices), extent(s.rows), extent(s.columns),
                          s.bound, s.primary);
    break;
  case plan::StepKind::Matmul:
    npu::MatmulOp::create(b, loc, buffer(s.sums), tile(s.sums), buffer(s.tile),
                          tile(s.tile), buffer(s.weights), tile(s.weights),
                          extent(s.rows), extent(s.columns), extent(s.depth),
                          s.byColumns, s.accumulate, s.accumulateDepth,
                          s.primary);
    break;
  case plan::StepKind::Vector:
    vector(s);
    break;
  }
}

void Emitter::run() {
  SmallVector<int64_t> sources(schedule.sources.begin(),
                               schedule.sources.end());
  auto group = npu::GroupOp::create(b, loc, b.getStringAttr(schedule.name),
                                    b.getDenseI64ArrayAttr(sources),
                                    b.getF64FloatAttr(schedule.cost.dramBytes),
                                    b.getF64FloatAttr(schedule.cost.total));
  OpBuilder::InsertionGuard guard(b);
  b.createBlock(&group.getBody());
  for (const plan::Buffer &buffer : schedule.buffers)
    buffers.push_back(npu::BufferOp::create(
        b, loc, npu::BufferType::get(context), buffer.name, buffer.space,
        buffer.slotRows, buffer.slots, buffer.pitchRows, buffer.base,
        buffer.turnDepth < 0 ? IntegerAttr()
                             : b.getI64IntegerAttr(buffer.turnDepth)));
  for (const plan::Step &s : schedule.steps)
    step(s);
}

/// The first iteration with tensors and sources numbered anew, and a call for
/// every iteration.
static void emitRoutine(const PlannedProgram &program,
                        const PlannedRoutine &routine, OpBuilder &b) {
  Location loc = b.getUnknownLoc();
  const plan::Repeat &repeat = routine.repeat;
  std::vector<plan::Slot> slots = plan::slotsOf(program.schedules, repeat);
  std::map<plan::Slot, int> numbers;
  for (size_t i = 0; i < slots.size(); ++i)
    numbers[slots[i]] = static_cast<int>(i);
  std::vector<plan::Schedule> body;
  int sources = 0;
  for (size_t g = 0; g < repeat.period; ++g) {
    plan::Schedule group = program.schedules[repeat.first + g];
    std::vector<int> named = plan::tensorsOf(group);
    std::map<int, int> formal;
    for (size_t t = 0; t < named.size(); ++t) {
      plan::Slot slot;
      for (size_t i = 0; i < repeat.count; ++i)
        slot.tensors.push_back(plan::tensorsOf(
            program.schedules[repeat.first + i * repeat.period + g])[t]);
      formal[named[t]] = numbers.at(slot);
    }
    for (plan::Step &step : group.steps)
      for (plan::DramTile *tile : {&step.dram, &step.indices})
        if (tile->tensor >= 0)
          tile->tensor = formal.at(tile->tensor);
    for (int &source : group.sources)
      source = sources++;
    body.push_back(std::move(group));
  }
  auto op = npu::RoutineOp::create(b, loc, routine.name, slots.size(), sources);
  {
    OpBuilder::InsertionGuard guard(b);
    b.createBlock(&op.getBody());
    for (const plan::Schedule &group : body)
      Emitter(group, b).run();
  }
  for (size_t i = 0; i < repeat.count; ++i) {
    SmallVector<int64_t> tensors, from;
    for (const plan::Slot &slot : slots)
      tensors.push_back(slot.tensors[i]);
    for (size_t g = 0; g < repeat.period; ++g) {
      const plan::Schedule &group =
          program.schedules[repeat.first + i * repeat.period + g];
      from.append(group.sources.begin(), group.sources.end());
    }
    npu::CallOp::create(b, loc, routine.name, tensors, from);
  }
}

OwningOpRef<ModuleOp> emitNPU(const PlannedProgram &program,
                              MLIRContext &context) {
  OpBuilder b(&context);
  OwningOpRef<ModuleOp> module = ModuleOp::create(b.getUnknownLoc());
  b.setInsertionPointToEnd(module->getBody());
  for (const PlannedTensor &t : program.tensors) {
    auto matrix = [&](int64_t n) {
      return t.kind == TensorKind::Weight ? b.getI64IntegerAttr(n)
                                          : IntegerAttr();
    };
    npu::TensorOp::create(
        b, b.getUnknownLoc(), t.name, static_cast<npu::TensorKind>(t.kind),
        t.place.segment, t.place.offset, t.place.bytes, t.value,
        t.kind == TensorKind::Weight
            ? npu::LayoutAttr::get(&context, static_cast<npu::Layout>(t.layout))
            : npu::LayoutAttr(),
        matrix(t.rows), matrix(t.columns));
  }
  size_t next = 0;
  auto groupsUntil = [&](size_t end) {
    for (; next < end; ++next)
      Emitter(program.schedules[next], b).run();
  };
  for (const PlannedRoutine &routine : program.routines) {
    groupsUntil(routine.repeat.first);
    emitRoutine(program, routine, b);
    next = routine.repeat.end();
  }
  groupsUntil(program.schedules.size());
  return module;
}

} // namespace tilework
