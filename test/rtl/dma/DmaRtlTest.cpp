// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Do load DMA, store DMA, port arbiters and scratchpad arbiters of the RTL move
// the bytes that the semantics say, in the cycles that the timing classes say?

#include "test/rtl/dma/DmaBench.h"
#include "test/rtl/dma/DmaPrograms.h"

#include "test/rtl/dma/DmaBenchEdge.h"
#include "test/rtl/dma/DmaBenchFourByEight.h"
#include "test/rtl/dma/DmaBenchNano.h"
#include "test/rtl/dma/DmaBenchNarrow.h"
#include "test/rtl/dma/DmaBenchPorts.h"
#include "test/rtl/dma/DmaBenchTall.h"
#include "test/rtl/dma/DmaBenchWideBus.h"

namespace tilework::sim {
namespace {

template <class Model> class DmaRtl : public ::testing::Test {
protected:
  void stream(unsigned seed, unsigned count, const DramTiming &timing,
              DmaBenchOptions options) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    const Geometry geometry = geometryOf<Model>();
    DmaProgram program(geometry, seed);
    program.generate(count);
    DmaBench<Model> bench(geometry, timing, DmaProgramLayout::kImageBytes);
    bench.fill(0, program.image.data(), program.image.size());
    options.seed = seed;
    bench.run(program.operations, options);
    if (!this->HasFailure())
      bench.expectEqualImages();
  }
};

using Models = ::testing::Types<VDmaBenchNano, VDmaBenchFourByEight,
                                VDmaBenchNarrow, VDmaBenchWideBus,
                                VDmaBenchPorts, VDmaBenchTall, VDmaBenchEdge>;
TYPED_TEST_SUITE(DmaRtl, Models);

TYPED_TEST(DmaRtl, RandomStreamsAgreeAtFixedLatency) {
  DramTiming timing;
  for (unsigned seed = 1; seed <= 6 && !this->HasFailure(); ++seed)
    this->stream(seed, 150, timing, {});
}

TYPED_TEST(DmaRtl, RandomStreamsAgreeUnderContentionAndRandomLatency) {
  for (unsigned seed = 100; seed < 120 && !this->HasFailure(); ++seed) {
    DramTiming timing;
    timing.accessPs = 500 + seed % 5 * 1500;
    timing.channels = 1 + seed % 3;
    timing.interleaveBytes = 256;
    timing.readLatencyPs = seed % 4 * 25000;
    timing.clockPs = seed % 2 ? 1000 : 1250;
    timing.randomLatencyPs = seed % 7 * 20000;
    timing.randomSeed = seed;
    DmaBenchOptions options;
    options.contentionPercent = seed % 3 * 30;
    options.dispatchPercent = seed % 2 ? 100 : 5;
    options.fetchPercent = seed % 4 * 10;
    this->stream(seed, 120, timing, options);
  }
}

Operation contiguous(const Geometry &geometry, Unit unit, uint32_t row,
                     uint32_t rows, uint64_t address) {
  Operation operation;
  operation.unit = unit;
  operation.kind =
      unit == Unit::Load ? OperationKind::Load : OperationKind::Store;
  operation.dma.outer = 1;
  operation.dma.rows = rows;
  operation.dma.rowBytes = geometry.rowBytes();
  operation.dma.dramStride = geometry.rowBytes();
  operation.dma.dramAddress = address;
  operation.dma.tile.row = row;
  operation.dma.tile.stride = 1;
  return operation;
}

// LPDDR4X-4266 ×32: 17.1 GB/s, 3,750 ps for 64 bytes; the bus could take 32
// GB/s.
TEST(DmaBandwidth, LongLoadOnEdgeReachesTheRateOfDram) {
  Geometry geometry = geometryOf<VDmaBenchEdge>();
  DramTiming timing;
  DmaBench<VDmaBenchEdge> bench(geometry, timing, 1 << 20);
  std::vector<Operation> program = {
      contiguous(geometry, Unit::Load, 0, 8192, 0)};
  uint64_t cycles = bench.run(program, {});
  double bytes = 8192.0 * geometry.rowBytes();
  double rate = bytes / cycles, limit = std::min(64.0 / 3.75, 32.0);
  RecordProperty("bytes_per_cycle", std::to_string(rate));
  std::printf("load: %.3f of %.3f bytes a cycle\n", rate, limit);
  EXPECT_GE(rate, 0.95 * limit);
}

TEST(DmaBandwidth, LongLoadOnEdgeReachesTheRateOfTheBus) {
  Geometry geometry = geometryOf<VDmaBenchEdge>();
  DramTiming timing;
  timing.accessPs = 1000; // 64 bytes a cycle
  timing.readLatencyPs = 40000;
  DmaBench<VDmaBenchEdge> bench(geometry, timing, 1 << 20);
  std::vector<Operation> program = {
      contiguous(geometry, Unit::Load, 0, 8192, 0)};
  uint64_t cycles = bench.run(program, {});
  double rate = 8192.0 * geometry.rowBytes() / cycles;
  std::printf("load: %.3f of 32 bytes a cycle\n", rate);
  EXPECT_GE(rate, 0.95 * 32);
}

TEST(DmaBandwidth, LongStoreOnEdgeReachesTheRateOfDram) {
  Geometry geometry = geometryOf<VDmaBenchEdge>();
  DramTiming timing;
  DmaBench<VDmaBenchEdge> bench(geometry, timing, 1 << 20);
  std::vector<Operation> program = {
      contiguous(geometry, Unit::Store, 0, 8192, 0)};
  uint64_t cycles = bench.run(program, {});
  double rate = 8192.0 * geometry.rowBytes() / cycles, limit = 64.0 / 3.75;
  std::printf("store: %.3f of %.3f bytes a cycle\n", rate, limit);
  EXPECT_GE(rate, 0.95 * limit);
}

TEST(DmaBandwidth, ShortLoadsOverlapTheirLatency) {
  // Sixteen tiles of 2 KB: the requests of the next ones go out while one is on
  // its way.
  Geometry geometry = geometryOf<VDmaBenchEdge>();
  DramTiming timing;
  DmaBench<VDmaBenchEdge> bench(geometry, timing, 1 << 20);
  std::vector<Operation> program;
  for (uint32_t i = 0; i < 64; ++i)
    program.push_back(contiguous(geometry, Unit::Load, 64 * i, 64, 2048 * i));
  uint64_t cycles = bench.run(program, {});
  double rate = 64 * 2048.0 / cycles, limit = 64.0 / 3.75;
  std::printf("short loads: %.3f of %.3f bytes a cycle\n", rate, limit);
  EXPECT_GE(rate, 0.9 * limit);
}

TEST(DmaBandwidth, LoadAndStoreTogetherKeepTheBusBusy) {
  Geometry geometry = geometryOf<VDmaBenchEdge>();
  DramTiming timing;
  DmaBench<VDmaBenchEdge> bench(geometry, timing, 1 << 20);
  std::vector<Operation> program = {
      contiguous(geometry, Unit::Load, 0, 8192, 0),
      contiguous(geometry, Unit::Store, 8192, 8192, 1 << 19)};
  uint64_t cycles = bench.run(program, {});
  double rate = 2 * 8192.0 * geometry.rowBytes() / cycles, limit = 64.0 / 3.75;
  std::printf("load and store: %.3f of %.3f bytes a cycle\n", rate, limit);
  EXPECT_GE(rate, 0.85 * limit);
}

} // namespace
} // namespace tilework::sim
