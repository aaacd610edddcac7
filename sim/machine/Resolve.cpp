// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Unit instructions at dispatch: registers become numbers, then registers,
// shape and bounds are checked in that order.

#include "sim/machine/Machine.h"

#include <algorithm>

namespace tilework::sim {

namespace {

uint64_t ceilDiv(uint64_t a, uint64_t b) { return (a + b - 1) / b; }

/// Rows from the first to one past the last of a tile of `rows` × `blocks`.
uint64_t tileSpan(uint64_t rows, uint64_t blocks, int64_t stride,
                  int64_t blockStride) {
  return (blocks - 1) * uint64_t(blockStride) + (rows - 1) * uint64_t(stride) +
         1;
}

bool isScratchpad(isa::VectorType type) {
  return type == isa::VectorType::bf16 || type == isa::VectorType::int8;
}
bool isAccumulator(isa::VectorType type) {
  return type == isa::VectorType::fp32 || type == isa::VectorType::int32;
}

} // namespace

void Machine::checkRegion(const AddressRegister &reg, int64_t start,
                          uint64_t span, const char *field) const {
  const int64_t low =
      reg.wrap == 0
          ? 0
          : std::max<int64_t>(0, int64_t(reg.limit) - int64_t(reg.wrap));
  if (start < low || uint64_t(start) + span > reg.limit)
    trap(TrapCause::bounds, std::string(field) + ": [" + std::to_string(start) +
                                ", " + std::to_string(start + int64_t(span)) +
                                ") leaves [" + std::to_string(low) + ", " +
                                std::to_string(reg.limit) + ")");
}

void Machine::resolveWaits(const std::array<uint8_t, 4> &fields,
                           Operation &operation) const {
  for (unsigned unit = 0; unit < kUnitCount; ++unit)
    if (fields[unit] != 0)
      operation.waits[unit] = {true, dispatched[unit] - (fields[unit] - 1u)};
}

template <typename Inst> void Machine::dispatch(const Inst &inst, Step &step) {
  Operation &operation = step.operation;
  step.kind = Step::Kind::Operation;
  operation.kind = Inst::unitOpcode;
  const Unit unit = unitOf(inst.retiredBy());
  operation.unit = unit;
  operation.pc = nextPc;
  operation.context = callContext;
  resolveWaits(inst.waits(), operation);
  operation.sequence = dispatched[static_cast<unsigned>(unit)]++;
}

void Machine::execute(const isa::Null &inst, Step &step) {
  dispatch(inst, step);
}

//===----------------------------------------------------------------------===//
// DMA
//===----------------------------------------------------------------------===//

template <typename Inst>
void Machine::resolveTileCopy(const Inst &inst, Unit unit, Step &step) {
  const AddressRegister &dram = address(inst.dram, isa::Space::dram, "dram");
  const AddressRegister &tile =
      address(inst.tile, isa::Space::scratchpad, "tile");
  const uint64_t outer = extent(inst.outer, "outer"),
                 rows = extent(inst.rows, "rows");
  const uint64_t rowBytes = uint64_t(extent(inst.elements, "elements"))
                            << inst.element_log2_bytes;
  if (inst.element_log2_bytes > 2)
    trap(TrapCause::shape, "element_log2_bytes is above 2");
  if (dram.stride < 0 || dram.blockStride < 0 || tile.stride < 0 ||
      tile.blockStride < 0)
    trap(TrapCause::shape, "negative stride");
  if (unit == Unit::Load && rows > 1 && tile.stride == 0)
    trap(TrapCause::shape, "tile: rows of the destination have stride 0");
  if (inst.tile_first != 0 && inst.tile_first + rowBytes > geometry.rowBytes())
    trap(TrapCause::shape, "tile: the window leaves its row");
  if (outer != 0 && rows != 0 && rowBytes != 0) {
    checkRegion(dram, int64_t(dram.value) + inst.dram_offset,
                (outer - 1) * uint64_t(dram.blockStride) +
                    (rows - 1) * uint64_t(dram.stride) + rowBytes,
                "dram");
    const uint64_t blocks =
        inst.tile_first != 0 ? 1 : ceilDiv(rowBytes, geometry.rowBytes());
    checkRegion(tile, int64_t(tile.value) + inst.tile_offset,
                (outer - 1) * inst.outer_stride +
                    tileSpan(rows, blocks, tile.stride, tile.blockStride),
                "tile");
  }
  DmaOperation &dma = step.operation.dma;
  dma.dramAddress = launch.segments[dram.segment].base + dram.value +
                    int64_t(inst.dram_offset);
  dma.dramStride = dram.stride;
  dma.dramOuterStride = dram.blockStride;
  dma.tile = {false, uint32_t(tile.value + inst.tile_offset), tile.stride,
              tile.blockStride, inst.tile_first};
  dma.tileOuterStride = inst.outer_stride;
  dma.outer = outer;
  dma.rows = rows;
  dma.rowBytes = rowBytes;
}

void Machine::execute(const isa::Load &inst, Step &step) {
  resolveTileCopy(inst, Unit::Load, step);
  dispatch(inst, step);
}

void Machine::execute(const isa::Store &inst, Step &step) {
  resolveTileCopy(inst, Unit::Store, step);
  dispatch(inst, step);
}

void Machine::execute(const isa::Gather &inst, Step &step) {
  const AddressRegister &indices =
      address(inst.indices, isa::Space::dram, "indices");
  const AddressRegister &dram = address(inst.dram, isa::Space::dram, "dram");
  const AddressRegister &tile =
      address(inst.tile, isa::Space::scratchpad, "tile");
  const uint64_t rows = extent(inst.rows, "rows");
  const uint64_t rowBytes = uint64_t(extent(inst.elements, "elements"))
                            << inst.element_log2_bytes;
  if (inst.element_log2_bytes > 2)
    trap(TrapCause::shape, "element_log2_bytes is above 2");
  if (dram.stride < 0 || tile.stride < 0 || tile.blockStride < 0)
    trap(TrapCause::shape, "negative stride");
  if (rows > 1 && tile.stride == 0)
    trap(TrapCause::shape, "tile: rows of the destination have stride 0");
  if (inst.tile_first != 0 && inst.tile_first + rowBytes > geometry.rowBytes())
    trap(TrapCause::shape, "tile: the window leaves its row");
  const int64_t indexStart = int64_t(indices.value) + inst.indices_offset;
  if ((launch.segments[indices.segment].base + uint64_t(indexStart)) % 4 != 0)
    trap(TrapCause::shape, "indices: not aligned to 4 bytes");
  if (rows != 0 && rowBytes != 0) {
    checkRegion(indices, indexStart, rows * 4, "indices");
    if (inst.bound != 0)
      checkRegion(dram, int64_t(dram.value) + inst.dram_offset,
                  uint64_t(inst.bound - 1) * uint64_t(dram.stride) + rowBytes,
                  "dram");
    const uint64_t blocks =
        inst.tile_first != 0 ? 1 : ceilDiv(rowBytes, geometry.rowBytes());
    checkRegion(tile, int64_t(tile.value) + inst.tile_offset,
                tileSpan(rows, blocks, tile.stride, tile.blockStride), "tile");
  }
  DmaOperation &dma = step.operation.dma;
  dma.dramAddress = launch.segments[dram.segment].base + dram.value +
                    int64_t(inst.dram_offset);
  dma.dramStride = dram.stride;
  dma.indexAddress =
      launch.segments[indices.segment].base + uint64_t(indexStart);
  dma.bound = inst.bound;
  dma.tile = {false, uint32_t(tile.value + inst.tile_offset), tile.stride,
              tile.blockStride, inst.tile_first};
  dma.outer = 1;
  dma.rows = rows;
  dma.rowBytes = rowBytes;
  dispatch(inst, step);
}

//===----------------------------------------------------------------------===//
// Systolic array
//===----------------------------------------------------------------------===//

void Machine::execute(const isa::Matmul &inst, Step &step) {
  const AddressRegister &activations =
      address(inst.activations, isa::Space::scratchpad, "activations");
  const AddressRegister &weights =
      address(inst.weights, isa::Space::scratchpad, "weights");
  const AddressRegister &sums =
      address(inst.sums, isa::Space::accumulator, "sums");
  const uint64_t m = extent(inst.rows, "rows"),
                 n = extent(inst.columns, "columns"),
                 k = extent(inst.depth, "depth");
  bool accumulate = inst.accumulate == isa::Accumulate::always;
  if (inst.accumulate == isa::Accumulate::after_first) {
    if (inst.accumulate_loop >= loops.size())
      trap(TrapCause::nesting, "accumulate_loop " +
                                   std::to_string(inst.accumulate_loop) +
                                   " is not active");
    accumulate = !loops[inst.accumulate_loop].first;
  }

  const bool int8 = inst.operand_type == isa::MatmulType::int8,
             byColumn = inst.side == isa::WeightSide::columns;
  const uint64_t elementBytes = int8 ? 1 : 2, rowBytes = geometry.rowBytes(),
                 w = geometry.weightRows;
  const int64_t weightsStart = int64_t(weights.value) + inst.weights_offset;
  const uint64_t weightsWindow = byColumn ? k * elementBytes : 2 * n;
  if (activations.stride < 0 || activations.blockStride < 0 ||
      weights.blockStride < 0 || sums.stride < 0 || sums.blockStride < 0)
    trap(TrapCause::shape, "negative stride");
  if (weights.stride != 1 || weightsStart % int64_t(w) != 0 ||
      weights.blockStride % int64_t(w) != 0)
    trap(TrapCause::shape,
         "weights: stride must be 1, start and block stride multiples of " +
             std::to_string(w));
  if (inst.activations_first % 2 != 0 || inst.weights_first % 2 != 0)
    trap(TrapCause::shape, "a window begins inside a lane");
  if (inst.activations_first != 0 &&
      inst.activations_first + k * elementBytes > rowBytes)
    trap(TrapCause::shape, "activations: the window leaves its row");
  if (inst.weights_first != 0 && inst.weights_first + weightsWindow > rowBytes)
    trap(TrapCause::shape, "weights: the window leaves its row");
  if (m > 1 && sums.stride == 0)
    trap(TrapCause::shape, "sums: rows of the destination have stride 0");
  if (m != 0 && n != 0 && k != 0) {
    const uint64_t activationBlocks =
        inst.activations_first != 0 ? 1 : ceilDiv(k * elementBytes, rowBytes);
    checkRegion(activations,
                int64_t(activations.value) + inst.activations_offset,
                tileSpan(m, activationBlocks, activations.stride,
                         activations.blockStride),
                "activations");
    const uint64_t weightRows = byColumn ? n : int8 ? ceilDiv(k, 2) : k;
    const uint64_t weightBlocks =
        inst.weights_first != 0 ? 1 : ceilDiv(weightsWindow, rowBytes);
    checkRegion(weights, weightsStart,
                tileSpan(weightRows, weightBlocks, 1, weights.blockStride),
                "weights");
    checkRegion(sums, int64_t(sums.value) + inst.sums_offset,
                tileSpan(m, ceilDiv(n, geometry.columns), sums.stride,
                         sums.blockStride),
                "sums");
  }

  MatmulOperation &matmul = step.operation.matmul;
  matmul.activations = {
      false, uint32_t(activations.value + inst.activations_offset),
      activations.stride, activations.blockStride, inst.activations_first};
  matmul.weights = {false, uint32_t(weightsStart), 1, weights.blockStride,
                    inst.weights_first};
  matmul.sums = {true, uint32_t(sums.value + inst.sums_offset), sums.stride,
                 sums.blockStride, 0};
  matmul.rows = m;
  matmul.columns = n;
  matmul.depth = k;
  matmul.weightsByColumn = byColumn;
  matmul.type = inst.operand_type;
  matmul.accumulate = accumulate;
  dispatch(inst, step);
}

//===----------------------------------------------------------------------===//
// Vector unit
//===----------------------------------------------------------------------===//

void Machine::execute(const isa::Vector &inst, Step &step) {
  using Type = isa::VectorType;
  auto operand = [&](Type type, unsigned index,
                     const char *field) -> const AddressRegister * {
    if (isScratchpad(type))
      return &address(index, isa::Space::scratchpad, field);
    if (isAccumulator(type))
      return &address(index, isa::Space::accumulator, field);
    return nullptr;
  };
  const isa::VectorStages stages = isa::stagesOf(inst);
  const bool usesElement = stages.usesElement();
  const std::array<bool, 3> usesColumn = stages.usesColumns(),
                            usesStatistic = stages.usesStatistics();
  const bool reduces = inst.reduce != isa::Reduce::none;

  // Registers.
  const AddressRegister *source =
      operand(inst.source_type, inst.source, "source");
  const AddressRegister *element =
      usesElement ? operand(inst.element_type, inst.element, "element")
                  : nullptr;
  const AddressRegister *destination =
      operand(inst.destination_type, inst.destination, "destination");
  const std::array<uint8_t, 3> columnIndex = {inst.column0, inst.column1,
                                              inst.column2};
  const std::array<uint16_t, 3> columnOffset = {
      inst.column0_offset, inst.column1_offset, inst.column2_offset};
  std::array<const AddressRegister *, 3> columns{};
  for (unsigned i = 0; i < 3; ++i)
    if (usesColumn[i])
      columns[i] = &address(columnIndex[i], isa::Space::scratchpad, "column");
  const uint64_t m = extent(inst.rows, "rows"),
                 n = extent(inst.columns, "columns");
  const float multiply0Scalar =
      stages.usesScalars()[0]
          ? scalar(inst.multiply0_scalar, "multiply0_scalar")
          : 0.0f;
  const float add0Scalar =
      stages.usesScalars()[1] ? scalar(inst.add0_scalar, "add0_scalar") : 0.0f;

  // Shape.
  const Type elementType = usesElement ? inst.element_type : Type::none;
  if (inst.source_type == Type::none)
    trap(TrapCause::shape, "source_type is none");
  if (usesElement && inst.element_type == Type::none)
    trap(TrapCause::shape,
         "a stage uses the element operand but element_type is none");
  const bool alongRows = inst.source_type == Type::statistics ||
                         elementType == Type::statistics ||
                         inst.destination_type == Type::statistics;
  if (alongRows && m > 1)
    trap(TrapCause::shape, "type statistics takes one row");
  if (alongRows && reduces)
    trap(TrapCause::shape, "type statistics does not go with a reduction");
  // A statistic is named in place of an offset.
  auto statistic = [&](Type type, unsigned offset,
                       const char *field) -> uint8_t {
    if (type != Type::statistics)
      return 0;
    if (offset >= isa::kStatistics)
      trap(TrapCause::shape, std::string(field) + ": no such statistic");
    return static_cast<uint8_t>(offset % isa::kStatistics);
  };
  const uint8_t sourceStatistic =
      statistic(inst.source_type, inst.source_offset, "source");
  const uint8_t elementStatistic =
      statistic(elementType, inst.element_offset, "element");
  const uint8_t destinationStatistic =
      statistic(inst.destination_type, inst.destination_offset, "destination");
  const bool usesRowStatistic =
      usesStatistic[0] || usesStatistic[1] || usesStatistic[2];
  auto clashes = [&](unsigned written) {
    return (usesStatistic[0] && inst.multiply0_statistic == written) ||
           (usesStatistic[1] && inst.add1_statistic == written) ||
           (usesStatistic[2] && inst.multiply1_statistic == written);
  };
  if ((inst.destination_type == Type::statistics &&
       clashes(destinationStatistic)) ||
      (reduces && clashes(inst.reduce_statistic)) ||
      (inst.reduce == isa::Reduce::sum_and_squares &&
       clashes((inst.reduce_statistic + 1) & 3)))
    trap(TrapCause::shape,
         "a row statistic is read and written by one instruction");
  auto checkShape = [&](const AddressRegister *reg, Type type, unsigned first,
                        const char *field) {
    if (!reg)
      return;
    if (reg->stride < 0 || reg->blockStride < 0)
      trap(TrapCause::shape, std::string(field) + ": negative stride");
    if (first == 0)
      return;
    const uint64_t perRow =
        isAccumulator(type) ? 0
                            : geometry.lanes() * (type == Type::int8 ? 2 : 1);
    if (first + n > perRow ||
        (n > geometry.vectorLanes && first % geometry.vectorLanes != 0))
      trap(TrapCause::shape,
           std::string(field) +
               ": the window leaves its row or is not aligned to the lanes");
  };
  checkShape(source, inst.source_type, inst.source_first, "source");
  checkShape(element, elementType, inst.element_first, "element");
  checkShape(destination, inst.destination_type, inst.destination_first,
             "destination");
  for (const AddressRegister *column : columns)
    if (column && column->blockStride < 0)
      trap(TrapCause::shape, "column: negative stride");
  if (destination && m > 1 && destination->stride == 0)
    trap(TrapCause::shape, "destination: rows have stride 0");

  // Bounds.
  if (m != 0 && n != 0) {
    auto checkBounds = [&](const AddressRegister *reg, Type type,
                           uint64_t offset, unsigned first, const char *field) {
      if (!reg)
        return;
      const uint64_t perRow =
          isAccumulator(type) ? geometry.columns
                              : geometry.lanes() * (type == Type::int8 ? 2 : 1);
      const uint64_t blocks = first != 0 ? 1 : ceilDiv(n, perRow);
      checkRegion(*reg, int64_t(reg->value) + int64_t(offset),
                  tileSpan(m, blocks, reg->stride, reg->blockStride), field);
    };
    checkBounds(source, inst.source_type, inst.source_offset, inst.source_first,
                "source");
    checkBounds(element, elementType, inst.element_offset, inst.element_first,
                "element");
    checkBounds(destination, inst.destination_type, inst.destination_offset,
                inst.destination_first, "destination");
    for (unsigned i = 0; i < 3; ++i)
      if (columns[i])
        checkRegion(*columns[i], int64_t(columns[i]->value) + columnOffset[i],
                    (ceilDiv(n, geometry.lanes()) - 1) *
                            uint64_t(columns[i]->blockStride) +
                        1,
                    "column");
    const uint64_t statisticsRow =
        uint64_t(inst.statistics_base) * geometry.vectorLanes;
    const uint64_t entries = std::max<uint64_t>(
        alongRows ? n : 0, usesRowStatistic || reduces ? m : 0);
    if (entries != 0 && statisticsRow + entries > geometry.statisticsRows)
      trap(TrapCause::bounds,
           "statistics: " + std::to_string(statisticsRow + entries) +
               " entries of " + std::to_string(geometry.statisticsRows));
  }

  auto tile = [](const AddressRegister *reg, Type type, uint64_t offset,
                 unsigned first) {
    return reg ? TileAddress{isAccumulator(type), uint32_t(reg->value + offset),
                             reg->stride, reg->blockStride, first}
               : TileAddress{};
  };
  VectorOperation &vector = step.operation.vector;
  vector.source =
      tile(source, inst.source_type, inst.source_offset, inst.source_first);
  vector.element =
      tile(element, elementType, inst.element_offset, inst.element_first);
  vector.destination = tile(destination, inst.destination_type,
                            inst.destination_offset, inst.destination_first);
  for (unsigned i = 0; i < 3; ++i)
    vector.columns[i] = tile(columns[i], Type::bf16, columnOffset[i], 0);
  vector.rows = m;
  vector.elements = n;
  vector.sourceType = inst.source_type;
  vector.elementType = elementType;
  vector.destinationType = inst.destination_type;
  vector.multiply0 = inst.multiply0;
  vector.add0 = inst.add0;
  vector.add1 = inst.add1;
  vector.function = inst.func;
  vector.functionOperand = inst.operand;
  vector.multiply1 = inst.multiply1;
  vector.add2 = inst.add2;
  vector.reduce = inst.reduce;
  vector.reduceAccumulate = inst.reduce_accumulate;
  vector.multiply0Scalar = multiply0Scalar;
  vector.add0Scalar = add0Scalar;
  vector.sourceStatistic = sourceStatistic;
  vector.elementStatistic = elementStatistic;
  vector.destinationStatistic = destinationStatistic;
  vector.multiply0Statistic = inst.multiply0_statistic;
  vector.add1Statistic = inst.add1_statistic;
  vector.multiply1Statistic = inst.multiply1_statistic;
  vector.reduceStatistic = inst.reduce_statistic;
  vector.statisticsRow = inst.statistics_base * geometry.vectorLanes;
  dispatch(inst, step);
}

} // namespace tilework::sim
