// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Chooses an engine and gives it the target's numbers.

#include "runtime/Engines.h"

#include "runtime/Error.h"
#include "sim/functional/FunctionalEngine.h"
#include "sim/machine/TargetGeometry.h"
#include "sim/systemc/Engine.h"
#include "sim/verilator/RtlEngine.h"

#include <algorithm>
#include <thread>

namespace tilework {

/// About how long the chip of a target takes to build. Of an Intel Xeon server
/// core without a compiler cache, in seconds of one core: what every chip
/// takes, and what a processing element and a lane add.
static double chipBuildSeconds(const target::Target &target) {
  constexpr unsigned kJobs = 2; // of rtl/build_chip.sh
  constexpr double kChip = 55, kElement = 0.135, kLane = 1;
  const double work = kChip +
                      kElement * double(target.systolic_array.rows *
                                        target.systolic_array.columns) +
                      kLane * double(target.vector_unit.lanes);
  return work / std::clamp(std::thread::hardware_concurrency(), 1u, kJobs);
}

const char *engineName(Engine engine) {
  switch (engine) {
  case Engine::Functional:
    return "functional";
  case Engine::SystemC:
    return "systemc";
  case Engine::Rtl:
    return "rtl";
  }
  return "";
}

Engine parseEngine(const std::string &name) {
  for (Engine engine : {Engine::Functional, Engine::SystemC, Engine::Rtl})
    if (name == engineName(engine))
      return engine;
  throw UserError("no engine '" + name +
                  "': choose functional, systemc or rtl");
}

sim::RunResult runEngine(Engine engine, const target::Target &target,
                         sim::RunRequest &request) {
  sim::DramTiming timing = sim::dramTimingOf(target);
  if (request.timing) {
    timing.randomLatencyPs = request.timing->randomLatencyPs;
    timing.randomSeed = request.timing->randomSeed;
  }
  request.geometry = sim::geometryOf(target);
  request.timing = &timing;
  sim::ChipVariant variant = sim::ChipVariant::Fast;
  if (request.options.waves)
    variant = sim::ChipVariant::Trace;
  else if (request.options.checked)
    variant = sim::ChipVariant::Checked;
  switch (engine) {
  case Engine::Functional:
    return sim::runFunctional(request);
  case Engine::SystemC:
    return sim::runSystemC(request);
  case Engine::Rtl: {
    const auto building = [&] {
      if (request.options.building)
        request.options.building(chipBuildSeconds(target));
    };
    return sim::runRtl(request,
                       *sim::chipLibrary(sim::ChipSources::builtIn(),
                                         target.configPackage(), variant,
                                         request.options.cancelled, building));
  }
  }
  throw UserError("no such engine");
}

} // namespace tilework
