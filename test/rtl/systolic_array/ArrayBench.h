// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs the Verilated systolic array and accumulator beside their timing class,
// with one dispatch, one scratchpad and one set of grants for both, and
// compares every request, retire and activity of every cycle.

#pragma once

#include "sim/functional/Matmul.h"
#include "sim/systemc/SystolicArray.h"
#include "test/unit/matmul/RandomMatmul.h"

#include <cstring>
#include <deque>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace tilework::sim {

/// Words of a port of any width, as Verilator declares it.
inline void putWords(uint32_t *port, const uint32_t *words, size_t count) {
  std::memcpy(port, words, count * 4);
}
inline void putBytes(CData &port, const uint8_t *bytes, size_t count) {
  std::memcpy(&port, bytes, count);
}
inline void putBytes(SData &port, const uint8_t *bytes, size_t count) {
  std::memcpy(&port, bytes, count);
}
inline void putBytes(IData &port, const uint8_t *bytes, size_t count) {
  std::memcpy(&port, bytes, count);
}
inline void putBytes(QData &port, const uint8_t *bytes, size_t count) {
  std::memcpy(&port, bytes, count);
}
template <std::size_t kWords>
void putBytes(VlWide<kWords> &port, const uint8_t *bytes, size_t count) {
  std::memcpy(port.data(), bytes, count);
}
inline void getBytes(const QData &port, uint8_t *bytes, size_t count) {
  std::memcpy(bytes, &port, count);
}
template <std::size_t kWords>
void getBytes(const VlWide<kWords> &port, uint8_t *bytes, size_t count) {
  std::memcpy(bytes, port.data(), count);
}

/// Puts `width` ≤ 32 bits at index `index` of a packed array of three or four.
template <typename Port>
void putField(Port &port, unsigned index, unsigned width, uint32_t value) {
  uint8_t bytes[sizeof(Port)];
  std::memcpy(bytes, &port, sizeof bytes);
  for (unsigned b = 0; b < width; ++b) {
    unsigned bit = index * width + b;
    bytes[bit / 8] = static_cast<uint8_t>((bytes[bit / 8] & ~(1u << bit % 8)) |
                                          ((value >> b & 1) << bit % 8));
  }
  std::memcpy(&port, bytes, sizeof bytes);
}

struct BenchRetire {
  uint32_t pc;
  uint64_t start, end;
};

template <typename Model> class ArrayBench : RetireSink {
public:
  ArrayBench(const Geometry &geometry, uint64_t seed)
      : geometry(geometry), random(seed), scratchpad(geometry, *this),
        accumulator(geometry, *this),
        array(geometry, counters, *this, scratchpad, accumulator),
        memories(geometry) {
    model.rst_ni = 0;
    tick();
    tick();
    model.rst_ni = 1;
  }
  ~ArrayBench() { model.final(); }

  /// Percent of requests that are refused.
  unsigned refusals = 0;
  /// The operations are offered one a cycle with that many percent of cycles
  /// off.
  unsigned pauses = 0;
  /// The vector unit's clients ask for ports at random.
  bool vectorTraffic = true;
  /// Skips cycles in the timing class where it allows.
  bool skips = false;

  OnChipMemories &onChip() { return memories; }

  /// Writes the accumulator of the model from onChip(), through the vector
  /// unit's port.
  void writeSums() {
    vectorOff();
    for (uint32_t row = 0; row < geometry.accumulatorRows; ++row) {
      model.result_req_i = 1;
      model.result_row_i = row;
      model.result_mask_i = ~uint64_t(0) >> (64 - geometry.columns);
      putBytes(model.result_wdata_i,
               reinterpret_cast<uint8_t *>(
                   &memories.accumulator[size_t(row) * geometry.columns]),
               geometry.columns * 4);
      tick();
    }
    model.result_req_i = 0;
  }

  /// The accumulator of the model.
  std::vector<uint32_t> readSums() {
    vectorOff();
    std::vector<uint32_t> sums(memories.accumulator.size());
    for (uint32_t row = 0; row < geometry.accumulatorRows; ++row) {
      model.source_req_i = 1;
      model.source_row_i = row;
      tick();
      model.eval();
      getBytes(
          model.source_rdata_o,
          reinterpret_cast<uint8_t *>(&sums[size_t(row) * geometry.columns]),
          geometry.columns * 4);
    }
    model.source_req_i = 0;
    return sums;
  }

  /// Runs until all operations have retired. Empty when both agreed in every
  /// cycle, else the first difference.
  std::string run(const std::vector<Operation> &operations) {
    size_t next = 0;
    const size_t goal = retires.size() + operations.size();
    Cycle quiet = 0;
    while (retires.size() < goal) {
      const Operation *offered = nullptr;
      if (next < operations.size() && array.ready() &&
          random.below(100) >= pauses)
        offered = &operations[next++];
      size_t before = retires.size();
      if (std::string difference = step(offered); !difference.empty())
        return difference + " in cycle " + std::to_string(now - 1);
      quiet = retires.size() > before || offered ? 0 : quiet + 1;
      if (quiet > 100000)
        return "nothing retires any more in cycle " + std::to_string(now);
    }
    return {};
  }

  std::vector<BenchRetire> retires;
  Cycle cycle() const { return now; }

private:
  void vectorOff() {
    model.source_req_i = model.element_req_i = model.result_req_i = 0;
  }

  void tick() {
    model.clk_i = 0;
    model.eval();
    model.clk_i = 1;
    model.eval();
  }

  void retire(const Operation &operation, Cycle start, Cycle end,
              uint64_t bytes) override {
    counters.retire(Unit::Array);
    retired = true;
    retires.push_back({operation.pc, start, end});
  }

  void putTile(unsigned index, const TileAddress &tile) {
    putField(model.tile_row_i, index, 20, tile.row);
    putField(model.tile_stride_i, index, 20,
             static_cast<uint32_t>(tile.stride));
    putField(model.tile_block_stride_i, index, 20,
             static_cast<uint32_t>(tile.blockStride));
    putField(model.tile_first_i, index, 9, tile.first);
  }

  void putOperation(const Operation &operation) {
    const MatmulOperation &matmul = operation.matmul;
    model.null_op_i = operation.kind == OperationKind::Null;
    model.pc_i = operation.pc;
    model.context_id_i = operation.context;
    model.wait_valid_i = 0;
    for (unsigned u = 0; u < kUnitCount; ++u) {
      model.wait_valid_i |= operation.waits[u].valid << u;
      putField(model.wait_count_i, u, 32, operation.waits[u].count);
    }
    putTile(0, matmul.activations);
    putTile(1, matmul.weights);
    putTile(2, matmul.sums);
    model.rows_i = matmul.rows;
    model.columns_i = matmul.columns;
    model.depth_i = matmul.depth;
    model.weights_by_column_i = matmul.weightsByColumn;
    model.operand_type_i = static_cast<uint8_t>(matmul.type);
    model.accumulate_i = matmul.accumulate;
  }

  /// Data of a read: the rows when it was granted in the cycle before, else
  /// noise.
  template <typename Port>
  void putRows(Port &port, bool granted, uint32_t row, uint32_t rows) {
    size_t bytes = size_t(rows) * geometry.rowBytes();
    noise.resize(bytes);
    for (uint8_t &byte : noise)
      byte = static_cast<uint8_t>(0xf5 ^ now);
    putBytes(port,
             granted ? &memories.scratchpad[size_t(row) * geometry.rowBytes()]
                     : noise.data(),
             bytes);
  }

  std::string step(const Operation *offered) {
    std::ostringstream difference;
    auto expect = [&](const char *what, uint64_t got, uint64_t want) {
      if (got != want && difference.str().empty())
        difference << what << " is " << got << " in the RTL and " << want
                   << " in the timing class";
    };
    expect("ready", model.dispatch_ready_o, array.ready());

    const auto counts = counted();
    // Requests of this cycle, from state.
    model.dispatch_valid_i = offered != nullptr;
    if (offered)
      putOperation(*offered);
    model.cycle_i = now;
    for (unsigned u = 0; u < kUnitCount; ++u)
      putField(model.retired_i, u, 32, counters.count(static_cast<Unit>(u)));
    putRows(model.activations_rdata_i, activationsGranted, activationsRow, 1);
    putRows(model.weights_rdata_i, weightsGranted, weightsRow,
            geometry.weightRows);
    drawVectorTraffic();
    model.activations_gnt_i = model.weights_gnt_i = 0;
    model.clk_i = 0;
    model.eval();
    const bool skipped = skips && !offered && array.nextEvent(now) > now;
    if (!skipped) {
      array.propose(now);
      ScratchpadPort &activations =
          scratchpad.port(ScratchpadClient::Activations);
      ScratchpadPort &weights = scratchpad.port(ScratchpadClient::Weights);
      expect("activations request", model.activations_req_o,
             activations.request);
      expect("weights request", model.weights_req_o, weights.request);
      if (activations.request)
        expect("activations bank",
               model.activations_row_o / geometry.scratchpadRowsPerBank(),
               activations.bank);
      if (weights.request)
        expect("weights bank",
               model.weights_row_o / geometry.scratchpadRowsPerBank(),
               weights.bank);
      const ScratchpadPort &read =
          accumulator.port(AccumulatorClient::SumsRead);
      const ScratchpadPort &write =
          accumulator.port(AccumulatorClient::SumsWrite);
      expect("sums read", model.sums_read_req_o, read.request);
      expect("sums write", model.sums_write_req_o, write.request);
      if (read.request)
        expect("sums read bank", accumulator.bank(model.sums_read_row_o),
               read.bank);
      if (write.request)
        expect("sums write bank", accumulator.bank(model.sums_write_row_o),
               write.bank);
      accumulator.arbitrate();
      expect("source grant", model.source_gnt_o,
             accumulator.port(AccumulatorClient::Source).granted);
      expect("element grant", model.element_gnt_o,
             accumulator.port(AccumulatorClient::Element).granted);
      expect("result grant", model.result_gnt_o,
             accumulator.port(AccumulatorClient::Result).granted);
      activations.granted =
          activations.request && random.below(100) >= refusals;
      weights.granted = weights.request && random.below(100) >= refusals;
      activationsGranted = activations.granted;
      weightsGranted = weights.granted;
    } else {
      expect("request in a skipped cycle",
             model.activations_req_o || model.weights_req_o, 0);
      activationsGranted = weightsGranted = false;
    }
    activationsRow = model.activations_row_o;
    weightsRow = model.weights_row_o;
    model.activations_gnt_i = activationsGranted;
    model.weights_gnt_i = weightsGranted;
    model.eval();

    retired = false;
    if (offered)
      array.dispatch(*offered);
    if (skipped)
      array.skip(now, now + 1);
    else
      array.commit(now);
    expect("activity", model.activity_o,
           static_cast<unsigned>(array.activity()));
    for (Counter counter :
         {Counter::ArrayBf16Rows, Counter::ArrayInt8Rows,
          Counter::AccumulatorSumsRead, Counter::AccumulatorSumsWrite,
          Counter::AccumulatorSource, Counter::AccumulatorElement,
          Counter::AccumulatorResult}) {
      const unsigned c = static_cast<unsigned>(counter);
      // The vector unit is not asked in a cycle that the array skips.
      if (!skipped || c < unsigned(Counter::AccumulatorSource) ||
          c > unsigned(Counter::AccumulatorResult))
        expect(events::kCounters[c].name, model.counts_o[c],
               counted()[c] - counts[c]);
    }
    expect("retire", model.retire_valid_o, retired);
    if (retired) {
      expect("pc of the retire", model.retire_pc_o, retires.back().pc);
      expect("start of the retired", model.retire_start_o,
             retires.back().start);
    }
    // Other units retire now and then, so that waits on them end.
    for (Unit unit : {Unit::Load, Unit::Store, Unit::Vector})
      if (random.below(6) == 0)
        counters.retire(unit);
    counters.endCycle();
    model.clk_i = 1;
    model.eval();
    ++now;
    return difference.str();
  }

  void drawVectorTraffic() {
    auto draw = [&](AccumulatorClient client, auto &request, auto &row) {
      ScratchpadPort &port = accumulator.port(client);
      request = vectorTraffic && random.below(3) == 0;
      row = random.below(geometry.accumulatorRows);
      port.request = request;
      port.bank = accumulator.bank(row);
    };
    draw(AccumulatorClient::Source, model.source_req_i, model.source_row_i);
    draw(AccumulatorClient::Element, model.element_req_i, model.element_row_i);
    draw(AccumulatorClient::Result, model.result_req_i, model.result_row_i);
    model.result_mask_i = 0; // takes the port and writes nothing
  }

  struct Random {
    explicit Random(uint64_t seed) : engine(seed) {}
    uint32_t below(uint32_t bound) {
      return static_cast<uint32_t>(engine() % bound);
    }
    std::mt19937_64 engine;
  };

  const Geometry geometry;
  Random random;
  Model model;
  RetireCounters counters;
  Scratchpad scratchpad;
  Accumulator accumulator;
  SystolicArray array;
  OnChipMemories memories;
  std::vector<uint8_t> noise;
  Cycle now = 0;
  bool retired = false, activationsGranted = false, weightsGranted = false;
  uint32_t activationsRow = 0, weightsRow = 0;
};

} // namespace tilework::sim
