// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loads the launch registers, starts, turns chip and memory cycle by cycle, and
// reads status and counters at the end.

#include "sim/verilator/RtlEngine.h"

#include "sim/memory/AxiEndpoint.h"
#include "sim/memory/Dram.h"
#include "sim/memory/DramImage.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <vector>

namespace tilework::sim {

namespace {

constexpr uint64_t kCancelInterval = 1 << 10; ///< cycles
constexpr uint64_t kMayStart = 4;             ///< bit of the status register

class RtlRun {
public:
  RtlRun(const RunRequest &request, const ChipLibrary &library, TwChip *chip)
      : request(request), geometry(request.geometry), api(library.api()),
        map(api.registers), chip(chip),
        dram(makeDramModel(*request.timing, geometry.axiPorts,
                           geometry.axiDataBytes)),
        endpoint(*dram, *request.memory, geometry.axiPorts,
                 geometry.axiDataBytes, request.launch.core),
        inputs(geometry.axiPorts), outputs(geometry.axiPorts) {
    if (api.ports != geometry.axiPorts ||
        api.data_bytes != geometry.axiDataBytes)
      throw RunError("'" + library.path() +
                     "' is not the chip of this target: its memory ports "
                     "differ");
    if (request.options.waves && !api.has_trace)
      throw RunError("'" + library.path() +
                     "' was built without tracing, but waves are asked for");
  }

  RunResult run() {
    launch();
    for (now = 0; !api.stopped(chip); ++now)
      cycle();
    if (traceIsOpen)
      api.trace_close(chip);
    // The chip stopped in the cycle before.
    collect();
    settleDown();
    return std::move(result);
  }

private:
  void launch() {
    const Launch &launch = request.launch;
    auto write = [&](uint32_t address, uint64_t value) {
      api.write(chip, address, value);
    };
    write(map.program_base, launch.programBase);
    write(map.program_count, launch.instructionCount);
    write(map.program_entry, launch.entry);
    for (unsigned i = 0; i < launch.parameters.size(); ++i)
      write(map.parameter + i, launch.parameters[i]);
    for (unsigned i = 0; i < launch.segments.size(); ++i) {
      write(map.segment_base + i, launch.segments[i].base);
      write(map.segment_size + i, launch.segments[i].size);
    }
    write(map.start, 1);
  }

  void cycle() {
    guard();
    drive();
    for (unsigned unit = 0; unit < kUnitCount; ++unit)
      if (retires[unit].valid)
        retire(unit);
    api.edge(chip);
    if (api.failed(chip))
      throw RunError("an assertion of the chip failed in cycle " +
                     std::to_string(now));
  }

  /// The memory's side of a cycle, up to the edge.
  void drive() {
    for (uint32_t p = 0; p < geometry.axiPorts; ++p) {
      const AxiResponse &pins = endpoint.drive(p, now);
      inputs[p] = {pins.rValid,
                   pins.rLast,
                   static_cast<uint8_t>(pins.rResp),
                   static_cast<uint8_t>(pins.rId),
                   pins.bValid,
                   static_cast<uint8_t>(pins.bResp),
                   static_cast<uint8_t>(pins.bId),
                   pins.rData.data()};
    }
    api.settle(chip, inputs.data(), outputs.data(), retires.data());
    for (uint32_t p = 0; p < geometry.axiPorts; ++p) {
      const TwPortOutputs &pins = outputs[p];
      if (!pins.ar_valid && !pins.aw_valid && !pins.w_valid)
        continue;
      AxiRequest sample;
      sample.arValid = pins.ar_valid;
      sample.arAddress = pins.ar_address;
      sample.arLen = pins.ar_len;
      sample.arSize = pins.ar_size;
      sample.arBurst = pins.ar_burst;
      sample.arId = pins.ar_id;
      sample.arFirst = pins.ar_first;
      sample.arLast = pins.ar_last;
      sample.awValid = pins.aw_valid;
      sample.awAddress = pins.aw_address;
      sample.awLen = pins.aw_len;
      sample.awSize = pins.aw_size;
      sample.awBurst = pins.aw_burst;
      sample.awId = pins.aw_id;
      sample.awFirst = pins.aw_first;
      sample.awLast = pins.aw_last;
      sample.wValid = pins.w_valid;
      sample.wLast = pins.w_last;
      sample.wData = pins.w_data;
      sample.wStrobe = pins.w_strobe;
      endpoint.sample(p, now, sample);
    }
  }

  /// Turns chip and memory until the next run may start.
  void settleDown() {
    if (result.trap.cause == TrapCause::watchdog)
      return;
    while (!endpoint.idle() || !(api.read(chip, map.status) & kMayStart)) {
      drive();
      api.edge(chip);
      ++now;
    }
  }

  /// Limits, cancelling and the window of the waves.
  void guard() {
    const RunOptions &options = request.options;
    if (now % kCancelInterval == 0) {
      if (options.cancelled && options.cancelled())
        throw RunCancelled("cancelled");
      if (options.progress)
        options.progress(now);
    }
    if (options.cycleLimit && now > options.cycleLimit)
      throw RunError("the program did not halt within " +
                     std::to_string(options.cycleLimit) + " cycles");
    if (!options.waves)
      return;
    if (!traceIsOpen && now == options.waves->begin) {
      if (!api.trace_open(chip, options.waves->path.c_str()))
        throw RunError("cannot write waves to '" + options.waves->path + "'");
      traceIsOpen = true;
    } else if (traceIsOpen && now == options.waves->end) {
      api.trace_close(chip);
      traceIsOpen = false;
    }
  }

  void retire(unsigned unit) {
    const uint32_t number = sequence[unit]++;
    if (!request.options.records)
      return;
    RetireRecord record;
    record.core = request.launch.core;
    record.unit = static_cast<uint8_t>(unit);
    record.sequence = number;
    record.pc = retires[unit].pc;
    record.context = retires[unit].context_id;
    record.start = retires[unit].start;
    record.end = now;
    record.bytes = retires[unit].bytes;
    result.records.push_back(record);
  }

  void collect() {
    auto read = [&](uint32_t address) { return api.read(chip, address); };
    result.cycles = read(map.stop_cycle);
    result.requests = dram->requestsBefore(result.cycles);
    result.trap.cause = static_cast<TrapCause>(read(map.trap_cause));
    if (result.trap.cause != TrapCause::none) {
      result.trap.pc = static_cast<uint32_t>(read(map.trap_pc));
      result.trap.context = static_cast<uint16_t>(read(map.trap_context));
      result.trap.cycle = result.cycles;
    }
    result.stickyStatus = static_cast<uint32_t>(read(map.sticky));
    for (unsigned unit = 0; unit < kCountedUnits; ++unit)
      for (unsigned a = 0; a < kActivityCount; ++a)
        result.counters.activity[unit][a] = read(map.activity + 32 * unit + a);
    for (unsigned unit = 0; unit < kUnitCount; ++unit)
      result.counters.retired[unit] = read(map.retired + unit);
    for (unsigned counter = 0; counter < kCounterCount; ++counter)
      result.counters.sums[counter] = read(map.counter + counter);
  }

  const RunRequest &request;
  const Geometry &geometry;
  const TwChipApi &api;
  const TwRegisters &map;
  TwChip *chip;
  std::unique_ptr<DramModel> dram;
  AxiEndpoint endpoint;
  std::vector<TwPortInputs> inputs;
  std::vector<TwPortOutputs> outputs;
  std::array<TwRetire, kUnitCount> retires{};
  std::array<uint32_t, kUnitCount> sequence{};
  RunResult result;
  uint64_t now = 0;
  bool traceIsOpen = false;
};

} // namespace

RtlMachine::RtlMachine(const ChipLibrary &library, uint32_t seed)
    : library(library), chip(library.api().create(seed)) {
  if (!chip)
    throw RunError("no memory left for the chip");
}

RtlMachine::~RtlMachine() { library.api().destroy(chip); }

RunResult RtlMachine::run(const RunRequest &request) {
  if (!request.timing)
    throw RunError("the RTL engine needs the timing of the off-chip memory");
  const auto begin = std::chrono::steady_clock::now();
  clearFault(*request.memory, *request.timing);
  RunResult result = RtlRun(request, library, chip).run();
  result.wallSeconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
  return result;
}

RunResult runRtl(const RunRequest &request, const ChipLibrary &chip) {
  return RtlMachine(chip, request.options.chipSeed).run(request);
}

} // namespace tilework::sim
