// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Round-robin arbitration of the scratchpad's banks.

#include "sim/systemc/Scratchpad.h"

namespace tilework::sim {

void Scratchpad::arbitrate() {
  for (unsigned c = 0; c < kScratchpadClients; ++c)
    ports[c].granted = false;
  for (unsigned c = 0; c < kScratchpadClients; ++c) {
    if (!ports[c].request)
      continue;
    uint32_t bank = ports[c].bank;
    // The lowest requester of a bank decides for the bank.
    unsigned winner = c;
    unsigned bestDistance = kScratchpadClients;
    bool decided = false;
    for (unsigned d = 0; d < kScratchpadClients; ++d) {
      if (!ports[d].request || ports[d].bank != bank)
        continue;
      if (d < c) {
        decided = true;
        break;
      }
      unsigned distance =
          (d + kScratchpadClients - pointers[bank]) % kScratchpadClients;
      if (distance < bestDistance) {
        bestDistance = distance;
        winner = d;
      }
    }
    if (decided)
      continue;
    ports[winner].granted = true;
    pointers[bank] = static_cast<uint8_t>((winner + 1) % kScratchpadClients);
  }
}

} // namespace tilework::sim
