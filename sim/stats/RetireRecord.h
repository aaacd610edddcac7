// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What every engine says of an instruction that it finished: where the models
// meet and are compared.

#pragma once

#include <cstdint>

namespace tilework::sim {

struct RetireRecord {
  uint8_t core = 0;      ///< Launch::core
  uint8_t unit = 0;      ///< sim::Unit
  uint32_t sequence = 0; ///< per unit, from 0
  uint32_t pc = 0;       ///< instruction index
  uint16_t context = 0;  ///< call context
  uint64_t start =
      0;            ///< cycle in which it left its queue (functional engine: 0)
  uint64_t end = 0; ///< cycle of its retire (functional engine: 0)
  uint64_t bytes = 0; ///< DRAM bytes moved by a load, gather or store, without
                      ///< what alignment adds
};

} // namespace tilework::sim
