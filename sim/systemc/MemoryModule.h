// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The off-chip memory behind a TLM-2.0 socket: one payload a burst, with an
// extension that carries the cycles of its answer. MemoryInitiator is the
// chip's side, a DramModel for MemoryPorts; MemoryModule the memory's, around
// another DramModel. Any TLM component that speaks MemoryProtocol can stand
// between the two or take the memory's place.

#pragma once

#include "sim/memory/Dram.h"

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <vector>

namespace tilework::sim {

/// Generic payloads with two rules of their own: every payload carries a
/// BurstExtension, and the data pointer may be null, because bytes move when
/// instructions retire and not with their timing. Address, length and command
/// say what the burst is; the byte length is that of its beats.
struct MemoryProtocol {
  using tlm_payload_type = tlm::tlm_generic_payload;
  using tlm_phase_type = tlm::tlm_phase;
};

/// When a burst is on the pins, and when it is answered.
class BurstExtension : public tlm::tlm_extension<BurstExtension> {
public:
  uint64_t cycle = 0; ///< set by the initiator: core cycle of the request
  uint8_t core = 0;
  uint32_t port = 0;
  uint32_t beats = 0;
  uint32_t head = 0, tail = 0; ///< of DramRequest
  /// Set by the target: cycle of each beat of a read; cycle of the last beat or
  /// of the response.
  std::vector<uint64_t> beatCycles;
  uint64_t answerCycle = 0;
  /// Set by the target: some beat is answered with an error.
  bool faulty = false;

  tlm::tlm_extension_base *clone() const override {
    return new BurstExtension(*this);
  }
  void copy_from(const tlm::tlm_extension_base &other) override {
    *this = static_cast<const BurstExtension &>(other);
  }
};

/// The chip's side. Bursts come in the order that DramModel asks for;
/// b_transport does not wait.
class MemoryInitiator : public sc_core::sc_module, public DramModel {
public:
  tlm_utils::simple_initiator_socket<MemoryInitiator, 32, MemoryProtocol>
      socket;

  /// Beats have `dataBytes`.
  MemoryInitiator(sc_core::sc_module_name name, uint32_t dataBytes);
  ~MemoryInitiator() override;
  /// Of the burst requested last: which of its bytes are faulty.
  bool faulty(uint64_t address, uint64_t bytes) const override;

private:
  /// Throws std::runtime_error if the target refuses the burst.
  uint64_t answer(const DramRequest &request,
                  std::vector<uint64_t> *beatCycles) override;

  uint32_t dataBytes;
  tlm::tlm_generic_payload payload;
  BurstExtension extension;
};

/// The memory's side.
class MemoryModule : public sc_core::sc_module {
public:
  tlm_utils::simple_target_socket<MemoryModule, 32, MemoryProtocol> socket;

  /// `dram` outlives the module.
  MemoryModule(sc_core::sc_module_name name, DramModel &dram);

private:
  void transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay);
  /// Bytes that can be accessed: none of a range that touches a faulty one.
  unsigned transportDebug(tlm::tlm_generic_payload &payload);

  DramModel &dram;
};

} // namespace tilework::sim
