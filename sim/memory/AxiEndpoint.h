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

/// What the chip drives on one port.
struct AxiRequest {
  bool arValid = false;
  uint64_t arAddress = 0;
  uint32_t arBeats = 0, arClient = 0;
  bool awValid = false;
  uint64_t awAddress = 0;
  uint32_t awBeats = 0;
  bool wValid = false, wLast = false;
  const uint8_t *wData = nullptr;   ///< data bytes
  const uint8_t *wStrobe = nullptr; ///< one bit a byte, the lowest first
};

/// What the memory drives on one port; AR, AW and W are always ready.
struct AxiResponse {
  bool rValid = false, rLast = false, rError = false;
  uint32_t rClient = 0;
  std::vector<uint8_t> rData; ///< data bytes; zero with rError
  bool bValid = false, bError = false;
};

/// One object for all ports. Each cycle: for every port drive(), let the chip
/// settle, then for every port in rising order sample(), then the clock edge.
class AxiEndpoint {
public:
  /// `model` says when, `image` holds the bytes; both outlive the endpoint.
  AxiEndpoint(DramModel &model, DramImage &image, uint32_t ports,
              uint32_t dataBytes);

  /// The pins of `port` in `cycle`; cycles rise. An access outside of the image
  /// answers with an error.
  const AxiResponse &drive(uint32_t port, uint64_t cycle);
  /// Takes what the chip drives. Throws std::logic_error if write data does not
  /// follow its request beat by beat.
  void sample(uint32_t port, uint64_t cycle, const AxiRequest &request);
  /// Nothing is on its way.
  bool idle() const;

private:
  struct Read {
    uint64_t address = 0;
    uint32_t client = 0, next = 0; ///< next beat
    std::vector<uint64_t> cycles;
  };
  struct Response {
    uint64_t cycle = 0;
    bool error = false;
  };
  struct Port {
    std::deque<Read> reads;
    std::deque<Response> responses;
    uint64_t writeAddress = 0;
    uint32_t beatsLeft = 0; ///< of the write whose data is coming
    AxiResponse pins;
  };

  DramModel &model;
  DramImage &image;
  uint32_t dataBytes;
  std::vector<Port> ports;
};

} // namespace tilework::sim
