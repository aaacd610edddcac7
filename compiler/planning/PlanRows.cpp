// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plans row programs: elementwise chains, normalisations, softmax, row
// reductions and gathered rows, as one loop over row tiles (and column tiles
// where nothing spans a row, or where a row does not fit).

#include "compiler/planning/Allocator.h"
#include "compiler/planning/Planner.h"
#include "compiler/planning/RowsWriter.h"

#include <algorithm>
#include <limits>

namespace tilework::planning {

namespace {

/// Rows of a tile whose rows depend on nothing: with this many, what a tile
/// costs to start is a hundredth of what it costs to pass through.
constexpr int64_t kMostRows = kMostTile / 2;
/// The load of the first tile and the store of the last one hide behind
/// nothing: cycles for the four bytes of an element, at the bandwidth of edge.
/// A guess is enough, for it only keeps a single tile from being large.
constexpr double kEdgeCycles = 0.25;
/// Cycles that a row costs in every tile of columns, whose bursts it cuts
/// short.
constexpr double kCutRowCycles = 4.0;

/// The search over tile sizes of one row program.
struct Search {
  const RowsGroup &group;
  const Machine &machine;
  std::vector<int64_t> mChoices;
  std::optional<Schedule> best;
  int64_t least = -1, leastSums = -1; ///< rows of the last that was tried

  void run(const std::vector<int64_t> &nChoices, bool stream);
};

} // namespace

void Search::run(const std::vector<int64_t> &nChoices, bool stream) {
  double cheapest = std::numeric_limits<double>::infinity();
  for (int64_t n : nChoices)
    for (int64_t m : mChoices) {
      double tiles = double(ceilDiv(group.m, m)) * double(ceilDiv(group.n, n));
      for (int64_t size : group.batch)
        tiles *= double(size);
      // Few tiles overlap badly, many cost a start each.
      double area = double(m) * double(std::min(n, group.n));
      double cost = tiles * kTileCycles + area * kEdgeCycles +
                    (n < group.n ? tiles * double(m) * kCutRowCycles : 0.0);
      if (cost >= cheapest)
        continue;
      Schedule schedule;
      RowsWriter writer(group, m,
                        std::min(n, roundUp(group.n, machine.lanes())), machine,
                        schedule);
      stream ? writer.stream() : writer.write();
      least = scratchpadRowsNeeded(schedule, machine);
      leastSums = accumulatorRowsNeeded(schedule);
      if (!fits(schedule, machine))
        continue;
      cheapest = cost;
      double bytes = 0;
      for (const Step &step : schedule.steps)
        if (step.kind == StepKind::Load || step.kind == StepKind::Store ||
            step.kind == StepKind::Gather)
          bytes += tiles * double(std::min<int64_t>(step.rows.tile, group.m)) *
                   double(std::min<int64_t>(step.columns.tile,
                                            std::max(group.n, group.m))) *
                   2.0;
      schedule.cost.dramBytes = bytes;
      schedule.cost.total =
          bytes / machine.dramBytesPerCycle + tiles * kTileCycles;
      best = std::move(schedule);
    }
}

Planned planRows(const RowsGroup &group, const Machine &machine) {
  // One loop for the rows and one for the columns besides.
  if (group.batch.size() + 2 > static_cast<size_t>(kMaxDepth)) {
    Planned result;
    result.refusal = tooManyLoops(group.batch.size() + 2);
    return result;
  }
  bool whole = false, statistics = false;
  for (const RowOp &op : group.ops) {
    whole |= spansRow(op.kind);
    statistics |= spansRow(op.kind) || op.kind == RowOpKind::RowScalar;
  }
  int64_t most = statistics ? std::min<int64_t>(group.m, machine.statisticsRows)
                            : std::min<int64_t>(group.m, kMostRows);
  Search search{group, machine, tileChoices(group.m, 1, most), {}};
  auto columns = tileChoices(group.n, machine.lanes(), kMostTile);
  search.run(whole ? std::vector<int64_t>{group.n} : columns, false);
  // A row that does not fit is read again for each of its statistics.
  if (!search.best && RowsWriter::streams(group))
    search.run(columns, true);
  Planned result;
  if (!search.best) {
    result.refusal = "no tile of a row of " + std::to_string(group.n) +
                     " elements fits: the smallest tried needs " +
                     std::to_string(search.least) + " scratchpad and " +
                     std::to_string(search.leastSums) +
                     " accumulator rows, the target has " +
                     std::to_string(machine.scratchpadRows) + " and " +
                     std::to_string(machine.accumulatorRows);
    return result;
  }
  result.schedule = std::move(search.best);
  allocate(*result.schedule, machine, false);
  return result;
}

} // namespace tilework::planning
