// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plans strided copies through the scratchpad: what no operand's addressing can
// take in (concatenation, a transpose of elements, broadcasts that must be
// written out).

#include "compiler/planning/Allocator.h"
#include "compiler/planning/Planner.h"
#include "compiler/planning/ScheduleBuilder.h"

#include <algorithm>

namespace tilework::planning {

namespace {

/// The part of the scratchpad that a tile takes: with its two slots a copy
/// leaves half of it to its neighbours.
constexpr int64_t kTilePart = 4;

struct Dimension {
  int64_t size, source, destination;
};

/// Dimensions without those of one element, neighbours that step alike merged.
std::vector<Dimension> normalise(const CopyGroup &group) {
  std::vector<Dimension> out;
  for (size_t d = 0; d < group.sizes.size(); ++d) {
    Dimension next{group.sizes[d], group.sourceStrides[d],
                   group.destinationStrides[d]};
    if (next.size == 1)
      continue;
    if (!out.empty() && out.back().source == next.size * next.source &&
        out.back().destination == next.size * next.destination)
      out.back() = {out.back().size * next.size, next.source, next.destination};
    else
      out.push_back(next);
  }
  return out;
}

/// The loops of a copy: the innermost is a run of elements where both sides are
/// dense in it; otherwise runs are one element.
std::vector<Dimension> loopsOf(const CopyGroup &group) {
  std::vector<Dimension> dims = normalise(group);
  int64_t bytes = int64_t(1) << group.elementLog2;
  if (dims.empty() || dims.back().source != bytes ||
      dims.back().destination != bytes)
    dims.push_back({1, bytes, bytes});
  // The rows of one instruction rise in memory; what runs backwards is a loop,
  // whose step may be negative.
  if (dims.size() > 1 && dims[dims.size() - 2].source < 0) {
    auto rows = dims.end();
    for (auto d = dims.begin(); d != std::prev(dims.end()); ++d)
      if (d->source >= 0 && (rows == dims.end() || d->size > rows->size))
        rows = d;
    if (rows != dims.end())
      std::rotate(rows, std::next(rows), std::prev(dims.end()));
    else
      dims.insert(std::prev(dims.end()), {1, 0, 0});
  }
  if (dims.size() == 1)
    dims.insert(dims.begin(), {1, 0, 0});
  return dims;
}

} // namespace

bool copyIsTooDeep(const CopyGroup &group) {
  return loopsOf(group).size() > static_cast<size_t>(kMaxDepth);
}

Planned planCopy(const CopyGroup &group, const Machine &machine) {
  Planned result;
  std::vector<Dimension> dims = loopsOf(group);
  int64_t bytes = int64_t(1) << group.elementLog2;
  if (copyIsTooDeep(group)) {
    result.refusal = "a copy of more strided dimensions than there are loops";
    return result;
  }
  Dimension run = dims.back(), row = dims[dims.size() - 2];
  int64_t perRow = machine.rowBytes() / bytes;
  int64_t most = std::max<int64_t>(machine.scratchpadRows / kTilePart, 1);
  int64_t runTile = std::min({run.size, kMostTile, most * perRow});
  if (runTile < run.size)
    runTile = std::max(perRow, runTile / perRow * perRow);
  int64_t rowsPerRun = ceilDiv(runTile, perRow);
  int64_t rowTile =
      std::max<int64_t>(1, std::min({row.size, most / rowsPerRun, kMostTile}));
  Schedule schedule;
  ScheduleBuilder b(schedule, machine);
  DramTile source, destination;
  source.tensor = group.source;
  source.byte = group.sourceOffset;
  destination.tensor = group.destination;
  destination.byte = group.destinationOffset;
  for (size_t d = 0; d + 2 < dims.size(); ++d) {
    int depth = b.beginLoop(dims[d].size);
    source.byte.add(depth, dims[d].source);
    destination.byte.add(depth, dims[d].destination);
  }
  int rowDepth = b.beginLoop(ceilDiv(row.size, rowTile));
  int runDepth = b.beginLoop(ceilDiv(run.size, runTile));
  source.byte.add(rowDepth, rowTile * row.source)
      .add(runDepth, runTile * run.source);
  destination.byte.add(rowDepth, rowTile * row.destination)
      .add(runDepth, runTile * run.destination);
  source.stride = row.source;
  destination.stride = row.destination;
  Tile tile;
  tile.buffer =
      b.buffer("copy", Space::scratchpad, rowTile * rowsPerRun, 2, runDepth);
  tile.blockStride = rowTile;
  Extent rows(rowTile, row.size, rowDepth),
      columns(runTile, run.size, runDepth);
  b.load(source, tile, rows, columns, group.elementLog2);
  b.store(destination, tile, rows, columns, group.elementLog2);
  for (size_t d = 0; d < dims.size(); ++d)
    b.endLoop();
  double moved = double(bytes);
  for (const Dimension &d : dims)
    moved *= double(d.size);
  schedule.cost.dramBytes = 2 * moved;
  schedule.cost.total = 2 * moved / machine.dramBytesPerCycle;
  if (!allocate(schedule, machine, false)) {
    result.refusal = "a copy does not fit in " +
                     std::to_string(machine.scratchpadRows) +
                     " scratchpad rows";
    return result;
  }
  result.schedule = std::move(schedule);
  return result;
}

} // namespace tilework::planning
