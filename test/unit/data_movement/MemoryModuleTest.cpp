// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Does a burst through the TLM-2.0 socket get the answer that the DRAM model
// gives directly?

#include "sim/systemc/MemoryModule.h"

#include <gtest/gtest.h>

#include <random>

namespace tilework::sim {
namespace {

/// Stands in for a memory that does not know the extension's protocol.
struct Refusing : sc_core::sc_module {
  tlm_utils::simple_target_socket<Refusing, 32, MemoryProtocol> socket;
  explicit Refusing(sc_core::sc_module_name name)
      : sc_module(name), socket("socket") {
    socket.register_b_transport(this, &Refusing::transport);
  }
  void transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &) {
    payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
  }
};

TEST(MemoryModule, AnswersAsTheModelDoes) {
  DramTiming timing;
  timing.randomLatencyPs = 70000;
  auto behind = makeDramModel(timing, 2, 32),
       direct = makeDramModel(timing, 2, 32);
  MemoryInitiator initiator("initiator", 32);
  MemoryModule memory("memory", *behind);
  initiator.socket.bind(memory.socket);
  MemoryInitiator lonely("lonely", 32);
  Refusing refusing("refusing");
  lonely.socket.bind(refusing.socket);
  sc_core::sc_start(sc_core::SC_ZERO_TIME);

  std::mt19937 random(3);
  for (uint64_t cycle = 0; cycle < 2000; cycle += 5) {
    DramRequest request;
    request.cycle = cycle;
    request.port = random() % 2;
    request.write = random() % 2;
    request.address = random() % 4096 * 32;
    request.beats = 1 + random() % 64;
    std::vector<uint64_t> beats, expected;
    ASSERT_EQ(initiator.request(request, &beats),
              direct->request(request, &expected));
    ASSERT_EQ(beats, expected);
  }
  EXPECT_THROW(lonely.request({0, 0, false, 0, 1}, nullptr),
               std::runtime_error);
}

} // namespace
} // namespace tilework::sim

// The SystemC library's own main, which is not used here, wants it.
int sc_main(int, char **) { return 0; }
