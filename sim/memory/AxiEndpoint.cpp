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
                         uint32_t dataBytes, uint8_t core)
    : model(model), image(image), dataBytes(dataBytes), core(core),
      ports(portCount) {
  for (Port &port : ports)
    port.pins.rData.resize(dataBytes);
}

uint32_t AxiEndpoint::response(uint64_t address, uint64_t bytes) const {
  return !image.contains(address, bytes) ? kAxiDecodeError
         : model.faulty(address, bytes)  ? kAxiSlaveError
                                         : kAxiOkay;
}

namespace {

[[noreturn]] void complain(uint32_t port, uint64_t cycle, const char *what) {
  throw std::logic_error("memory port " + std::to_string(port) + ", cycle " +
                         std::to_string(cycle) + ": " + what);
}

} // namespace

DramRequest AxiEndpoint::checked(uint32_t port, uint64_t cycle, bool write,
                                 const Burst &burst) const {
  if (burst.burst != kAxiBurstIncr)
    complain(port, cycle, "a burst that is not incrementing");
  if (uint64_t(1) << burst.size != dataBytes)
    complain(port, cycle, "beats that are not as wide as the port");
  if (burst.len > 255)
    complain(port, cycle, "a burst of more than 256 beats");
  if (burst.address % dataBytes)
    complain(port, cycle, "an address that is no multiple of the beat");
  const uint32_t beats = burst.len + 1;
  if (burst.address / 4096 !=
      (burst.address + uint64_t(beats) * dataBytes - 1) / 4096)
    complain(port, cycle, "a burst across a boundary of 4 KB");
  if (burst.first >= dataBytes || burst.last >= dataBytes ||
      (burst.len == 0 && burst.first > burst.last))
    complain(port, cycle, "a first or last byte that is not in its beat");
  return {cycle, port, write,       burst.address,
          beats, core, burst.first, dataBytes - 1 - burst.last};
}

const AxiResponse &AxiEndpoint::drive(uint32_t index, uint64_t cycle) {
  Port &port = ports[index];
  AxiResponse &pins = port.pins;
  pins.rValid = pins.rLast = pins.bValid = false;
  pins.rResp = pins.bResp = kAxiOkay;
  if (!port.reads.empty()) {
    Read &read = port.reads.front();
    if (read.cycles[read.next] == cycle) {
      uint64_t address = read.address + uint64_t(read.next) * dataBytes;
      pins.rValid = true;
      pins.rId = read.id;
      pins.rResp = response(address, dataBytes);
      if (pins.rResp != kAxiOkay)
        std::fill(pins.rData.begin(), pins.rData.end(), 0);
      else
        image.read(address, pins.rData.data(), dataBytes);
      pins.rLast = ++read.next == read.cycles.size();
      if (pins.rLast)
        port.reads.pop_front();
    }
  }
  if (!port.responses.empty() && port.responses.front().cycle == cycle) {
    pins.bValid = true;
    pins.bId = port.responses.front().id;
    pins.bResp = port.responses.front().resp;
    port.responses.pop_front();
  }
  return pins;
}

void AxiEndpoint::sample(uint32_t index, uint64_t cycle,
                         const AxiRequest &request) {
  Port &port = ports[index];
  if (request.arValid && request.awValid)
    complain(index, cycle, "a read and a write request in one cycle");
  if (request.arValid) {
    Read read;
    read.address = request.arAddress;
    read.id = request.arId;
    model.request(checked(index, cycle, false,
                          {request.arAddress, request.arLen, request.arSize,
                           request.arBurst, request.arFirst, request.arLast}),
                  &read.cycles);
    port.reads.push_back(std::move(read));
  }
  if (request.awValid) {
    if (port.beatsLeft)
      complain(index, cycle,
               "a write request before the last one's data is complete");
    const DramRequest write =
        checked(index, cycle, true,
                {request.awAddress, request.awLen, request.awSize,
                 request.awBurst, request.awFirst, request.awLast});
    port.writeAddress = write.address;
    port.writeBegin = write.address + write.head;
    port.writeEnd =
        write.address + uint64_t(write.beats) * dataBytes - write.tail;
    port.beatsLeft = write.beats;
    Response answer;
    answer.cycle = model.request(write, nullptr);
    answer.id = request.awId;
    answer.resp =
        response(request.awAddress, uint64_t(port.beatsLeft) * dataBytes);
    port.responses.push_back(answer);
  }
  if (request.wValid != (port.beatsLeft > 0))
    complain(index, cycle,
             request.wValid ? "write data without a request"
                            : "a gap in the write data");
  if (request.wValid)
    takeBeat(index, cycle, request);
}

void AxiEndpoint::takeBeat(uint32_t index, uint64_t cycle,
                           const AxiRequest &request) {
  Port &port = ports[index];
  if (request.wLast != (port.beatsLeft == 1))
    complain(index, cycle, "last is not on the last beat");
  uint8_t *bytes = response(port.writeAddress, dataBytes) == kAxiOkay
                       ? image.data(port.writeAddress, dataBytes)
                       : nullptr;
  for (uint32_t i = 0; i < dataBytes; ++i) {
    const uint64_t address = port.writeAddress + i;
    const bool strobe = request.wStrobe[i / 8] >> (i % 8) & 1;
    if (strobe != (address >= port.writeBegin && address < port.writeEnd))
      complain(index, cycle,
               "strobes that are not those of the first to the last byte");
    if (strobe && bytes)
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
