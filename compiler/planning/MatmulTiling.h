// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How a product is cut into tiles: what the search over tilings and the writer
// of the schedule agree on.

#pragma once

#include "compiler/planning/Group.h"
#include "compiler/planning/Machine.h"

namespace tilework::planning {

/// How much of an operand a slot holds.
enum class Hold { Tile, Panel, Whole };

struct MatmulTiling {
  int64_t m = 0, n = 0, k = 0;
  bool rowsOuter = true; ///< loop over row tiles outside that over column tiles
  Hold a = Hold::Panel, b = Hold::Tile;
  int64_t aSlots = 1, bSlots = 2, sumSlots = 2, outSlots = 2;
};

/// A product and what its tiles take on a machine.
class TiledMatmul {
protected:
  TiledMatmul(const MatmulGroup &group, const Machine &machine)
      : g(group), machine(machine), L(machine.lanes()) {}

  int64_t weightPitch(int64_t rows) const {
    return roundUp(rows, machine.weightRows);
  }
  int64_t aRows(const MatmulTiling &t) const {
    return (t.a == Hold::Whole ? g.m : t.m) *
           ceilDiv(t.a == Hold::Tile ? t.k : g.k, L);
  }
  /// Of the rows (transposed: the columns) of the weights that a slot holds.
  int64_t bPitch(const MatmulTiling &t) const {
    return weightPitch(g.transposedB ? bColumns(t) : bDepth(t));
  }
  int64_t bRows(const MatmulTiling &t) const {
    return bPitch(t) * ceilDiv(g.transposedB ? bDepth(t) : bColumns(t), L);
  }
  /// Whether all columns of a bias are loaded once: where they take at most
  /// this part of the scratchpad, what their buffer takes from the tiles costs
  /// less than loading them for each tile.
  bool wholeColumns() const {
    constexpr int64_t part = 16;
    return g.norm || ceilDiv(g.n, L) <= machine.scratchpadRows / part;
  }
  /// Whether rows are shifted before their statistics are taken.
  bool shifts() const { return g.norm && !g.norm->root; }

  const MatmulGroup &g;
  const Machine &machine;
  const int64_t L; ///< elements of a row of the scratchpad

private:
  int64_t bDepth(const MatmulTiling &t) const {
    return t.b == Hold::Tile ? t.k : g.k;
  }
  int64_t bColumns(const MatmulTiling &t) const {
    return t.b == Hold::Whole ? g.n : t.n;
  }
};

/// The schedule of a product in these tiles, not yet allocated.
Schedule writeMatmul(const MatmulGroup &group, const Machine &machine,
                     const MatmulTiling &tiling);

} // namespace tilework::planning
