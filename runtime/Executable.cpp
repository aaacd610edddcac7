// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Load, run, compare.

#include "runtime/Executable.h"

#include "dialects/isa/Printable.h"
#include "runtime/Error.h"
#include "sim/memory/Dram.h"
#include "sim/stats/RunChecker.h"

#include <cstring>
#include <mutex>

namespace tilework {

namespace {

/// Random pauses of up to this many picoseconds a burst.

target::Target targetOf(const isa::Image &image) {
  target::Target target =
      image.target.empty()
          ? target::Target::load(image.targetName)
          : target::Target::fromYaml(image.target.dump(), "the program");
  if (std::vector<std::string> differences =
          target.legalityDifferences(image.legality);
      !differences.empty())
    throw isa::ImageError("damaged program: its target contradicts its "
                          "legality parameters: " +
                          differences.front() + "; compile the model again");
  return target;
}

constexpr uint64_t kPageBytes = isa::kBindingAlignment;

/// What the loader placed at the 4096 bytes from `address` on.
std::string placeOf(const isa::Image &image, const isa::Entry &entry,
                    uint64_t address) {
  if (address < image.text.size() * sizeof(image.text[0]))
    return "instructions";
  const std::vector<uint64_t> places = isa::placeBindings(image, entry);
  for (size_t i = 0; i < entry.bindings.size(); ++i)
    if (address >= places[i] && address - places[i] < entry.bindings[i].bytes)
      return "byte " + std::to_string(address - places[i]) + " and on of '" +
             printable(entry.bindings[i].name) + "'";
  return "nothing is bound there";
}

/// A digest of each page: words mixed as in SplitMix64, so that what differs in
/// one bit differs.
std::vector<uint64_t> pageDigests(const sim::DramImage &memory) {
  std::vector<uint64_t> digests;
  for (uint64_t at = 0; at < memory.size(); at += kPageBytes) {
    const uint64_t count = std::min(kPageBytes, memory.size() - at);
    const uint8_t *bytes = memory.data(at, count);
    uint64_t digest = 0;
    for (uint64_t i = 0; i < count; i += sizeof(uint64_t)) {
      uint64_t word = 0;
      std::memcpy(&word, bytes + i, std::min(sizeof(word), count - i));
      digest = (digest ^ word) * 0xbf58476d1ce4e5b9;
      digest ^= digest >> 29;
    }
    digests.push_back(digest);
  }
  return digests;
}

} // namespace

struct Executable::Idle {
  std::mutex mutex;
  std::unique_ptr<LoadedEntry> entry;
  uint64_t capacityBytes = 0;
};

Executable Executable::load(const std::string &path) {
  return Executable(isa::readImage(path));
}

Executable::Executable(isa::Image image)
    : program(std::make_shared<const isa::Image>(std::move(image))),
      idle(std::make_shared<Idle>()), compiledFor(targetOf(*program)) {}

target::Target
Executable::targetWith(const std::vector<std::string> &set) const {
  for (const std::string &assignment : set) {
    const std::string key = assignment.substr(0, assignment.find('='));
    const target::ParameterInfo *parameter = target::findParameter(key);
    if (parameter &&
        parameter->parameterClass == target::ParameterClass::Legality)
      throw UserError("cannot set " + key +
                      " on a compiled program: it is a parameter of class " +
                      target::className(parameter->parameterClass) +
                      " and affects the program; compile for --target " +
                      program->targetName + "," + assignment + " instead");
  }
  target::Target changed = compiledFor;
  changed.apply(set);
  return changed;
}

std::unique_ptr<LoadedEntry>
Executable::takeLoaded(uint64_t capacityBytes) const {
  {
    std::lock_guard<std::mutex> lock(idle->mutex);
    if (idle->entry && idle->capacityBytes == capacityBytes)
      return std::move(idle->entry);
  }
  return std::make_unique<LoadedEntry>(program, entry(), capacityBytes);
}

RunReport Executable::run(const TensorMap &inputs,
                          const RunSettings &settings) const {
  RunReport report;
  report.engine = settings.engine;
  report.program = program;
  report.target = targetWith(settings.set);
  const uint64_t capacityBytes = report.target.dram.capacity_bytes;
  std::unique_ptr<LoadedEntry> memory = takeLoaded(capacityBytes);
  LoadedEntry &loaded = *memory;
  loaded.setInputs(inputs);
  if (settings.engine != Engine::Functional)
    report.inputsDigest = loaded.inputsDigest();
  sim::DramTiming randomness;
  sim::RunRequest request;
  request.launch = loaded.launch();
  request.memory = &loaded.memory();
  request.options = settings.options;
  if (settings.options.shadow)
    request.written = loaded.written();
  if (settings.randomLatencySeed) {
    randomness.randomLatencyPs = sim::kRandomLatencyPs;
    randomness.randomSeed = *settings.randomLatencySeed;
    request.timing = &randomness;
  }
  report.result = runEngine(settings.engine, report.target, request);
  report.computed = report.result.trap.cause == sim::TrapCause::none &&
                    !settings.options.timingOnly;
  if (report.computed)
    report.outputs = loaded.outputs();
  if (settings.engine != Engine::Functional && !settings.options.timingOnly)
    report.memory = pageDigests(loaded.memory());
  loaded.reset();
  std::lock_guard<std::mutex> lock(idle->mutex);
  idle->entry = std::move(memory);
  idle->capacityBytes = capacityBytes;
  return report;
}

Comparison Executable::compare(const RunReport &first,
                               const RunReport &second) const {
  Comparison comparison;
  const bool computed = first.computed && second.computed;
  if (computed)
    comparison.bytesEqual = true;
  for (const auto &[name, tensor] : computed ? first.outputs : TensorMap()) {
    auto other = second.outputs.find(name);
    if (other == second.outputs.end() || other->second.bytes != tensor.bytes) {
      comparison.bytesEqual = false;
      comparison.difference = "output '" + printable(name) + "' is missing";
      break;
    }
    const uint8_t *a = tensor.data, *b = other->second.data;
    const uint64_t at = std::mismatch(a, a + tensor.bytes, b).first - a;
    if (at != tensor.bytes) {
      comparison.bytesEqual = false;
      comparison.difference =
          "output '" + printable(name) + "' byte " + std::to_string(at) + ": " +
          engineName(first.engine) + " has " + std::to_string(a[at]) + ", " +
          engineName(second.engine) + " has " + std::to_string(b[at]);
      break;
    }
  }
  if (comparison.bytesEqual == true && first.program == second.program &&
      !first.memory.empty() && !second.memory.empty() &&
      first.memory != second.memory) {
    const auto page = std::mismatch(first.memory.begin(), first.memory.end(),
                                    second.memory.begin(), second.memory.end());
    const uint64_t begin = kPageBytes * (page.first - first.memory.begin());
    comparison.bytesEqual = false;
    comparison.difference = "the memory behind the run differs in bytes " +
                            std::to_string(begin) + " to " +
                            std::to_string(begin + kPageBytes - 1) + ": " +
                            placeOf(*program, entry(), begin);
  }
  std::optional<sim::RunDifference> difference =
      sim::compareRuns(first.result, second.result,
                       {engineName(first.engine), engineName(second.engine)});
  comparison.cyclesEqual = !difference;
  if (difference && comparison.difference.empty()) {
    comparison.difference = difference->what;
    if (const auto &record =
            difference->first ? difference->first : difference->second) {
      const std::string node = nodeOf(record->pc, record->context);
      if (!node.empty())
        comparison.difference += " (model node " + node + ")";
    }
    // Only the RTL has waves, and two chips differ by right.
    const bool oneChip = first.target == second.target;
    const bool hasRtl =
        first.engine == Engine::Rtl || second.engine == Engine::Rtl;
    if (oneChip && hasRtl && difference->windowEnd > difference->windowBegin)
      comparison.difference += "; waves: --window " +
                               std::to_string(difference->windowBegin) + ":" +
                               std::to_string(difference->windowEnd);
  }
  return comparison;
}

std::string Executable::nodeOf(uint32_t pc, uint16_t context) const {
  for (const isa::ProvenanceRange &range : program->provenance)
    if (pc >= range.begin && pc < range.end && range.context == context &&
        !range.nodes.empty())
      return printable(program->nodes[range.nodes.front()]);
  return "";
}

void requireHalt(const Executable &executable, const RunReport &report) {
  const sim::Trap &trap = report.result.trap;
  if (trap.cause == sim::TrapCause::none)
    return;
  std::string text = std::string("the program trapped: ") +
                     isa::caseName(trap.cause) + " at instruction " +
                     std::to_string(trap.pc);
  if (!trap.detail.empty())
    text += " (" + trap.detail + ")";
  if (report.engine != Engine::Functional)
    text += " in cycle " + std::to_string(trap.cycle);
  const std::string node = executable.nodeOf(trap.pc, trap.context);
  if (!node.empty())
    text += ", model node " + node;
  throw ProgramTrapError(text + ": compile the model again; if it traps again, "
                                "report the program file");
}

std::optional<std::string> outputsDigest(const RunReport &report) {
  if (!report.computed)
    return std::nullopt;
  return digestOf(report.outputs);
}

} // namespace tilework
