// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Puts a program image into DRAM by the rule of isa::Binding. One loader for
// every engine, so all of them see the same addresses.

#pragma once

#include "runtime/Tensor.h"
#include "sim/memory/DramImage.h"
#include "sim/stats/Run.h"

#include <optional>

namespace tilework {

/// What the loader writes before a start: where `places`, of
/// isa::placeBindings, put the segments, and the parameters' initial values.
sim::Launch launchOf(const isa::Image &image, const isa::Entry &entry,
                     const std::vector<uint64_t> &places);

/// An entry of an image in memory, ready to start.
class LoadedEntry {
public:
  /// Throws UserError if the image does not fit `capacityBytes` of DRAM.
  LoadedEntry(std::shared_ptr<const isa::Image> image, const isa::Entry &entry,
              uint64_t capacityBytes);

  /// Brings back the memory that the constructor left, without copying what no
  /// run has written.
  void reset();

  const isa::Entry &entry() const { return description; }
  sim::DramImage &memory() { return dram; }
  const sim::Launch &launch() const { return launchState; }
  /// What the loader wrote, for the shadow mode.
  const std::vector<sim::MemoryRange> &written() const { return ranges; }

  /// Runs the steps before the start on `inputs` and writes the bindings. Every
  /// input of the entry must be there with its type and shape and none besides;
  /// throws UserError that names each that is missing or wrong.
  void setInputs(const TensorMap &inputs);
  /// digestOf what setInputs bound, each in the entry's own type.
  std::string inputsDigest() const;
  /// Runs the steps after the halt and returns the outputs.
  TensorMap outputs();

private:
  /// visit(address, bytes, count) for the instructions and the weights.
  template <typename Visit> void forFixed(Visit visit) const;
  const isa::Binding *findBinding(const std::string &name) const;
  /// Of a binding of the entry.
  uint64_t addressOf(const isa::Binding &binding) const;
  void writeBinding(const isa::Binding &binding, const Tensor &tensor);

  std::shared_ptr<const isa::Image> image;
  const isa::Entry &description;
  const std::vector<uint64_t> places; ///< isa::placeBindings
  sim::DramImage dram;
  sim::Launch launchState;
  std::vector<sim::MemoryRange> ranges;
  size_t fixedRanges = 0; ///< of them, those of the constructor
  TensorMap values;       ///< inputs and results of steps
};

/// Valid inputs drawn from a seed: integers within their range (0 or 1: always
/// 1, as masks have it when nothing is padded), floats in [−1, 1).
TensorMap drawInputs(const isa::Entry &entry, uint64_t seed);

} // namespace tilework
