// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs the Verilated vector unit beside its timing class, with one dispatch and
// one set of grants for both, on memories of the bench; compares every request,
// retire and activity of every cycle.

#pragma once

#include "sim/functional/Memories.h"
#include "sim/systemc/VectorUnit.h"

#include <cstring>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace tilework::sim {

/// A port of any width is little-endian bytes on this host.
template <typename Port>
void putPort(Port &port, size_t byte, const void *from, size_t count) {
  std::memcpy(reinterpret_cast<uint8_t *>(&port) + byte, from, count);
}
template <typename Port>
void putWord(Port &port, unsigned index, uint32_t value) {
  putPort(port, 4 * index, &value, 4);
}
template <typename Port>
void putByte(Port &port, unsigned index, uint8_t value) {
  putPort(port, index, &value, 1);
}
template <typename Port> uint32_t wordOf(const Port &port, unsigned index) {
  uint32_t value;
  std::memcpy(&value, reinterpret_cast<const uint8_t *>(&port) + 4 * index, 4);
  return value;
}
template <typename Port> bool bitOf(const Port &port, unsigned index) {
  return reinterpret_cast<const uint8_t *>(&port)[index / 8] >> (index % 8) & 1;
}

template <typename Model> class VectorBench : RetireSink {
public:
  VectorBench(const Geometry &geometry, uint64_t seed)
      : memories(geometry), geometry(geometry), random(seed),
        scratchpad(geometry, *this), accumulator(geometry, *this),
        unit(geometry, counters, *this, scratchpad, accumulator) {
    model.rst_ni = 0;
    tick();
    tick();
    model.rst_ni = 1;
  }
  ~VectorBench() { model.final(); }

  unsigned refusals = 0; ///< percent of requests that are refused
  unsigned pauses = 0;   ///< percent of cycles without an operation offered
  bool skips = false;    ///< the timing class skips where it may

  /// The RTL's scratchpad and accumulator; its statistics are inside it.
  OnChipMemories memories;
  uint64_t retired() const { return retires; }
  Cycle cycle() const { return now; }
  Cycle lastRetire() const { return lastEnd; }

  /// Runs until all have retired. Empty when both agreed in every cycle, else
  /// the first difference.
  std::string run(const std::vector<Operation> &operations) {
    size_t next = 0;
    const uint64_t goal = retires + operations.size();
    Cycle quiet = 0;
    while (retires < goal) {
      const Operation *offered = nullptr;
      if (next < operations.size() && unit.ready() && !percent(pauses))
        offered = &operations[next++];
      const uint64_t before = retires;
      if (std::string difference = step(offered); !difference.empty())
        return difference + " in cycle " + std::to_string(now - 1);
      quiet = retires > before || offered ? 0 : quiet + 1;
      if (quiet > 200000)
        return "nothing retires any more in cycle " + std::to_string(now);
    }
    return {};
  }

private:
  bool percent(unsigned share) { return random() % 100 < share; }

  void tick() {
    model.clk_i = 0;
    model.eval();
    model.clk_i = 1;
    model.eval();
  }

  void retire(const Operation &operation, Cycle start, Cycle end,
              uint64_t) override {
    counters.retire(Unit::Vector);
    ++retires;
    retiredNow = true;
    retiredPc = operation.pc;
    retiredContext = operation.context;
    retiredStart = start;
    lastEnd = end;
  }

  void putTile(unsigned index, const TileAddress &tile) {
    if (tile.inAccumulator)
      model.tile_in_accumulator_i |= 1u << index;
    putWord(model.tile_row_i, index, tile.row);
    putWord(model.tile_stride_i, index, static_cast<uint32_t>(tile.stride));
    putWord(model.tile_block_stride_i, index,
            static_cast<uint32_t>(tile.blockStride));
    putWord(model.tile_first_i, index, tile.first);
  }

  void putOperation(const Operation &operation) {
    const VectorOperation &op = operation.vector;
    model.null_op_i = operation.kind == OperationKind::Null;
    model.pc_i = operation.pc;
    model.context_id_i = operation.context;
    model.wait_valid_i = 0;
    for (unsigned u = 0; u < kUnitCount; ++u) {
      model.wait_valid_i |= operation.waits[u].valid << u;
      putWord(model.wait_count_i, u, operation.waits[u].count);
    }
    model.tile_in_accumulator_i = 0;
    putTile(0, op.source);
    putTile(1, op.element);
    putTile(2, op.destination);
    for (unsigned i = 0; i < 3; ++i)
      putTile(3 + i, op.columns[i]);
    model.rows_i = op.rows;
    model.elements_i = op.elements;
    auto bits = [](auto value) { return static_cast<uint8_t>(value); };
    const uint8_t types[] = {bits(op.sourceType), bits(op.elementType),
                             bits(op.destinationType)};
    for (unsigned i = 0; i < 3; ++i)
      putByte(model.type_i, i, types[i]);
    const uint8_t stages[] = {
        bits(op.multiply0), bits(op.add0), bits(op.add1),  bits(op.function),
        bits(op.multiply1), bits(op.add2), bits(op.reduce)};
    model.operand_i = bits(op.functionOperand);
    const uint8_t statistics[] = {
        op.sourceStatistic,    op.elementStatistic, op.destinationStatistic,
        op.multiply0Statistic, op.add1Statistic,    op.multiply1Statistic,
        op.reduceStatistic};
    for (unsigned i = 0; i < 7; ++i) {
      putByte(model.stage_i, i, stages[i]);
      putByte(model.statistic_i, i, statistics[i]);
    }
    model.reduce_accumulate_i = op.reduceAccumulate;
    putPort(model.scalar_i, 0, &op.multiply0Scalar, 4);
    putPort(model.scalar_i, 4, &op.add0Scalar, 4);
    model.statistics_row_i = op.statisticsRow;
  }

  /// What the readers get in this cycle: rows granted in the one before as they
  /// were then, noise for the others.
  void putReadData() {
    for (unsigned i = 0; i < 5; ++i) {
      if (!readGranted[i])
        readData[i].assign(readBytes(i), static_cast<uint8_t>(0xf5 ^ now));
      if (i < 3)
        putPort(model.row_rdata_i, i * readBytes(i), readData[i].data(),
                readBytes(i));
      else
        putPort(model.sum_rdata_i, (i - 3) * readBytes(i), readData[i].data(),
                readBytes(i));
    }
  }

  size_t readBytes(unsigned reader) const {
    return reader < 3 ? geometry.rowBytes() : 4 * geometry.columns;
  }

  void readGrantedRows() {
    for (unsigned i = 0; i < 5; ++i) {
      if (!readGranted[i])
        continue;
      const uint8_t *memory =
          i < 3 ? memories.scratchpad.data()
                : reinterpret_cast<uint8_t *>(memories.accumulator.data());
      const uint8_t *row = memory + wordOf(model.read_row_o, i) * readBytes(i);
      readData[i].assign(row, row + readBytes(i));
    }
  }

  void write(bool toScratchpad, bool toAccumulator) {
    if (toScratchpad) {
      const uint32_t row = wordOf(model.write_row_o, 0);
      for (uint32_t b = 0; b < geometry.rowBytes(); ++b)
        if (bitOf(model.row_wmask_o, b))
          memories.scratchpad.at(size_t(row) * geometry.rowBytes() + b) =
              reinterpret_cast<const uint8_t *>(&model.row_wdata_o)[b];
    }
    if (toAccumulator) {
      const uint32_t row = wordOf(model.write_row_o, 1);
      for (uint32_t lane = 0; lane < geometry.columns; ++lane)
        if (bitOf(model.sum_wmask_o, lane))
          memories.accumulator.at(size_t(row) * geometry.columns + lane) =
              wordOf(model.sum_wdata_o, lane);
    }
  }

  std::string step(const Operation *offered) {
    std::ostringstream difference;
    auto expect = [&](const char *what, uint64_t got, uint64_t want) {
      if (got != want && difference.str().empty())
        difference << what << " is " << got << " in the RTL and " << want
                   << " in the timing class";
    };
    const auto counts = counted();
    expect("ready", model.dispatch_ready_o, unit.ready());
    model.dispatch_valid_i = offered != nullptr;
    if (offered)
      putOperation(*offered);
    model.cycle_i = now;
    for (unsigned u = 0; u < kUnitCount; ++u)
      putWord(model.retired_i, u, counters.count(static_cast<Unit>(u)));
    putReadData();
    model.read_gnt_i = model.write_gnt_i = 0;
    model.clk_i = 0;
    model.eval();

    ScratchpadPort *readers[] = {&scratchpad.port(ScratchpadClient::Source),
                                 &scratchpad.port(ScratchpadClient::Element),
                                 &scratchpad.port(ScratchpadClient::Columns),
                                 &accumulator.port(AccumulatorClient::Source),
                                 &accumulator.port(AccumulatorClient::Element)};
    ScratchpadPort *writers[] = {&scratchpad.port(ScratchpadClient::Result),
                                 &accumulator.port(AccumulatorClient::Result)};
    const bool skipped = skips && !offered && unit.nextEvent(now) > now;
    if (skipped) {
      expect("request in a skipped cycle",
             model.read_req_o || model.write_req_o, 0);
      for (bool &granted : readGranted)
        granted = false;
    } else {
      unit.propose(now);
      static const char *const kReaders[] = {"source", "element", "columns",
                                             "sum source", "sum element"};
      for (unsigned i = 0; i < 5; ++i) {
        ScratchpadPort &port = *readers[i];
        expect(kReaders[i], bitOf(model.read_req_o, i), port.request);
        const uint32_t bankRows = i < 3 ? geometry.scratchpadRowsPerBank()
                                        : geometry.accumulatorRowsPerBank();
        if (port.request)
          expect(kReaders[i], wordOf(model.read_row_o, i) / bankRows,
                 port.bank);
        port.granted = port.request && !percent(refusals);
        readGranted[i] = port.granted;
      }
      for (unsigned i = 0; i < 2; ++i) {
        ScratchpadPort &port = *writers[i];
        expect("result", bitOf(model.write_req_o, i), port.request);
        const uint32_t bankRows = i == 0 ? geometry.scratchpadRowsPerBank()
                                         : geometry.accumulatorRowsPerBank();
        if (port.request)
          expect("result", wordOf(model.write_row_o, i) / bankRows, port.bank);
        port.granted = port.request && !percent(refusals);
        model.write_gnt_i |= port.granted << i;
      }
      for (unsigned i = 0; i < 5; ++i)
        model.read_gnt_i |= readGranted[i] << i;
    }
    model.eval();
    readGrantedRows();
    if (!skipped)
      write(writers[0]->granted && writers[0]->request,
            writers[1]->granted && writers[1]->request);

    retiredNow = false;
    if (offered)
      unit.dispatch(*offered);
    if (skipped)
      unit.skip(now, now + 1);
    else
      unit.commit(now);
    expect("activity", model.activity_o,
           static_cast<unsigned>(unit.activity()));
    for (unsigned c = 0; c < kCounterCount; ++c)
      expect(events::kCounters[c].name, model.counts_o[c],
             counted()[c] - counts[c]);
    expect("retire", model.retire_valid_o, retiredNow);
    if (retiredNow) {
      expect("pc of the retired", model.retire_pc_o, retiredPc);
      expect("context of the retired", model.retire_context_id_o,
             retiredContext);
      expect("start of the retired", model.retire_start_o, retiredStart);
    }
    // Other units retire now and then, so that waits on them end.
    for (Unit other : {Unit::Load, Unit::Store, Unit::Array})
      if (percent(15))
        counters.retire(other);
    counters.endCycle();
    model.clk_i = 1;
    model.eval();
    ++now;
    return difference.str();
  }

  const Geometry geometry;
  std::mt19937_64 random;
  Model model;
  RetireCounters counters;
  Scratchpad scratchpad;
  Accumulator accumulator;
  VectorUnit unit;
  Cycle now = 0, lastEnd = 0, retiredStart = 0;
  uint64_t retires = 0;
  uint32_t retiredPc = 0, retiredContext = 0;
  bool retiredNow = false, readGranted[5] = {};
  std::vector<uint8_t> readData[5];
};

} // namespace tilework::sim
