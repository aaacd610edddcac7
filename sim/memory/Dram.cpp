// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fixed latency plus bandwidth per channel, in integer picoseconds: a max-plus
// update of one time stamp per channel.

#include "sim/memory/Dram.h"

#include "sim/memory/BankedDram.h"
#include "sim/memory/DramImage.h"
#include "sim/memory/RandomDelays.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>

namespace tilework::sim {

uint64_t mix(uint64_t z) {
  z += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

void RequestDigest::add(const DramRequest &request) {
  ++count;
  for (uint64_t word :
       {request.cycle, request.address,
        uint64_t(request.head) << 32 | request.tail,
        uint64_t(request.beats) << 32 | uint64_t(request.port) << 16 |
            uint64_t(request.core) << 1 | request.write})
    value = mix(value ^ word);
}

uint64_t DramModel::request(const DramRequest &request,
                            std::vector<uint64_t> *beatCycles) {
  if (request.cycle != latestCycle) {
    requestsEarlier = requests;
    latestCycle = request.cycle;
  }
  requests.add(request);
  return answer(request, beatCycles);
}

RequestDigest DramModel::requestsBefore(uint64_t cycle) const {
  return cycle > latestCycle ? requests : requestsEarlier;
}

namespace {

class FixedLatencyDram : public DramModel {
public:
  FixedLatencyDram(const DramTiming &timing, uint32_t ports, uint32_t dataBytes)
      : timing(timing), dataBytes(dataBytes), delays(timing, ports),
        channels(timing.channels), ports(ports) {}

  bool faulty(uint64_t address, uint64_t bytes) const override {
    return timing.faulty(address, bytes);
  }

private:
  uint64_t answer(const DramRequest &request,
                  std::vector<uint64_t> *beatCycles) override {
    const RandomDelays::Delay delay = delays.draw(request);
    return request.write ? write(request, delay)
                         : read(request, delay, beatCycles);
  }

  struct Channel {
    uint64_t freePs = 0;
    bool writing = false;
  };
  struct Port {
    uint64_t lastRead = 0,
             lastWrite =
                 0; ///< cycle of the last beat and the last response; 0: none
  };

  uint64_t toCycle(uint64_t ps) const {
    return (ps + timing.clockPs - 1) / timing.clockPs;
  }

  Channel &channelOf(uint64_t address) {
    return channels[address / timing.interleaveBytes % channels.size()];
  }

  /// Serves the access that holds `address` and returns when it ends.
  uint64_t serve(uint64_t address, bool write, uint64_t arrivalPs) {
    Channel &channel = channelOf(address);
    uint64_t start = channel.freePs;
    if (channel.writing != write) {
      start += write ? timing.readToWritePs : timing.writeToReadPs;
      channel.writing = write;
    }
    channel.freePs = std::max(start, arrivalPs) + timing.accessPs;
    return channel.freePs;
  }

  uint64_t read(const DramRequest &request, const RandomDelays::Delay &delay,
                std::vector<uint64_t> *beatCycles) {
    if (beatCycles)
      beatCycles->resize(request.beats);
    channelOf(request.address).freePs += delay.pausePs;
    uint64_t arrival = (request.cycle + 1) * timing.clockPs;
    uint64_t latency = timing.readLatencyPs + delay.latencyPs;
    uint64_t &last = ports[request.port].lastRead;
    last = std::max(last, request.cycle);
    uint64_t access =
        request.address / timing.accessBytes; // next access to serve
    uint64_t ready = 0; // end of the latest access among those served
    for (uint32_t i = 0; i < request.beats; ++i) {
      uint64_t lastByte = request.address + uint64_t(i + 1) * dataBytes - 1;
      for (; access <= lastByte / timing.accessBytes; ++access)
        ready =
            std::max(ready, serve(access * timing.accessBytes, false, arrival));
      last = std::max(last + 1, toCycle(ready + latency));
      if (beatCycles)
        (*beatCycles)[i] = last;
    }
    return last;
  }

  uint64_t write(const DramRequest &request, const RandomDelays::Delay &delay) {
    channelOf(request.address).freePs += delay.pausePs;
    uint64_t end = request.address + uint64_t(request.beats) * dataBytes;
    uint64_t finish = 0;
    for (uint64_t access = request.address / timing.accessBytes;
         access * timing.accessBytes < end; ++access) {
      uint64_t lastByte = std::min(end, (access + 1) * timing.accessBytes) - 1;
      uint64_t dataCycle =
          request.cycle + (lastByte - request.address) / dataBytes;
      finish = std::max(finish, serve(access * timing.accessBytes, true,
                                      (dataCycle + 1) * timing.clockPs));
    }
    uint64_t &last = ports[request.port].lastWrite;
    last =
        std::max({last + 1, request.cycle + request.beats,
                  toCycle(finish + timing.writeLatencyPs + delay.latencyPs)});
    return last;
  }

  DramTiming timing;
  uint32_t dataBytes;
  RandomDelays delays;
  std::vector<Channel> channels;
  std::vector<Port> ports;
};

} // namespace

std::unique_ptr<DramModel> makeDramModel(const DramTiming &timing,
                                         uint32_t ports, uint32_t dataBytes) {
  if (!timing.clockPs || !timing.channels || !timing.interleaveBytes ||
      !timing.accessBytes || !ports || !dataBytes ||
      timing.interleaveBytes % timing.accessBytes)
    throw std::invalid_argument("DRAM timing: clock, channels, access bytes, "
                                "ports and data bytes must not be 0, and the "
                                "interleave of " +
                                std::to_string(timing.interleaveBytes) +
                                " bytes must be a multiple of the access of " +
                                std::to_string(timing.accessBytes) + " bytes");
  if (timing.device)
    return makeBankedDram(timing, ports, dataBytes);
  return std::make_unique<FixedLatencyDram>(timing, ports, dataBytes);
}

void clearFault(DramImage &image, const DramTiming &timing) {
  const uint64_t end =
      std::min(image.size(), timing.faultBase + timing.faultBytes);
  if (timing.faultBase < end)
    std::memset(image.data(timing.faultBase, end - timing.faultBase), 0,
                end - timing.faultBase);
}

} // namespace tilework::sim
