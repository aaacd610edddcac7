// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plans row programs: elementwise chains, normalisations, softmax, row
// reductions and gathered rows, as one loop over row tiles (and column tiles
// where nothing spans a row).

#include "compiler/planning/Allocator.h"
#include "compiler/planning/Planner.h"
#include "compiler/planning/RowsWriter.h"

#include <algorithm>
#include <limits>

namespace tilework::planning {

Planned planRows(const RowsGroup &group, const Machine &machine) {
  Planned result;
  int64_t L = machine.lanes();
  bool whole = false, statistics = false;
  for (const RowOp &op : group.ops) {
    whole |= spansRow(op.kind);
    statistics |= spansRow(op.kind) || op.kind == RowOpKind::RowScalar;
  }
  int64_t most = statistics ? std::min<int64_t>(group.m, machine.statisticsRows)
                            : std::min<int64_t>(group.m, 16384);
  auto mChoices = tileChoices(group.m, 1, most);
  auto nChoices =
      whole ? std::vector<int64_t>{group.n} : tileChoices(group.n, L, 32768);
  int64_t least = -1, leastSums = -1;
  double best = std::numeric_limits<double>::infinity();
  for (int64_t n : nChoices)
    for (int64_t m : mChoices) {
      double tiles = double(ceilDiv(group.m, m)) * double(ceilDiv(group.n, n));
      for (int64_t size : group.batch)
        tiles *= double(size);
      // Few tiles overlap badly, many cost a start each.
      double area = double(m) * double(std::min(n, group.n));
      double cost = tiles * 200.0 + area * 0.25 +
                    (n < group.n ? tiles * double(m) * 4.0 : 0.0);
      if (cost >= best)
        continue;
      Schedule schedule;
      RowsWriter writer(group, m, std::min(n, roundUp(group.n, L)), machine,
                        schedule);
      writer.write();
      least = scratchpadRowsNeeded(schedule, machine);
      leastSums = accumulatorRowsNeeded(schedule);
      if (!fits(schedule, machine))
        continue;
      best = cost;
      double bytes = 0;
      for (const Step &step : schedule.steps)
        if (step.kind == StepKind::Load || step.kind == StepKind::Store ||
            step.kind == StepKind::Gather)
          bytes += tiles * double(std::min<int64_t>(step.rows.tile, group.m)) *
                   double(std::min<int64_t>(step.columns.tile,
                                            std::max(group.n, group.m))) *
                   2.0;
      schedule.cost.dramBytes = bytes;
      schedule.cost.total = bytes / machine.dramBytesPerCycle + tiles * 200.0;
      result.schedule = std::move(schedule);
    }
  if (!result.schedule) {
    result.refusal = "no tile of a row of " + std::to_string(group.n) +
                     " elements fits: the smallest tried needs " +
                     std::to_string(least) + " scratchpad and " +
                     std::to_string(leastSums) +
                     " accumulator rows, the target has " +
                     std::to_string(machine.scratchpadRows()) + " and " +
                     std::to_string(machine.accumulatorRows());
    return result;
  }
  allocate(*result.schedule, machine, false);
  return result;
}

} // namespace tilework::planning
