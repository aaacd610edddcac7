// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Round-robin arbitration of the scratchpad's banks.

#include "sim/systemc/Scratchpad.h"

namespace tilework::sim {

/// The counter of a client's accesses.
static Counter counterOf(unsigned client) {
  constexpr unsigned kFirst = static_cast<unsigned>(Counter::ScratchpadLoad);
  static_assert(kFirst + static_cast<unsigned>(ScratchpadClient::Result) ==
                    static_cast<unsigned>(Counter::ScratchpadResult),
                "Events.td counts accesses in the order of the clients");
  return static_cast<Counter>(kFirst + client);
}

void Scratchpad::arbitrate() {
  unsigned waiting = 0;
  for (unsigned c = 0; c < kScratchpadClients; ++c) {
    ports[c].granted = false;
    waiting |= unsigned(ports[c].request) << c;
  }
  while (waiting) {
    uint32_t bank = ports[__builtin_ctz(waiting)].bank;
    unsigned same = 0;
    for (unsigned rest = waiting; rest; rest &= rest - 1) {
      unsigned c = __builtin_ctz(rest);
      same |= unsigned(ports[c].bank == bank) << c;
    }
    waiting &= ~same;
    unsigned atOrAfter = same & ~0u << pointers[bank];
    unsigned winner = __builtin_ctz(atOrAfter ? atOrAfter : same);
    ports[winner].granted = true;
    sink.count(counterOf(winner), 1);
    pointers[bank] = static_cast<uint8_t>((winner + 1) % kScratchpadClients);
  }
}

} // namespace tilework::sim
