// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From cycles to clocks of the memory and back. A time crosses rounded up.

#include "sim/memory/BankedDram.h"

#include "sim/memory/RandomDelays.h"
#include "sim/memory/dram/Channel.h"

#include <algorithm>

namespace tilework::sim {

namespace {

class BankedDram : public DramModel {
public:
  BankedDram(const DramTiming &timing, uint32_t ports, uint32_t dataBytes)
      : timing(timing), device(*timing.device), dataBytes(dataBytes),
        delays(timing, ports),
        channels(timing.channels, dram::Channel(*timing.device)),
        lastRead(ports), lastWrite(ports) {}

  bool faulty(uint64_t address, uint64_t bytes) const override {
    return timing.faulty(address, bytes);
  }

private:
  uint64_t answer(const DramRequest &request,
                  std::vector<uint64_t> *beatCycles) override {
    const RandomDelays::Delay delay = delays.draw(request);
    const uint64_t end =
        request.address + uint64_t(request.beats) * dataBytes - request.tail;
    return request.write ? write(request, end, delay)
                         : read(request, end, delay, beatCycles);
  }

  uint64_t toClock(uint64_t ps) const {
    return (ps * device.clockParts + device.clockPs - 1) / device.clockPs;
  }
  uint64_t toCycle(uint64_t clock, const RandomDelays::Delay &delay) const {
    const uint64_t ps =
        (clock * device.clockPs + device.clockParts - 1) / device.clockParts +
        timing.controllerLatencyPs + delay.latencyPs;
    return (ps + timing.clockPs - 1) / timing.clockPs;
  }

  /// Serves the access that begins at `address` and returns the clock behind
  /// its data.
  uint64_t serve(uint64_t address, bool write, bool masked, uint64_t ps) {
    const uint64_t granule = address / timing.interleaveBytes;
    const uint64_t local = granule / timing.channels * timing.interleaveBytes +
                           address % timing.interleaveBytes;
    return channels[granule % timing.channels].serve(
        {write, masked, toClock(ps), placeOf(device, local)});
  }

  uint64_t read(const DramRequest &request, uint64_t end,
                const RandomDelays::Delay &delay,
                std::vector<uint64_t> *beatCycles) {
    if (beatCycles)
      beatCycles->resize(request.beats);
    const uint64_t arrival =
        (request.cycle + 1) * timing.clockPs + delay.pausePs;
    uint64_t &last = lastRead[request.port];
    last = std::max(last, request.cycle);
    uint64_t access = (request.address + request.head) / device.accessBytes;
    uint64_t ready = 0; // the latest of those served
    for (uint32_t i = 0; i < request.beats; ++i) {
      const uint64_t beatEnd =
          std::min(end, request.address + uint64_t(i + 1) * dataBytes);
      for (; access * device.accessBytes < beatEnd; ++access)
        ready = std::max(
            ready, serve(access * device.accessBytes, false, false, arrival));
      last = std::max(last + 1, toCycle(ready, delay));
      if (beatCycles)
        (*beatCycles)[i] = last;
    }
    return last;
  }

  uint64_t write(const DramRequest &request, uint64_t end,
                 const RandomDelays::Delay &delay) {
    const uint64_t begin = request.address + request.head;
    uint64_t finish = 0;
    for (uint64_t at = begin / device.accessBytes * device.accessBytes;
         at < end; at += device.accessBytes) {
      const uint64_t accessEnd = at + device.accessBytes;
      const uint64_t dataCycle =
          request.cycle +
          (std::min(end, accessEnd) - 1 - request.address) / dataBytes;
      finish = std::max(
          finish, serve(at, true, at < begin || accessEnd > end,
                        (dataCycle + 1) * timing.clockPs + delay.pausePs));
    }
    uint64_t &last = lastWrite[request.port];
    last = std::max(
        {last + 1, request.cycle + request.beats, toCycle(finish, delay)});
    return last;
  }

  DramTiming timing;
  dram::Device device;
  uint32_t dataBytes;
  RandomDelays delays;
  std::vector<dram::Channel> channels;
  /// By port: cycle of the last beat and of the last response; 0: none.
  std::vector<uint64_t> lastRead, lastWrite;
};

} // namespace

std::unique_ptr<DramModel> makeBankedDram(const DramTiming &timing,
                                          uint32_t ports, uint32_t dataBytes) {
  return std::make_unique<BankedDram>(timing, ports, dataBytes);
}

} // namespace tilework::sim
