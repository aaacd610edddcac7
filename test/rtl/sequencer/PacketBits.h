// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations as the bits of the RTL's dispatch packets (rtl/common/
// tw_unit_pkg.sv): fields in the order of the structs, highest bits first.

#pragma once

#include "sim/machine/Operation.h"

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace tilework::sim {

class PacketBits {
public:
  explicit PacketBits(const Operation &operation) {
    switch (operation.kind) {
    case OperationKind::Null:
      header(operation);
      break;
    case OperationKind::Matmul:
      header(operation);
      array(operation.matmul);
      break;
    case OperationKind::Vector:
      header(operation);
      vector(operation.vector);
      break;
    default:
      header(operation);
      dma(operation.kind == OperationKind::Gather, operation.dma);
    }
  }

  /// Compares with `words`, lowest first, of a packet of `width` bits, of which
  /// only the leading fields are known (a null operation has a header alone).
  /// Empty when equal, else the field and both values.
  template <typename Words>
  std::string difference(const Words &words, unsigned width) const {
    unsigned top = width;
    for (const Field &field : fields) {
      if (top < field.width)
        return "the packet is too narrow";
      top -= field.width;
      uint64_t value = 0;
      for (unsigned i = 0; i < field.width; ++i) {
        unsigned bit = top + i;
        value |= uint64_t(words[bit / 32] >> (bit % 32) & 1) << i;
      }
      if (field.compared && value != field.value)
        return std::string(field.name) + ": RTL " + std::to_string(value) +
               ", model " + std::to_string(field.value);
    }
    return "";
  }
  unsigned width() const {
    unsigned sum = 0;
    for (const Field &field : fields)
      sum += field.width;
    return sum;
  }

private:
  struct Field {
    const char *name;
    unsigned width;
    uint64_t value;
    bool compared = true;
  };

  void add(const char *name, unsigned width, uint64_t value) {
    const uint64_t mask =
        width == 64 ? ~uint64_t(0) : (uint64_t(1) << width) - 1;
    fields.push_back({name, width, value & mask});
  }
  template <typename Enumeration>
  void add(const char *name, Enumeration value) {
    add(name, isa::bitsOf(value), static_cast<uint64_t>(value));
  }
  void header(const Operation &operation) {
    add("null_op", 1, operation.kind == OperationKind::Null);
    add("pc", 24, operation.pc);
    add("context_id", 16, operation.context);
    for (int unit = kUnitCount - 1; unit >= 0; --unit) {
      add("wait valid", 1, operation.waits[unit].valid);
      // The count of an absent wait means nothing.
      add("wait count", 32, operation.waits[unit].count);
      fields.back().compared = operation.waits[unit].valid;
    }
  }
  void tile(const TileAddress &tile) {
    add("in_accumulator", 1, tile.inAccumulator);
    add("row", 20, tile.row);
    add("stride", 20, static_cast<uint32_t>(tile.stride));
    add("block_stride", 20, static_cast<uint32_t>(tile.blockStride));
    add("first", 9, tile.first);
  }
  void dma(bool gather, const DmaOperation &dma) {
    add("gather", 1, gather);
    add("dram_address", 40, dma.dramAddress);
    add("dram_stride", 40, static_cast<uint64_t>(dma.dramStride));
    add("dram_outer_stride", 40, static_cast<uint64_t>(dma.dramOuterStride));
    add("index_address", 40, dma.indexAddress);
    add("bound", 24, dma.bound);
    tile(dma.tile);
    add("tile_outer_stride", 20, dma.tileOuterStride);
    add("outer", 24, dma.outer);
    add("rows", 24, dma.rows);
    add("row_bytes", 26, dma.rowBytes);
  }
  void array(const MatmulOperation &matmul) {
    tile(matmul.activations);
    tile(matmul.weights);
    tile(matmul.sums);
    add("rows", 24, matmul.rows);
    add("columns", 24, matmul.columns);
    add("depth", 24, matmul.depth);
    add("weights_by_column", 1, matmul.weightsByColumn);
    add("operand_type", matmul.type);
    add("accumulate", 1, matmul.accumulate);
  }
  void vector(const VectorOperation &vector) {
    tile(vector.source);
    tile(vector.element);
    tile(vector.destination);
    for (int i = 2; i >= 0; --i)
      tile(vector.columns[i]);
    add("rows", 24, vector.rows);
    add("elements", 24, vector.elements);
    add("source_type", vector.sourceType);
    add("element_type", vector.elementType);
    add("destination_type", vector.destinationType);
    add("multiply0", vector.multiply0);
    add("add0", vector.add0);
    add("add1", vector.add1);
    add("func", vector.function);
    add("operand", vector.functionOperand);
    add("multiply1", vector.multiply1);
    add("add2", vector.add2);
    add("reduce", vector.reduce);
    add("reduce_accumulate", 1, vector.reduceAccumulate);
    add("multiply0_scalar", 32, bits(vector.multiply0Scalar));
    add("add0_scalar", 32, bits(vector.add0Scalar));
    add("source_statistic", 2, vector.sourceStatistic);
    add("element_statistic", 2, vector.elementStatistic);
    add("destination_statistic", 2, vector.destinationStatistic);
    add("multiply0_statistic", 2, vector.multiply0Statistic);
    add("add1_statistic", 2, vector.add1Statistic);
    add("multiply1_statistic", 2, vector.multiply1Statistic);
    add("reduce_statistic", 2, vector.reduceStatistic);
    add("statistics_row", 16, vector.statisticsRow);
  }
  static uint32_t bits(float value) {
    uint32_t word;
    std::memcpy(&word, &value, sizeof word);
    return word;
  }

  std::vector<Field> fields;
};

} // namespace tilework::sim
