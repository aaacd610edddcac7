// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Walks the program with the Machine and executes each operation at once:
// program order is a valid schedule of every legal program.

#include "sim/functional/FunctionalEngine.h"

#include "sim/functional/Dma.h"
#include "sim/functional/Execute.h"
#include "sim/machine/Shadow.h"
#include "sim/memory/DramImage.h"

#include <chrono>
#include <optional>
#include <utility>

namespace tilework::sim {

namespace {

constexpr size_t kMaxViolations = 100;

class FunctionalRun {
public:
  explicit FunctionalRun(const RunRequest &request)
      : request(request), memory(*request.memory), memories(request.geometry),
        machine(request.geometry, request.launch) {
    if (request.options.shadow) {
      shadow.emplace(request.geometry);
      for (const MemoryRange &range : request.written)
        shadow->written(range.base, range.size);
    }
  }

  RunResult run() {
    const auto begin = std::chrono::steady_clock::now();
    for (uint64_t instructions = 0;; ++instructions) {
      if (request.options.cycleLimit &&
          instructions >= request.options.cycleLimit)
        throw RunError("the program did not halt within " +
                       std::to_string(request.options.cycleLimit) +
                       " instructions");
      if (request.options.cancelled && request.options.cancelled())
        throw RunCancelled("cancelled");
      if (request.options.progress)
        request.options.progress(instructions);
      const uint32_t pc = machine.pc();
      const uint16_t context = machine.context();
      Machine::Step step = machine.step(fetch());
      if (step.kind == Machine::Step::Kind::Operation) {
        execute(step.operation);
        continue;
      }
      if (step.kind == Machine::Step::Kind::Trap)
        result.trap = {step.cause, pc, context, 0, std::move(step.detail)};
      if (step.kind != Machine::Step::Kind::Control)
        break;
    }
    result.wallSeconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
            .count();
    return std::move(result);
  }

private:
  const uint8_t *fetch() {
    if (!machine.fetchable())
      return nullptr;
    return std::as_const(memory).data(request.launch.programBase +
                                          uint64_t(machine.pc()) *
                                              isa::kInstructionBytes,
                                      isa::kInstructionBytes);
  }

  void execute(const Operation &operation) {
    if (shadow)
      watch(operation);
    if (!executeOperation(operation, request.geometry, memories, memory))
      result.stickyStatus |= statusBit(isa::Status::gather_index);
    ++result.counters.retired[static_cast<unsigned>(operation.unit)];
    if (!request.options.records)
      return;
    RetireRecord record;
    record.core = request.launch.core;
    record.unit = static_cast<uint8_t>(operation.unit);
    record.sequence = operation.sequence;
    record.pc = operation.pc;
    record.context = operation.context;
    if (operation.unit == Unit::Load || operation.unit == Unit::Store)
      record.bytes = dmaBytes(operation.kind, operation.dma);
    result.records.push_back(record);
  }

  void watch(const Operation &operation) {
    IndexReader index = [&](uint64_t address) {
      int32_t value = -1;
      if (memory.contains(address, sizeof(value)))
        memory.read(address, &value, sizeof(value));
      return value;
    };
    for (const Violation &violation : shadow->check(operation, index))
      if (result.violations.size() < kMaxViolations)
        result.violations.push_back(describe(violation));
  }

  const RunRequest &request;
  DramImage &memory;
  OnChipMemories memories;
  Machine machine;
  std::optional<Shadow> shadow;
  RunResult result;
};

} // namespace

RunResult runFunctional(const RunRequest &request) {
  return FunctionalRun(request).run();
}

} // namespace tilework::sim
