// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cycles a second of the Verilated 16 × 16 array with its accumulator on one
// core of this host: rows in every cycle, weights as often as `rows` says; and
// of its timing class.

#include "VArray16x16.h"
#include "test/rtl/systolic_array/ArrayBench.h"

#include <cstdio>
#include <ctime>

using namespace tilework::sim;

namespace {

class Discard : public RetireSink {
public:
  explicit Discard(RetireCounters &counters) : counters(counters) {}
  void retire(const Operation &operation, Cycle start, Cycle end,
              uint64_t bytes) override {
    counters.retire(Unit::Array);
  }
  RetireCounters &counters;
};

Operation longMatmul(uint32_t rows, bool int8) {
  Operation operation;
  operation.unit = Unit::Array;
  operation.kind = OperationKind::Matmul;
  MatmulOperation &op = operation.matmul;
  op.rows = rows;
  op.columns = 64;
  op.depth = int8 ? 512 : 256;
  op.type =
      int8 ? tilework::isa::MatmulType::int8 : tilework::isa::MatmulType::bf16;
  op.accumulate = true;
  op.activations = {false, 0, 1, 0, 0};
  op.weights = {false, 0, 1, 0, 0};
  op.sums = {true, 0, 1, 0, 0};
  return operation;
}

void put(VArray16x16 &model, const Operation &operation) {
  const MatmulOperation &op = operation.matmul;
  for (unsigned t = 0; t < 3; ++t)
    putField(model.tile_stride_i, t, 20, 1);
  model.rows_i = op.rows;
  model.columns_i = op.columns;
  model.depth_i = op.depth;
  model.operand_type_i = static_cast<uint8_t>(op.type);
  model.accumulate_i = 1;
}

double secondsOf(clock_t start) {
  return double(std::clock() - start) / CLOCKS_PER_SEC;
}

void measureRtl(uint32_t rows, bool int8, unsigned idle) {
  VArray16x16 model;
  model.rst_ni = 0;
  model.clk_i = 0;
  model.eval();
  model.clk_i = 1;
  model.eval();
  model.rst_ni = 1;
  put(model, longMatmul(rows, int8));
  std::mt19937 random(1);
  constexpr uint64_t kCycles = 100000;
  uint64_t busy = 0;
  clock_t start = std::clock();
  for (uint64_t cycle = 0; cycle < kCycles; ++cycle) {
    for (uint32_t word = 0; word < 8; ++word)
      model.activations_rdata_i[word] =
          0x3f803f00u ^ (cycle * 0x9e3779b9u & 0x00ff80ffu);
    for (uint32_t word = 0; word < 16; ++word)
      model.weights_rdata_i[word] =
          0x3f00bf80u ^ ((cycle + word) * 0x9e3779b9u & 0x007f80ffu);
    model.dispatch_valid_i = model.dispatch_ready_o;
    model.cycle_i = cycle;
    model.clk_i = 0;
    bool row = random() % 100 >= idle;
    model.activations_gnt_i = 0;
    model.eval();
    model.activations_gnt_i = row && model.activations_req_o;
    model.weights_gnt_i = model.weights_req_o;
    busy += model.activations_gnt_i;
    model.clk_i = 1;
    model.eval();
    // The grants of this cycle are gone before its successor's requests.
    model.weights_gnt_i = 0;
  }
  double seconds = secondsOf(start);
  std::printf("rtl    M %3u %s %3.0f%% busy: %8.0f cycles/s\n", rows,
              int8 ? "int8" : "bf16", 100.0 * busy / kCycles,
              kCycles / seconds);
  model.final();
}

void measureTiming(uint32_t rows) {
  Geometry geometry;
  RetireCounters counters;
  Discard sink(counters);
  Scratchpad scratchpad(geometry, sink);
  Accumulator accumulator(geometry, sink);
  SystolicArray array(geometry, counters, sink, scratchpad, accumulator);
  const Operation operation = longMatmul(rows, false);
  constexpr uint64_t kCycles = 3000000;
  clock_t start = std::clock();
  for (uint64_t cycle = 0; cycle < kCycles; ++cycle) {
    array.propose(cycle);
    accumulator.arbitrate();
    for (ScratchpadClient client :
         {ScratchpadClient::Activations, ScratchpadClient::Weights})
      scratchpad.port(client).granted = scratchpad.port(client).request;
    if (array.ready())
      array.dispatch(operation);
    array.commit(cycle);
    counters.endCycle();
  }
  std::printf("timing M %3u: %8.0f cycles/s\n", rows,
              kCycles / secondsOf(start));
}

} // namespace

int main() {
  for (uint32_t rows : {1u, 16u, 96u})
    measureTiming(rows);
  for (bool int8 : {false, true})
    for (uint32_t rows : {1u, 16u, 96u})
      measureRtl(rows, int8, 0);
  for (unsigned idle : {50u, 95u})
    measureRtl(96, false, idle);
}
