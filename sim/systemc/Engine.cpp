// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The SystemC side of the cycle model: one kernel tick is one core cycle, a
// method drives the chip, bursts are TLM-2.0 payloads.

#include "sim/systemc/Engine.h"

#include "sim/memory/Dram.h"
#include "sim/systemc/Chip.h"
#include "sim/systemc/MemoryModule.h"

#include <systemc>

#include <chrono>
#include <exception>
#include <memory>
#include <mutex>

/// The library asks for it, though the kernel is started from a function here.
extern "C" int sc_main(int, char *[]) { return 0; }

namespace tilework::sim {

namespace {

constexpr uint64_t kCancelInterval = 1 << 14; ///< activations

/// Turns the chip once a kernel tick, or once a stretch of ticks.
class ChipModule : public sc_core::sc_module {
public:
  SC_HAS_PROCESS(ChipModule);
  ChipModule(sc_core::sc_module_name name, const RunRequest &request)
      : sc_module(name), memory("memory", request.geometry.axiDataBytes),
        request(request), chip(request, memory) {
    SC_METHOD(cycle);
  }

  MemoryInitiator memory;

  RunResult takeResult() {
    if (failure)
      std::rethrow_exception(failure);
    return chip.takeResult();
  }

private:
  /// The kernel must not see exceptions: it would report them as its own.
  void cycle() {
    try {
      if (++activations % kCancelInterval == 0) {
        if (request.options.cancelled && request.options.cancelled())
          throw RunCancelled("cancelled");
        if (request.options.progress)
          request.options.progress(now);
      }
      const Cycle next = chip.advance(now);
      if (chip.stopped())
        return;
      if (request.options.cycleLimit && next > request.options.cycleLimit)
        throw RunError("the program did not halt within " +
                       std::to_string(request.options.cycleLimit) + " cycles");
      next_trigger(sc_core::sc_time::from_value(next - now));
      now = next;
    } catch (...) {
      failure = std::current_exception();
    }
  }

  const RunRequest &request;
  Chip chip;
  Cycle now = 0;
  uint64_t activations = 0;
  std::exception_ptr failure;
};

/// A kernel of its own for each run: modules cannot be made once a simulation
/// has started.
class KernelScope {
public:
  KernelScope() : lock(kernelMutex()), previous(sc_core::sc_curr_simcontext) {
    sc_core::sc_curr_simcontext = &context;
  }
  ~KernelScope() { sc_core::sc_curr_simcontext = previous; }

private:
  static std::mutex &kernelMutex() {
    static std::mutex mutex;
    return mutex;
  }
  std::lock_guard<std::mutex> lock;
  sc_core::sc_simcontext *previous;
  sc_core::sc_simcontext context;
};

} // namespace

RunResult runSystemC(const RunRequest &request) {
  if (!request.timing)
    throw RunError("the cycle model needs the timing of the off-chip memory");
  const Geometry &geometry = request.geometry;
  const auto begin = std::chrono::steady_clock::now();
  std::unique_ptr<DramModel> dram =
      makeDramModel(*request.timing, geometry.axiPorts, geometry.axiDataBytes);
  RunResult result;
  {
    KernelScope kernel;
    MemoryModule memory("dram", *dram);
    ChipModule chip("chip", request);
    chip.memory.socket.bind(memory.socket);
    sc_core::sc_start();
    result = chip.takeResult();
    result.requests = chip.memory.requestsBefore(result.cycles);
  }
  result.wallSeconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
  return result;
}

} // namespace tilework::sim
