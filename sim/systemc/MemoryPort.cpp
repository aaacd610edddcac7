// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arbitration of the memory ports, by the rule in the head of
// rtl/dma/tw_axi_arbiter.sv.

#include "sim/systemc/MemoryPort.h"

#include <algorithm>

namespace tilework::sim {

MemoryPorts::MemoryPorts(const Geometry &geometry, DramModel &dram,
                         CounterSink &sink, uint8_t core)
    : dram(dram), sink(sink), core(core), arrivals(2 * geometry.axiPorts),
      shape(geometry),
      batchBeats((geometry.dmaWriteBatchBytes + geometry.axiDataBytes - 1) /
                 geometry.axiDataBytes),
      ports(geometry.axiPorts), arbiters(geometry.axiPorts) {}

void MemoryPorts::forgetUpTo(Cycle now, Arrivals &list) {
  while (!list.empty() && list.front() <= now) {
    quiet = std::max(quiet, list.front() + 1);
    list.pop_front();
  }
}

void MemoryPorts::expect(Cycle now, Arrivals &list,
                         const std::vector<uint64_t> &cycles) {
  forgetUpTo(now, list);
  list.insert(list.end(), cycles.begin(), cycles.end());
  nextArrival = std::min<Cycle>(nextArrival, list.front());
}

Cycle MemoryPorts::quietFrom(Cycle now) {
  if (now < nextArrival)
    return quiet;
  nextArrival = kNever;
  for (Arrivals &list : arrivals) {
    forgetUpTo(now, list);
    if (!list.empty())
      nextArrival = std::min(nextArrival, list.front());
  }
  return quiet;
}

void MemoryPorts::noteReadErrors(uint64_t address,
                                 const std::vector<uint64_t> &cycles) {
  if (!dram.faulty(address, cycles.size() * shape.beatBytes))
    return;
  for (size_t beat = 0; beat < cycles.size(); ++beat)
    if (dram.faulty(address + beat * shape.beatBytes, shape.beatBytes))
      errorCycle = std::min(errorCycle, cycles[beat]);
}

void MemoryPorts::noteWriteErrors(uint64_t address, uint32_t beats,
                                  Cycle response) {
  if (dram.faulty(address, uint64_t(beats) * shape.beatBytes))
    errorCycle = std::min(errorCycle, response);
}

uint64_t MemoryPorts::request(Cycle now, uint32_t port, bool write,
                              const Burst &burst,
                              std::vector<uint64_t> *beatCycles) {
  return dram.request({now + 1, port, write, burst.address, burst.beats, core,
                       burst.head, burst.tail},
                      beatCycles);
}

void MemoryPorts::arbitrate(Cycle now) {
  fetchClient.granted = false;
  bool fetching = fetchClient.request;
  uint32_t wanted = 0;
  if (fetching) {
    wanted = shape.port(fetchClient.address);
    while (!linesUnderWay.empty() && linesUnderWay.front() < now)
      linesUnderWay.pop_front();
    fetching = linesUnderWay.empty() || wanted == fetchPort;
  }

  for (uint32_t p = 0; p < shape.ports; ++p) {
    Port &port = ports[p];
    Arbiter &arbiter = arbiters[p];
    port.load.granted = port.store.granted = false;
    bool fetchHere = fetching && wanted == p;
    bool reads = fetchHere || port.load.request;
    if (!reads && !port.storeReady)
      continue;
    bool own = arbiter.writing ? port.storeReady : reads;
    bool other = arbiter.writing ? reads : port.storeReady;
    if (other && (!own || arbiter.batch >= batchBeats)) {
      arbiter.writing = !arbiter.writing;
      arbiter.batch = 0;
    }
    uint32_t beats = 0;
    if (arbiter.writing) {
      if (!port.store.request)
        continue;
      port.store.granted = true;
      const Burst &burst = port.store.burst;
      beats = burst.beats;
      port.responseCycle = request(now, p, true, burst, nullptr);
      noteWriteErrors(burst.address, beats, port.responseCycle);
      expect(now, arrivals[2 * p + 1], {port.responseCycle});
      sink.count(Counter::StoreBytes, uint64_t(beats) * shape.beatBytes);
    } else if (fetchHere) {
      fetchClient.granted = true;
      const Burst burst = shape.burst(fetchClient.address, kFetchLineBytes);
      beats = burst.beats;
      linesUnderWay.push_back(
          request(now, p, false, burst, &fetchClient.beatCycles));
      noteReadErrors(fetchClient.address, fetchClient.beatCycles);
      expect(now, arrivals[2 * p], fetchClient.beatCycles);
      fetchPort = p;
      sink.count(Counter::FetchBytes, kFetchLineBytes);
    } else {
      port.load.granted = true;
      const Burst &burst = port.load.burst;
      beats = burst.beats;
      request(now, p, false, burst, &port.beatCycles);
      noteReadErrors(burst.address, port.beatCycles);
      expect(now, arrivals[2 * p], port.beatCycles);
      sink.count(Counter::LoadBytes, uint64_t(beats) * shape.beatBytes);
    }
    if (arbiter.batch < batchBeats)
      arbiter.batch += beats;
  }
}

} // namespace tilework::sim
