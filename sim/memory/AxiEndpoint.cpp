// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The memory pins' far side: bursts go to the DRAM model when they are
// requested, bytes move when beats are on the pins.

#include "sim/memory/AxiEndpoint.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>

namespace tilework::sim {

AxiEndpoint::AxiEndpoint(DramModel &model, DramImage &image, uint32_t portCount,
                         uint32_t dataBytes)
    : model(model), image(image), dataBytes(dataBytes), ports(portCount) {
  for (Port &port : ports)
    port.pins.rData.resize(dataBytes);
}

const AxiResponse &AxiEndpoint::drive(uint32_t index, uint64_t cycle) {
  Port &port = ports[index];
  AxiResponse &pins = port.pins;
  pins.rValid = pins.rLast = pins.rError = false;
  pins.bValid = pins.bError = false;
  if (!port.reads.empty()) {
    Read &read = port.reads.front();
    if (read.cycles[read.next] == cycle) {
      uint64_t address = read.address + uint64_t(read.next) * dataBytes;
      pins.rValid = true;
      pins.rClient = read.client;
      pins.rError = !image.contains(address, dataBytes);
      if (pins.rError)
        std::fill(pins.rData.begin(), pins.rData.end(), 0);
      else
        std::memcpy(pins.rData.data(), image.data(address, dataBytes),
                    dataBytes);
      pins.rLast = ++read.next == read.cycles.size();
      if (pins.rLast)
        port.reads.pop_front();
    }
  }
  if (!port.responses.empty() && port.responses.front().cycle == cycle) {
    pins.bValid = true;
    pins.bError = port.responses.front().error;
    port.responses.pop_front();
  }
  return pins;
}

void AxiEndpoint::sample(uint32_t index, uint64_t cycle,
                         const AxiRequest &request) {
  Port &port = ports[index];
  auto complain = [&](const char *what) {
    throw std::logic_error("memory port " + std::to_string(index) + ", cycle " +
                           std::to_string(cycle) + ": " + what);
  };
  if (request.arValid && request.awValid)
    complain("a read and a write request in one cycle");
  if (request.arValid) {
    Read read;
    read.address = request.arAddress;
    read.client = request.arClient;
    model.request({cycle, index, false, request.arAddress, request.arBeats},
                  &read.cycles);
    port.reads.push_back(std::move(read));
  }
  if (request.awValid) {
    if (port.beatsLeft)
      complain("a write request before the last one's data is complete");
    port.writeAddress = request.awAddress;
    port.beatsLeft = request.awBeats;
    Response response;
    response.cycle = model.request(
        {cycle, index, true, request.awAddress, request.awBeats}, nullptr);
    response.error = !image.contains(request.awAddress,
                                     uint64_t(request.awBeats) * dataBytes);
    port.responses.push_back(response);
  }
  if (request.wValid != (port.beatsLeft > 0))
    complain(request.wValid ? "write data without a request"
                            : "a gap in the write data");
  if (!request.wValid)
    return;
  if (request.wLast != (port.beatsLeft == 1))
    complain("last is not on the last beat");
  if (image.contains(port.writeAddress, dataBytes)) {
    uint8_t *bytes = image.data(port.writeAddress, dataBytes);
    for (uint32_t i = 0; i < dataBytes; ++i)
      if (request.wStrobe[i / 8] >> (i % 8) & 1)
        bytes[i] = request.wData[i];
  }
  port.writeAddress += dataBytes;
  --port.beatsLeft;
}

bool AxiEndpoint::idle() const {
  return std::all_of(ports.begin(), ports.end(), [](const Port &port) {
    return port.reads.empty() && port.responses.empty() && port.beatsLeft == 0;
  });
}

} // namespace tilework::sim
