// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The planner: from a group to the best schedule that fits the target. A
// schedule that is returned is allocated and will lower; where nothing fits,
// the message says what was needed and what there is.

#pragma once

#include "compiler/planning/Group.h"

#include <optional>
#include <string>

namespace tilework::planning {

/// A schedule, or why there is none.
struct Planned {
  std::optional<Schedule> schedule;
  std::string refusal;
};

Planned planMatmul(const MatmulGroup &group, const Machine &machine);
Planned planAttention(const AttentionGroup &group, const Machine &machine);
Planned planRows(const RowsGroup &group, const Machine &machine);
Planned planCopy(const CopyGroup &group, const Machine &machine);
/// Whether a copy has more strided dimensions than a schedule has loops, so
/// that it must be done in parts.
bool copyIsTooDeep(const CopyGroup &group);

class ScheduleBuilder;
class ChainWriter;

/// The statistic that holds what `shiftRows` subtracts.
constexpr int kNormShift = 3;

/// Subtracts from each row of `n` elements the mean of its first ones, which is
/// near the row's own: sums of squares of what is left lose nothing to the
/// mean. `rows` is the chain's extent of rows. Where the loop at `depth` runs
/// over tiles of columns, the first tile gives the shift of all.
void shiftRows(ScheduleBuilder &builder, ChainWriter &chain, int64_t n,
               Extent rows, int depth = -1);

/// Writes the steps that turn Σx (statistic 0) and Σx² (statistic 1) of `rows`
/// rows of `n` elements into −mean·rstd (statistic 0) and rstd (statistic 1);
/// root: only the latter, from Σx² in statistic 1. `unshift`: the sums are
/// those of shifted rows, the mean is to be that of the rows themselves.
void finishNormStatistics(ScheduleBuilder &builder, const Norm &norm, int64_t n,
                          Extent rows, bool unshift);

/// Tile sizes to try for a dimension: multiples of `unit` that split it evenly,
/// the largest first, ending at `unit`.
std::vector<int64_t> tileChoices(int64_t extent, int64_t unit, int64_t most);

} // namespace tilework::planning
