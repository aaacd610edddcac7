// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program as the compiler would write it for one product: activations and
// weights are loaded tile by tile into rings, multiplied, drained to bf16 and
// stored, all four units at work at once.

#pragma once

#include "dialects/isa/Codec.h"
#include "sim/machine/Machine.h"
#include "sim/memory/DramImage.h"

#include <cstdint>
#include <vector>

namespace tilework::sim {

/// C[M × N] = A[M × K] · B[K × N] in bf16, `tiles` times tile M of `tileRows`.
struct MatmulProgram {
  uint32_t tileRows = 0, tiles = 0, depth = 0, columns = 0;
  uint64_t a = 0, b = 0, c = 0; ///< DRAM addresses
  std::vector<isa::Word> words;
  Launch launch;
  uint64_t dramBytes = 0;

  uint32_t rows() const { return tileRows * tiles; }
};

/// K and N multiples of the array's rows and columns and of a scratchpad row.
/// Three tiles of A, the weights and two tiles of C fit the scratchpad, two
/// tiles of sums the accumulator.
inline MatmulProgram matmulProgram(const Geometry &geometry, uint32_t tileRows,
                                   uint32_t tiles, uint32_t depth,
                                   uint32_t columns) {
  using namespace isa;
  MatmulProgram program;
  program.tileRows = tileRows;
  program.tiles = tiles;
  program.depth = depth;
  program.columns = columns;

  const uint32_t lanes = geometry.lanes();
  const uint32_t kBlocks = depth / lanes, nBlocks = columns / lanes;
  auto align = [](uint64_t bytes) { return (bytes + 4095) / 4096 * 4096; };
  program.launch.programBase = 0;
  program.a = 65536;
  const uint64_t aBytes = uint64_t(program.rows()) * depth * 2;
  program.b = align(program.a + aBytes);
  const uint64_t bBytes = uint64_t(depth) * columns * 2;
  program.c = align(program.b + bBytes);
  const uint64_t cBytes = uint64_t(program.rows()) * columns * 2;
  program.dramBytes = align(program.c + cBytes);
  program.launch.segments[0] = {program.a, aBytes};
  program.launch.segments[1] = {program.b, bBytes};
  program.launch.segments[2] = {program.c, cBytes};

  // Banks: weights, two tiles of A, two tiles of C, each from a bank of its
  // own on.
  const uint32_t bank = geometry.scratchpadRowsPerBank();
  auto banksFor = [&](uint32_t rows) { return (rows + bank - 1) / bank; };
  const uint32_t aRows = tileRows * kBlocks, cRows = tileRows * nBlocks;
  const uint32_t aStep = banksFor(aRows) * bank, cStep = banksFor(cRows) * bank;
  const uint32_t wAt = 0, aAt = banksFor(depth * nBlocks) * bank;
  const uint32_t cAt = aAt + 2 * aStep;
  const uint32_t sumStep = geometry.accumulatorRows / 2;

  auto add = [&](const Instruction &instruction) {
    program.words.push_back(encode(instruction));
  };
  auto setDram = [&](uint8_t reg, uint8_t segment, uint64_t stride) {
    SetAddress set;
    set.destination = reg;
    set.space = Space::dram;
    set.segment = segment;
    set.stride = static_cast<int32_t>(stride);
    set.limit = program.launch.segments[segment].size;
    add(set);
  };
  auto setTile = [&](uint8_t reg, Space space, uint32_t at, uint32_t stride,
                     uint32_t block, uint32_t ring, uint32_t size) {
    SetAddress set;
    set.destination = reg;
    set.space = space;
    set.value = at;
    set.stride = static_cast<int32_t>(stride);
    set.block_stride = static_cast<int32_t>(block);
    set.wrap = ring;
    set.limit = at + (ring ? ring : size);
    add(set);
  };
  setDram(0, 0, depth * 2);
  setDram(1, 1, columns * 2);
  setDram(2, 2, columns * 2);
  setTile(3, Space::scratchpad, aAt, 1, tileRows, 2 * aStep, 0);
  setTile(4, Space::scratchpad, wAt, 1, depth, 0, depth * nBlocks);
  setTile(5, Space::scratchpad, cAt, 1, tileRows, 2 * cStep, 0);
  setTile(6, Space::accumulator, 0, 1, tileRows, 2 * sumStep, 0);

  Load weights;
  weights.dram = 1;
  weights.tile = 4;
  weights.outer = Extent::number(1);
  weights.rows = Extent::number(static_cast<uint16_t>(depth));
  weights.elements = Extent::number(static_cast<uint16_t>(columns));
  weights.element_log2_bytes = 1;
  add(weights);

  Loop loop;
  loop.count = tiles;
  loop.length = 4;
  loop.update0 = {0, static_cast<int32_t>(tileRows * depth * 2)};
  loop.update1 = {2, static_cast<int32_t>(tileRows * columns * 2)};
  loop.update2 = {3, static_cast<int32_t>(aStep)};
  loop.update3 = {5, static_cast<int32_t>(cStep)};
  loop.update4 = {6, static_cast<int32_t>(sumStep)};
  add(loop);

  // A tile may be overwritten once the product before the last has read it,
  // and so on around the ring: all but the last one retired.
  Load activations;
  activations.wait_array = 2;
  activations.dram = 0;
  activations.tile = 3;
  activations.outer = Extent::number(1);
  activations.rows = Extent::number(static_cast<uint16_t>(tileRows));
  activations.elements = Extent::number(static_cast<uint16_t>(depth));
  activations.element_log2_bytes = 1;
  add(activations);

  Matmul product;
  product.wait_load = 1;
  product.wait_vector = 2;
  product.activations = 3;
  product.weights = 4;
  product.sums = 6;
  product.rows = Extent::number(static_cast<uint16_t>(tileRows));
  product.columns = Extent::number(static_cast<uint16_t>(columns));
  product.depth = Extent::number(static_cast<uint16_t>(depth));
  add(product);

  Vector drain;
  drain.wait_array = 1;
  drain.wait_store = 2;
  drain.source = 6;
  drain.source_type = VectorType::fp32;
  drain.destination = 5;
  drain.destination_type = VectorType::bf16;
  drain.rows = Extent::number(static_cast<uint16_t>(tileRows));
  drain.columns = Extent::number(static_cast<uint16_t>(columns));
  add(drain);

  Store store;
  store.wait_vector = 1;
  store.dram = 2;
  store.tile = 5;
  store.outer = Extent::number(1);
  store.rows = Extent::number(static_cast<uint16_t>(tileRows));
  store.elements = Extent::number(static_cast<uint16_t>(columns));
  store.element_log2_bytes = 1;
  add(store);
  add(Halt());

  program.launch.instructionCount = static_cast<uint32_t>(program.words.size());
  return program;
}

/// Memory before the run: the program, and small random numbers in A and B.
inline DramImage matmulImage(const MatmulProgram &program, uint32_t seed) {
  DramImage image(program.dramBytes);
  for (size_t i = 0; i < program.words.size(); ++i)
    image.write(program.launch.programBase + i * isa::kInstructionBytes,
                program.words[i].data(), isa::kInstructionBytes);
  uint32_t state = seed * 2654435761u + 1;
  for (uint64_t at = program.a; at < program.c; at += 2) {
    state = state * 1664525u + 1013904223u;
    // Sign, exponents 2^-4 … 2^3, seven bits of fraction.
    const uint16_t value = static_cast<uint16_t>(
        (state >> 31) << 15 | (123 + (state >> 28 & 7)) << 7 |
        (state >> 20 & 127));
    image.write(at, &value, 2);
  }
  return image;
}

} // namespace tilework::sim
