// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Queries and text of the schedule record.

#include "compiler/planning/Schedule.h"

#include <sstream>

namespace tilework::planning {

std::string tooManyLoops(size_t loops) {
  return "it takes " + std::to_string(loops) +
         " loops over dimensions that are not dense, and there are " +
         std::to_string(kMaxDepth);
}

int64_t Schedule::peakRows(Space space) const {
  int64_t rows = 0;
  for (const Buffer &buffer : buffers)
    if (buffer.space == space)
      rows += buffer.totalRows();
  return rows;
}

void findStreams(Schedule &schedule) {
  auto mark = [&](const Tile &tile, uint8_t stream) {
    if (tile.buffer >= 0)
      schedule.buffers[tile.buffer].streams |= stream;
  };
  for (const Step &step : schedule.steps) {
    switch (step.kind) {
    case StepKind::Loop:
    case StepKind::End:
      break;
    case StepKind::Load:
    case StepKind::Gather:
      mark(step.tile, LoadWrites);
      break;
    case StepKind::Store:
      mark(step.tile, StoreReads);
      break;
    case StepKind::Matmul:
      mark(step.tile, ArrayActivations);
      mark(step.weights, ArrayWeights);
      mark(step.sums, ArraySums);
      break;
    case StepKind::Vector:
      mark(step.tile, VectorReads);
      mark(step.element, VectorReads);
      for (const Tile &column : step.column)
        mark(column, VectorReads);
      mark(step.sums, VectorWrites);
      break;
    }
  }
}

static std::string text(const Affine &affine) {
  std::string out = std::to_string(affine.base);
  for (int d = 0; d < kMaxDepth; ++d)
    if (affine.steps[d])
      out += "+" + std::to_string(affine.steps[d]) + "*i" + std::to_string(d);
  return out;
}

static std::string text(const Extent &extent) {
  if (extent.depth < 0)
    return std::to_string(extent.tile);
  return "min(" + std::to_string(extent.tile) + "," +
         std::to_string(extent.total) + "-" + std::to_string(extent.tile) +
         "*i" + std::to_string(extent.depth) + ")";
}

std::string print(const Schedule &schedule) {
  std::ostringstream out;
  auto tile = [&](const Tile &t) {
    if (t.buffer < 0)
      return std::string("-");
    std::string s = schedule.buffers[t.buffer].name + "[" + text(t.row) + "]";
    if (t.ahead)
      s += ">>" + std::to_string(t.ahead);
    return s;
  };
  out << "schedule " << schedule.name << "\n";
  for (const Buffer &b : schedule.buffers)
    out << "  buffer " << b.name
        << (b.space == Space::scratchpad ? " scratchpad " : " accumulator ")
        << b.slotRows << " rows x " << b.slots << " at " << b.base << " turns i"
        << b.turnDepth << "\n";
  std::string indent = "  ";
  int depth = 0;
  for (const Step &s : schedule.steps) {
    switch (s.kind) {
    case StepKind::Loop:
      out << indent << "loop i" << depth++ << " < " << s.trip << "\n";
      indent += "  ";
      break;
    case StepKind::End:
      indent.resize(indent.size() - 2);
      --depth;
      break;
    case StepKind::Load:
    case StepKind::Gather:
      out << indent << (s.kind == StepKind::Load ? "load " : "gather ")
          << tile(s.tile) << " <- t" << s.dram.tensor << "["
          << text(s.dram.byte) << "] " << text(s.outer) << "x" << text(s.rows)
          << "x" << text(s.columns) << "\n";
      break;
    case StepKind::Store:
      out << indent << "store t" << s.dram.tensor << "[" << text(s.dram.byte)
          << "] <- " << tile(s.tile) << " " << text(s.outer) << "x"
          << text(s.rows) << "x" << text(s.columns) << "\n";
      break;
    case StepKind::Matmul:
      out << indent << "matmul " << tile(s.sums) << " <- " << tile(s.tile)
          << " * " << tile(s.weights) << " " << text(s.rows) << "x"
          << text(s.depth) << "x" << text(s.columns) << "\n";
      break;
    case StepKind::Vector:
      out << indent << "vector " << tile(s.sums) << " <- " << tile(s.tile)
          << ", " << tile(s.element) << " " << text(s.rows) << "x"
          << text(s.columns) << " f" << static_cast<int>(s.chain.function)
          << " r" << static_cast<int>(s.chain.reduce) << "\n";
      break;
    }
  }
  return out.str();
}

} // namespace tilework::planning
