// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bursts as TLM-2.0 payloads.

#include "sim/systemc/MemoryModule.h"

#include <stdexcept>
#include <string>

namespace tilework::sim {

MemoryInitiator::MemoryInitiator(sc_core::sc_module_name name,
                                 uint32_t dataBytes)
    : sc_module(name), socket("socket"), dataBytes(dataBytes) {
  payload.set_extension(&extension);
  payload.set_data_ptr(nullptr);
  payload.set_byte_enable_ptr(nullptr);
  payload.set_dmi_allowed(false);
}

MemoryInitiator::~MemoryInitiator() { payload.clear_extension(&extension); }

uint64_t MemoryInitiator::answer(const DramRequest &request,
                                 std::vector<uint64_t> *beatCycles) {
  payload.set_command(request.write ? tlm::TLM_WRITE_COMMAND
                                    : tlm::TLM_READ_COMMAND);
  payload.set_address(request.address);
  payload.set_data_length(request.beats * dataBytes);
  payload.set_streaming_width(request.beats * dataBytes);
  payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  extension.cycle = request.cycle;
  extension.core = request.core;
  extension.port = request.port;
  extension.beats = request.beats;
  extension.head = request.head;
  extension.tail = request.tail;
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  socket->b_transport(payload, delay);
  if (payload.is_response_error())
    throw std::runtime_error(
        "the memory refused a burst of " + std::to_string(request.beats) +
        " beats at address " + std::to_string(request.address) + ": " +
        payload.get_response_string());
  if (beatCycles)
    beatCycles->assign(extension.beatCycles.begin(),
                       extension.beatCycles.end());
  return extension.answerCycle;
}

bool MemoryInitiator::faulty(uint64_t address, uint64_t bytes) const {
  if (!extension.faulty)
    return false;
  tlm::tlm_generic_payload query;
  query.set_read();
  query.set_address(address);
  query.set_data_length(static_cast<unsigned>(bytes));
  MemoryInitiator &self = const_cast<MemoryInitiator &>(*this);
  return self.socket->transport_dbg(query) == 0;
}

MemoryModule::MemoryModule(sc_core::sc_module_name name, DramModel &dram)
    : sc_module(name), socket("socket"), dram(dram) {
  socket.register_b_transport(this, &MemoryModule::transport);
  socket.register_transport_dbg(this, &MemoryModule::transportDebug);
}

unsigned MemoryModule::transportDebug(tlm::tlm_generic_payload &payload) {
  const unsigned length = payload.get_data_length();
  return dram.faulty(payload.get_address(), length) ? 0 : length;
}

void MemoryModule::transport(tlm::tlm_generic_payload &payload,
                             sc_core::sc_time &) {
  auto *burst = payload.get_extension<BurstExtension>();
  if (!burst) {
    payload.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
    return;
  }
  if (payload.get_command() == tlm::TLM_IGNORE_COMMAND) {
    payload.set_response_status(tlm::TLM_COMMAND_ERROR_RESPONSE);
    return;
  }
  bool write = payload.is_write();
  burst->beatCycles.clear();
  burst->answerCycle =
      dram.request({burst->cycle, burst->port, write, payload.get_address(),
                    burst->beats, burst->core, burst->head, burst->tail},
                   write ? nullptr : &burst->beatCycles);
  burst->faulty = dram.faulty(payload.get_address(), payload.get_data_length());
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
}

} // namespace tilework::sim
