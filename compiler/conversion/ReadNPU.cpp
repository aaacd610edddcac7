// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// npu ops to schedules, for the lowering.

#include "compiler/conversion/NPUModule.h"

#include "dialects/npu/NPUDialect.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cstring>
#include <map>

using namespace mlir;

namespace tilework {

namespace plan = planning;

namespace {

class Reader {
public:
  Reader(plan::Schedule &schedule, size_t tensors)
      : schedule(schedule), tensors(tensors) {}
  LogicalResult block(Block &block);

private:
  plan::Affine affine(ArrayRef<int64_t> values) const {
    plan::Affine a(values.front());
    for (size_t d = 1; d < values.size(); ++d)
      a.steps[d - 1] = values[d];
    return a;
  }
  plan::Tile tile(Value buffer, npu::TileAttr attr) const {
    plan::Tile t;
    t.buffer = buffers.lookup(buffer);
    t.row = affine(attr.getRow());
    t.stride = attr.getStride();
    t.blockStride = attr.getBlock();
    t.first = attr.getFirst();
    t.ahead = static_cast<int>(attr.getAhead());
    return t;
  }
  plan::DramTile dram(npu::DramAttr attr) const {
    plan::DramTile t;
    t.tensor = static_cast<int>(attr.getTensor());
    t.byte = affine(attr.getByte());
    t.stride = attr.getStride();
    t.outerStride = attr.getOuter();
    return t;
  }
  plan::Extent extent(npu::ExtentAttr attr) const {
    if (attr.getDepth() < 0)
      return plan::Extent(attr.getTile());
    return plan::Extent(attr.getTile(), attr.getTotal(),
                        static_cast<int>(attr.getDepth()));
  }
  plan::Step &step(plan::StepKind kind, int64_t primary) {
    schedule.steps.emplace_back();
    schedule.steps.back().kind = kind;
    schedule.steps.back().primary = static_cast<int>(primary);
    return schedule.steps.back();
  }
  template <typename Op> LogicalResult dma(Op op, plan::StepKind kind) {
    plan::Step &s = step(kind, op.getPrimary());
    s.tile = tile(op.getBuffer(), op.getTile());
    s.dram = dram(op.getDram());
    s.outer = extent(op.getOuter());
    s.rows = extent(op.getRows());
    s.columns = extent(op.getColumns());
    s.elementLog2 = static_cast<int>(op.getElementLog2());
    s.outerStride = op.getOuterStride();
    return known(op, s.dram);
  }
  LogicalResult known(Operation *op, const plan::DramTile &t) const {
    if (t.tensor < 0 || t.tensor >= static_cast<int>(tensors))
      return op->emitError()
             << "names tensor " << t.tensor << " of " << tensors;
    return success();
  }
  LogicalResult vector(npu::VectorOp op);

  plan::Schedule &schedule;
  size_t tensors;
  llvm::DenseMap<Value, int> buffers;
};

} // namespace

static float floatOf(int64_t bits) {
  auto word = static_cast<uint32_t>(bits);
  float value;
  std::memcpy(&value, &word, sizeof value);
  return value;
}

LogicalResult Reader::vector(npu::VectorOp op) {
  plan::Step &s = step(plan::StepKind::Vector, op.getPrimary());
  s.rows = extent(op.getRows());
  s.columns = extent(op.getColumns());
  npu::ChainAttr attr = op.getChain();
  plan::Chain &c = s.chain;
  c.sourceType = attr.getSource();
  c.elementType = attr.getElement();
  c.destinationType = attr.getDestination();
  c.multiply0 = attr.getMultiply0();
  c.add0 = attr.getAdd0();
  c.add1 = attr.getAdd1();
  c.function = attr.getFunction();
  c.operand = attr.getOperand();
  c.multiply1 = attr.getMultiply1();
  c.add2 = attr.getAdd2();
  c.reduce = attr.getReduce();
  c.reduceAccumulate = attr.getAccumulate();
  c.reduceDepth = static_cast<int>(attr.getAccumulateDepth());
  c.multiply0Scalar = floatOf(attr.getMultiply0Bits());
  c.add0Scalar = floatOf(attr.getAdd0Bits());
  c.statisticsBase = static_cast<int>(attr.getStatisticsBase());
  ArrayRef<int64_t> numbers = attr.getStatistics();
  if (!numbers.empty() && numbers.size() != 7)
    return op.emitError("a chain names seven statistics or none");
  int *statistics[] = {&c.sourceStatistic,      &c.elementStatistic,
                       &c.destinationStatistic, &c.multiply0Statistic,
                       &c.add1Statistic,        &c.multiply1Statistic,
                       &c.reduceStatistic};
  for (size_t i = 0; i < numbers.size(); ++i)
    *statistics[i] = static_cast<int>(numbers[i]);
  for (auto [role, buffer, attrTile] :
       llvm::zip(op.getRoles(), op.getBuffers(), op.getTiles())) {
    plan::Tile *targets[] = {&s.tile,      &s.element,   &s.sums,
                             &s.column[0], &s.column[1], &s.column[2]};
    *targets[role] = tile(buffer, cast<npu::TileAttr>(attrTile));
  }
  return success();
}

LogicalResult Reader::block(Block &block) {
  for (Operation &op : block) {
    LogicalResult result =
        llvm::TypeSwitch<Operation *, LogicalResult>(&op)
            .Case([&](npu::BufferOp buffer) {
              plan::Buffer b;
              b.name = buffer.getName().str();
              b.space = buffer.getSpace();
              b.slotRows = buffer.getRows();
              b.slots = buffer.getSlots();
              b.pitchRows = buffer.getPitch();
              b.base = buffer.getBase();
              b.turnDepth =
                  buffer.getTurns() ? static_cast<int>(*buffer.getTurns()) : -1;
              buffers[buffer.getBuffer()] =
                  static_cast<int>(schedule.buffers.size());
              schedule.buffers.push_back(std::move(b));
              return success();
            })
            .Case([&](npu::LoopOp loop) {
              step(plan::StepKind::Loop, 0).trip = loop.getTrip();
              if (failed(this->block(loop.getBody().front())))
                return failure();
              step(plan::StepKind::End, 0);
              return success();
            })
            .Case([&](npu::LoadOp load) {
              return dma(load, plan::StepKind::Load);
            })
            .Case([&](npu::StoreOp store) {
              return dma(store, plan::StepKind::Store);
            })
            .Case([&](npu::GatherOp gather) {
              plan::Step &s = step(plan::StepKind::Gather, gather.getPrimary());
              s.tile = tile(gather.getBuffer(), gather.getTile());
              s.dram = dram(gather.getDram());
              s.indices = dram(gather.getIndices());
              s.rows = extent(gather.getRows());
              s.columns = extent(gather.getColumns());
              s.bound = gather.getBound();
              if (failed(known(gather, s.indices)))
                return failure();
              return known(gather, s.dram);
            })
            .Case([&](npu::MatmulOp matmul) {
              plan::Step &s = step(plan::StepKind::Matmul, matmul.getPrimary());
              s.sums = tile(matmul.getSums(), matmul.getSumsTile());
              s.tile =
                  tile(matmul.getActivations(), matmul.getActivationsTile());
              s.weights = tile(matmul.getWeights(), matmul.getWeightsTile());
              s.rows = extent(matmul.getRows());
              s.columns = extent(matmul.getColumns());
              s.depth = extent(matmul.getDepth());
              s.byColumns = matmul.getByColumns();
              s.accumulate = matmul.getAccumulate();
              s.accumulateDepth = static_cast<int>(matmul.getAccumulateDepth());
              return success();
            })
            .Case([&](npu::VectorOp op) { return vector(op); })
            .Default([](Operation *op) {
              return op->emitError("has no place in a group");
            });
    if (failed(result))
      return failure();
  }
  return success();
}

static LogicalResult readGroup(npu::GroupOp op, size_t tensors,
                               plan::Schedule &schedule) {
  schedule.name = op.getName().str();
  schedule.sources.assign(op.getSources().begin(), op.getSources().end());
  if (op.getDramBytes())
    schedule.cost.dramBytes = op.getDramBytes()->convertToDouble();
  if (op.getCycles())
    schedule.cost.total = op.getCycles()->convertToDouble();
  return Reader(schedule, tensors).block(op.getBody().front());
}

/// A group of a routine with the tensors and sources of one call.
static plan::Schedule instance(plan::Schedule group, npu::CallOp call) {
  for (plan::Step &step : group.steps)
    for (plan::DramTile *tile : {&step.dram, &step.indices})
      if (tile->tensor >= 0)
        tile->tensor = static_cast<int>(call.getTensors()[tile->tensor]);
  for (int &source : group.sources)
    source = static_cast<int>(call.getSources()[source]);
  return group;
}

LogicalResult readNPU(ModuleOp module, PlannedProgram &program) {
  std::vector<PlannedTensor> tensors;
  std::vector<plan::Schedule> schedules;
  for (auto op : module.getOps<npu::TensorOp>()) {
    PlannedTensor t;
    t.name = op.getName().str();
    t.kind = static_cast<TensorKind>(op.getKind());
    t.place = {static_cast<int>(op.getSegment()),
               static_cast<int64_t>(op.getOffset()),
               static_cast<int64_t>(op.getBytes())};
    t.bytes = static_cast<int64_t>(op.getBytes());
    if (op.getValue())
      t.value = *op.getValue();
    if (op.getLayout())
      t.layout = static_cast<WeightLayout>(*op.getLayout());
    t.rows = op.getRows().value_or(0);
    t.columns = op.getColumns().value_or(0);
    tensors.push_back(std::move(t));
  }
  std::map<std::string, std::vector<plan::Schedule>> bodies;
  std::vector<PlannedRoutine> routines;
  // Calls behind one another are iterations of one repeat.
  Operation *calledBefore = nullptr;
  for (Operation &op : *module.getBody()) {
    if (auto group = dyn_cast<npu::GroupOp>(op)) {
      schedules.emplace_back();
      if (failed(readGroup(group, tensors.size(), schedules.back())))
        return failure();
    } else if (auto routine = dyn_cast<npu::RoutineOp>(op)) {
      std::vector<plan::Schedule> &body = bodies[routine.getName().str()];
      for (auto group : routine.getBody().getOps<npu::GroupOp>()) {
        body.emplace_back();
        if (failed(readGroup(group, routine.getTensors(), body.back())))
          return failure();
      }
    } else if (auto call = dyn_cast<npu::CallOp>(op)) {
      auto it = bodies.find(call.getCallee().str());
      if (it == bodies.end())
        return call.emitOpError("stands in front of its routine");
      for (int64_t tensor : call.getTensors())
        if (tensor < 0 || tensor >= static_cast<int64_t>(tensors.size()))
          return call.emitOpError()
                 << "names tensor " << tensor << " of " << tensors.size();
      size_t first = schedules.size();
      for (const plan::Schedule &group : it->second)
        schedules.push_back(instance(group, call));
      auto before = dyn_cast_or_null<npu::CallOp>(calledBefore);
      if (before && before.getCallee() == call.getCallee())
        ++routines.back().repeat.count;
      else
        routines.push_back({it->first, {first, it->second.size(), 1}});
      calledBefore = &op;
      continue;
    } else {
      continue;
    }
    calledBefore = nullptr;
  }
  program.tensors = std::move(tensors);
  program.schedules = std::move(schedules);
  program.routines = std::move(routines);
  return success();
}

} // namespace tilework
