// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The program image: what the compiler writes and every engine reads. An ELF64
// file with the instructions, the weights, the description of entries and
// bindings, and provenance. The loader (runtime) places bindings by the rule
// below.

#pragma once

#include "dialects/isa/ElementType.h"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace tilework::isa {

enum class BindingKind : uint8_t {
  Weights, ///< bytes of the image's weight segment
  Input,   ///< given by the caller before a run, in the host's type and shape
  Output,  ///< handed to the caller after a run
  State,   ///< kept from run to run (KV cache), zero at first
  Scratch  ///< intermediates; nothing is written before the run
};

/// Bindings begin at multiples of it.
constexpr uint64_t kBindingAlignment = 4096;

/// A range of DRAM that a program names by a segment and an offset. Placement:
/// bindings in rising order of segment, each at the next multiple of
/// kBindingAlignment behind the one before (the first behind the instructions,
/// which begin at 0). A segment reaches from its first binding to the end of
/// its last: programs with more tensors than segments keep several in one.
struct Binding {
  std::string name; ///< of the model's tensor; unique in an entry
  BindingKind kind = BindingKind::Scratch;
  uint32_t segment = 0; ///< 0 … 63
  uint64_t bytes = 0;   ///< size in DRAM
};

/// A tensor that the caller sees. Host-side steps convert between it and the
/// bindings.
struct Tensor {
  std::string name;
  ElementType type = ElementType::Float;
  std::vector<int64_t> shape;
  /// Integers: valid values as far as the compiler knows, both included (an
  /// index of a table of n rows: 0 … n − 1). Drawn inputs keep to them.
  int64_t minimum = 0, maximum = 1;
};

/// One step of host work before the start or after the halt, in order. `op` is
/// a kind of graph.launch_step (dialects/graph: cast, add, ne, select, cumsum,
/// …), `constant`, or `saturate`: a cast that keeps an integer beyond the range
/// of its result at the end of that range. Elementwise kinds broadcast as NumPy
/// does.
///
/// Attributes, JSON: `type` (an element type's name) and `shape` of the one
/// result; where the kind has them `axis`, `dims`, `exclusive`, `reverse`;
/// `constant`: `values`, a flat list of numbers.
///
/// An input names a tensor of the entry, a result of an earlier step, or, after
/// the halt, a binding; a binding is read as `source_type` with the result's
/// shape. An output that names a binding is copied to its first bytes, dense
/// and row-major; one that names an output tensor of the entry becomes it.
struct LaunchStep {
  std::string op;
  std::vector<std::string> inputs;
  std::string output;
  nlohmann::json attributes = nlohmann::json::object();
};

/// A launch parameter: a number that the caller or a launch step gives within
/// its range.
struct LaunchParameter {
  std::string name;
  uint32_t index = 0; ///< p0 … p15
  uint32_t minimum = 0, maximum = 0, initial = 0;
};

struct Entry {
  std::string name = "main";
  uint32_t core = 0;
  uint32_t pc = 0; ///< index of the first instruction
  std::vector<Tensor> inputs, outputs;
  std::vector<Binding> bindings; ///< in order of their segments
  std::vector<LaunchParameter> parameters;
  std::vector<LaunchStep> before, after;
};

/// Which nodes of the model an instruction works for.
struct ProvenanceRange {
  uint32_t begin = 0, end = 0; ///< instruction indices [begin, end)
  uint16_t context = 0;        ///< call context
  std::vector<uint32_t>
      nodes; ///< indices into Image::nodes, the primary one first
};

/// A file beside the model that its weights were read from.
struct ExternalData {
  std::string location; ///< as the model writes it; text from the model
  std::string sha256;   ///< of the whole file, hex
};

/// Code that the entries call.
struct Routine {
  std::string name;            ///< an identifier, for people
  uint32_t begin = 0, end = 0; ///< instruction indices [begin, end)
};

/// Weight bytes: in memory, or a part of a mapped image file.
struct WeightBytes {
  const uint8_t *data = nullptr;
  uint64_t size = 0;
  std::shared_ptr<const void> owner; ///< keeps `data` alive
};

struct Image {
  std::vector<std::array<uint8_t, 32>> text;
  WeightBytes weights;
  std::vector<Entry> entries;
  std::vector<Routine> routines; ///< rising, disjoint
  /// Names of model nodes, as the model has them: print them with printable().
  std::vector<std::string> nodes;
  /// What each of them is ("MatMul"), by the same index; a name may be empty,
  /// and without any there are none.
  std::vector<std::string> nodeOps;
  std::vector<ProvenanceRange> provenance; ///< sorted by (begin, context)
  nlohmann::json legality =
      nlohmann::json::object(); ///< parameter name → value, of class legality
  std::string legalityHash;     ///< SHA-256 of the canonical form, hex
  std::string targetName;       ///< what it was compiled for, for people
  nlohmann::json target =
      nlohmann::json::object(); ///< the same in full, Target::toJson
  /// Of the model, as modelHashOf() makes it; empty for a program that was
  /// written by hand.
  std::string modelHash;
  std::vector<ExternalData> externalData; ///< in the order of first use
  std::map<std::string, int64_t> dims; ///< symbolic dimensions that were fixed
  nlohmann::json statistics =
      nlohmann::json::object(); ///< of the compilation: peaks, counts

  const Entry *findEntry(const std::string &name) const;
};

/// The rounded up address of what follows `bytes`.
constexpr uint64_t alignBinding(uint64_t bytes) {
  return (bytes + kBindingAlignment - 1) / kBindingAlignment *
         kBindingAlignment;
}

/// Where each binding of the entry stands, in their order, and, as the last
/// element, where memory ends. The instructions stand at 0.
std::vector<uint64_t> placeBindings(const Image &image, const Entry &entry);

/// What tells one model from another: the SHA-256 of its file, hex, or, where
/// weights stand in files beside it, that of the digests of all of them.
std::string modelHashOf(const std::string &fileSha256,
                        const std::vector<ExternalData> &externalData);

/// What is wrong with a file, where in it, and what to do.
struct ImageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Writes to a temporary name beside `path`, then renames. Throws ImageError
/// for a missing folder, a full disk, no permission; then nothing is left
/// behind.
void writeImage(const Image &image, const std::string &path);
std::vector<uint8_t> writeImage(const Image &image);

/// Maps the file: weights are not copied. Every offset and count is checked;
/// throws ImageError.
Image readImage(const std::string &path);
/// As above, from bytes that the image keeps alive.
Image readImage(std::shared_ptr<const std::vector<uint8_t>> bytes);

} // namespace tilework::isa
