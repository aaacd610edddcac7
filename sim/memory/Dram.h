// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// When the off-chip memory answers. The cycle model and the harness of the
// Verilated chip ask one DramModel, burst by burst in the same order, so both
// see the same cycles. Bytes are DramImage's business.

#pragma once

#include "dialects/target/Numbers.h"
#include "sim/memory/dram/Device.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace tilework::sim {

class DramImage;

/// The finaliser of SplitMix64 (Steele, Lea, Flood: Fast splittable
/// pseudorandom number generators, OOPSLA 2014).
uint64_t mix(uint64_t z);

/// The random time of runs that ask for one, unless they name another.
inline constexpr uint64_t kRandomLatencyPs = 400000;

/// What a memory is like; every engine builds its own DramModel from it. Times
/// are picoseconds.
struct DramTiming : target::MemoryNumbers<uint64_t> {
  /// A channel with banks, rows and refresh; without it channels are a latency
  /// and a bandwidth.
  std::optional<dram::Device> device;
  /// Not 0: adds a random time of 0 … randomLatencyPs to each burst and random
  /// pauses of a channel, drawn from randomSeed.
  uint64_t randomLatencyPs = 0;
  uint64_t randomSeed = 0;
  /// A range, in whole beats, that nobody answers for: a beat of a read gives
  /// zeros and an error, a write that touches it is lost there and answered
  /// with an error. Empty: all accesses are good.
  uint64_t faultBase = 0, faultBytes = 0;

  bool faulty(uint64_t address, uint64_t bytes) const {
    return faultBytes != 0 && address < faultBase + faultBytes &&
           faultBase < address + bytes;
  }
};

/// A burst as it stands on the pins of an AXI port: `address` is a multiple of
/// the port's data bytes. The beats of a write are on the pins in cycles cycle
/// … cycle + beats − 1.
struct DramRequest {
  uint64_t cycle = 0; ///< core cycle in which the request is on the pins
  uint32_t port = 0;  ///< of the core
  bool write = false;
  uint64_t address = 0;
  uint32_t beats = 0; ///< ≥ 1
  uint8_t core = 0;   ///< that the port belongs to
  /// Bytes of the first beat before, and of the last one behind, what is
  /// needed.
  uint32_t head = 0, tail = 0;
};

/// All bursts of a run: equal for engines that asked for the same ones in the
/// same cycles.
struct RequestDigest {
  uint64_t count = 0, value = 0;

  void add(const DramRequest &request);
  friend bool operator==(const RequestDigest &a, const RequestDigest &b) {
    return a.count == b.count && a.value == b.value;
  }
};

class DramModel {
public:
  virtual ~DramModel() = default;
  /// Takes the next burst; bursts come in order of (cycle, port), and of a port
  /// at most one a cycle. Reads: writes the cycle in which beat i is on the
  /// pins to beatCycles[i] (the vector is resized; may be null) and returns the
  /// last one. Writes: returns the cycle of the response. Answers are later
  /// than the request, in order per port and direction, at most one a cycle;
  /// the response of a write is later than its last beat.
  uint64_t request(const DramRequest &request,
                   std::vector<uint64_t> *beatCycles);
  /// Of the bursts whose requests were on the pins before `cycle`. That is at
  /// most one cycle before the latest request's.
  RequestDigest requestsBefore(uint64_t cycle) const;
  /// Whether [address, address + bytes), of the burst requested last, touches
  /// DramTiming's faulty range.
  virtual bool faulty(uint64_t, uint64_t) const { return false; }

private:
  virtual uint64_t answer(const DramRequest &request,
                          std::vector<uint64_t> *beatCycles) = 0;

  RequestDigest requests, requestsEarlier; ///< earlier than latestCycle
  uint64_t latestCycle = 0;
};

/// The model that `timing` asks for. Channels serve bursts in the order of
/// their requests. Without a device: a fixed latency and a bandwidth per
/// channel, where an access begins when its request (or its data, for a write)
/// has arrived and the channel's bus is free and turned. Ports have `dataBytes`
/// a beat.
std::unique_ptr<DramModel> makeDramModel(const DramTiming &timing,
                                         uint32_t ports, uint32_t dataBytes);

/// What a faulty range holds: zeros. Engines that compute bytes in the image
/// call it at the start and behind each store.
void clearFault(DramImage &image, const DramTiming &timing);

} // namespace tilework::sim
