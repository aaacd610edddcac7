// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The far side of the chip's memory pins, as a Moore machine that a harness of
// Verilated RTL turns once a cycle: what it drives depends on earlier cycles
// alone.

#pragma once

#include "sim/memory/Dram.h"
#include "sim/memory/DramImage.h"

#include <cstdint>
#include <deque>
#include <vector>

namespace tilework::sim {

constexpr uint32_t kAxiBurstIncr = 1;
constexpr uint32_t kAxiOkay = 0, kAxiSlaveError = 2, kAxiDecodeError = 3;

/// What the chip drives on one port, in the terms of AXI4: a burst has len + 1
/// beats of 2^size bytes.
struct AxiRequest {
  bool arValid = false;
  uint64_t arAddress = 0;
  uint32_t arLen = 0, arSize = 0, arBurst = kAxiBurstIncr, arId = 0;
  uint32_t arFirst = 0, arLast = 0; ///< ARUSER: byte of the first beat from
                                    ///< which on, of the last beat up to which
                                    ///< the burst is needed
  bool awValid = false;
  uint64_t awAddress = 0;
  uint32_t awLen = 0, awSize = 0, awBurst = kAxiBurstIncr, awId = 0;
  uint32_t awFirst = 0, awLast = 0; ///< AWUSER
  bool wValid = false, wLast = false;
  const uint8_t *wData = nullptr;   ///< data bytes
  const uint8_t *wStrobe = nullptr; ///< one bit a byte, the lowest first
};

/// What the memory drives on one port; AR, AW and W are always ready.
struct AxiResponse {
  bool rValid = false, rLast = false;
  uint32_t rId = 0, rResp = kAxiOkay;
  std::vector<uint8_t> rData; ///< data bytes; zero unless rResp is okay
  bool bValid = false;
  uint32_t bId = 0, bResp = kAxiOkay;
};

/// One object for all ports. Each cycle: for every port drive(), let the chip
/// settle, then for every port in rising order sample(), then the clock edge.
class AxiEndpoint {
public:
  /// `model` says when, `image` holds the bytes; both outlive the endpoint.
  AxiEndpoint(DramModel &model, DramImage &image, uint32_t ports,
              uint32_t dataBytes, uint8_t core = 0);

  /// The pins of `port` in `cycle`; cycles rise. An access outside of the image
  /// answers with a decode error, one in the model's faulty range with a slave
  /// error.
  const AxiResponse &drive(uint32_t port, uint64_t cycle);
  /// Takes what the chip drives. Throws std::logic_error where it breaks a rule
  /// of AXI4 (a burst across 4 KB, more than 256 beats, beats that are not the
  /// port's, an unaligned or other than incrementing burst, WLAST out of its
  /// place) or of this chip: at most one request a cycle, write data that
  /// follows its request beat by beat, first and last bytes that lie in their
  /// beats, strobes of exactly the bytes between them.
  void sample(uint32_t port, uint64_t cycle, const AxiRequest &request);
  /// Nothing is on its way.
  bool idle() const;

private:
  /// A burst as AR and AW describe it.
  struct Burst {
    uint64_t address;
    uint32_t len, size, burst, first, last;
  };
  /// What the DRAM model is asked for, when the burst keeps the rules.
  DramRequest checked(uint32_t port, uint64_t cycle, bool write,
                      const Burst &burst) const;
  void takeBeat(uint32_t port, uint64_t cycle, const AxiRequest &request);
  uint32_t response(uint64_t address, uint64_t bytes) const;

  struct Read {
    uint64_t address = 0;
    uint32_t id = 0, next = 0; ///< next beat
    std::vector<uint64_t> cycles;
  };
  struct Response {
    uint64_t cycle = 0;
    uint32_t id = 0, resp = kAxiOkay;
  };
  struct Port {
    std::deque<Read> reads;
    std::deque<Response> responses;
    uint64_t writeAddress = 0;
    uint64_t writeBegin = 0, writeEnd = 0; ///< its bytes
    uint32_t beatsLeft = 0; ///< of the write whose data is coming
    AxiResponse pins;
  };

  DramModel &model;
  DramImage &image;
  uint32_t dataBytes;
  uint8_t core;
  std::vector<Port> ports;
};

} // namespace tilework::sim
