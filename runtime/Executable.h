// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A compiled program and what can be done with it: run for values, simulate for
// cycles, compare engines. What the command line and Python call.

#pragma once

#include "runtime/Engines.h"
#include "runtime/Loader.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tilework {

struct RunSettings {
  Engine engine = Engine::Functional;
  /// "key=value": parameters of any class but legality, against the target that
  /// the program was compiled for.
  std::vector<std::string> set;
  sim::RunOptions options;
  /// Adds random memory latency of this seed, the same for every engine.
  std::optional<uint64_t> randomLatencySeed;
};

/// What a run gave, and on what.
struct RunReport {
  Engine engine = Engine::Functional;
  target::Target target;
  sim::RunResult result;
  bool computed = false; ///< values: without them, or after a trap, there are
                         ///< no outputs
  TensorMap outputs;
  /// digestOf the inputs that were bound, of an engine with times: even without
  /// values those that are indices change the cycles.
  std::string inputsDigest;
  /// Of an engine with times that computed values: a digest of each 4096 bytes
  /// of the off-chip memory behind the run.
  std::vector<uint64_t> memory;
  std::shared_ptr<const isa::Image> program; ///< that ran
  double latencySeconds() const {
    return double(result.cycles) / double(target.clock.frequency_hz);
  }
};

/// Two runs held against each other.
struct Comparison {
  /// Nothing where one of the runs computed no values.
  std::optional<bool> bytesEqual;
  bool cyclesEqual = false;
  std::string difference; ///< the first one, with its model node; empty: equal
};

class Executable {
public:
  /// Reads a program file. Throws isa::ImageError, target::TargetError.
  static Executable load(const std::string &path);
  explicit Executable(isa::Image image);

  const isa::Image &image() const { return *program; }
  const isa::Entry &entry() const { return program->entries.front(); }
  const target::Target &target() const { return compiledFor; }
  void save(const std::string &path) const { writeImage(*program, path); }

  /// Runs once. Throws UserError for inputs or settings that do not fit; a trap
  /// is no exception but part of the report.
  RunReport run(const TensorMap &inputs, const RunSettings &settings) const;

  /// Holds two reports of one program and its inputs against each other: the
  /// outputs, the whole memory where one program left it twice, records and
  /// cycles.
  Comparison compare(const RunReport &first, const RunReport &second) const;

  /// The target with `set` applied. Throws UserError for a parameter that
  /// affects the program.
  target::Target targetWith(const std::vector<std::string> &set) const;

  /// Name of the primary model node of an instruction, printable; empty when
  /// there is none.
  std::string nodeOf(uint32_t pc, uint16_t context) const;

private:
  /// Memory of a run that ended, for the next one: copying the weights costs as
  /// much as running them. Copies of an executable share it.
  struct Idle;

  std::unique_ptr<LoadedEntry> takeLoaded(uint64_t capacityBytes) const;

  std::shared_ptr<const isa::Image> program;
  std::shared_ptr<Idle> idle;
  target::Target compiledFor;
};

/// Throws ProgramTrapError with cause, instruction and model node if the run
/// trapped.
void requireHalt(const Executable &executable, const RunReport &report);

/// SHA-256 over the names, types, shapes and bytes of a run's outputs, in hex;
/// nothing where none were computed.
std::optional<std::string> outputsDigest(const RunReport &report);

} // namespace tilework
