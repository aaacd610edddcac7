// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a Verilated chip looks like from outside: its pins, cycle by cycle, in C
// types that do not depend on the target, so that the chip of any target is a
// shared library that the harness loads. ChipModel.cpp implements it around
// the class that Verilator writes.

#ifndef TILEWORK_SIM_VERILATOR_CHIPABI_H
#define TILEWORK_SIM_VERILATOR_CHIPABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TW_CHIP_ABI_VERSION 3u
#define TW_CHIP_UNITS 4u

typedef struct TwChip TwChip;

/// Pins of one memory port that the memory drives, named as in AXI4. Requests
/// and write data are always taken.
typedef struct TwPortInputs {
  uint8_t r_valid, r_last, r_resp, r_id;
  uint8_t b_valid, b_resp, b_id;
  const uint8_t *r_data; ///< data bytes; looked at with r_valid
} TwPortInputs;

/// Pins of one memory port that the chip drives.
typedef struct TwPortOutputs {
  uint8_t ar_valid, ar_len, ar_size, ar_burst, ar_id;
  uint8_t aw_valid, aw_len, aw_size, aw_burst, aw_id;
  uint8_t w_valid, w_last;
  uint64_t ar_address, aw_address;
  uint32_t ar_first, ar_last, aw_first, aw_last; ///< of ARUSER and AWUSER
  const uint8_t *w_data;   ///< data bytes; until the next call
  const uint8_t *w_strobe; ///< one bit a byte, the lowest first
} TwPortOutputs;

typedef struct TwRetire {
  uint8_t valid;
  uint16_t context_id;
  uint32_t pc;
  uint64_t start, bytes;
} TwRetire;

/// The register map (rtl/top/tw_register_pkg.sv).
typedef struct TwRegisters {
  uint32_t start, program_base, program_count, program_entry;
  uint32_t parameter, segment_base, segment_size;
  uint32_t status, trap_cause, trap_pc, trap_context, stop_cycle, sticky;
  uint32_t activity, retired, counter;
} TwRegisters;

typedef struct TwChipApi {
  uint32_t version; ///< TW_CHIP_ABI_VERSION
  uint32_t ports, data_bytes;
  uint8_t has_trace, is_checked;
  TwRegisters registers;

  /// A chip that has been reset; null when memory runs out. What no reset sets
  /// is drawn from `seed`, above 0, in a checked chip and 0 in the others.
  TwChip *(*create)(uint32_t seed);
  void (*destroy)(TwChip *chip);

  /// One cycle: settle with the inputs of all ports, read the outputs, edge.
  /// `retires` has TW_CHIP_UNITS entries, of which only valid is written when
  /// it is 0..
  void (*settle)(TwChip *chip, const TwPortInputs *inputs,
                 TwPortOutputs *outputs, TwRetire *retires);
  uint8_t (*stopped)(const TwChip *chip);
  /// An assertion of a checked chip has failed; it was printed.
  uint8_t (*failed)(const TwChip *chip);
  void (*edge)(TwChip *chip);

  /// A cycle with a register write; a read takes two. The memory stands still:
  /// it takes no request and gives no answer.
  void (*write)(TwChip *chip, uint32_t address, uint64_t value);
  uint64_t (*read)(TwChip *chip, uint32_t address);

  /// Waves from the next cycle on; 0 when the library was built without
  /// tracing or the file cannot be written.
  uint8_t (*trace_open)(TwChip *chip, const char *path);
  void (*trace_close)(TwChip *chip);
} TwChipApi;

/// The one symbol of the library.
typedef const TwChipApi *(*TwChipApiFunction)(void);
#define TW_CHIP_API_SYMBOL "tw_chip_api"

#ifdef __cplusplus
}
#endif

#endif // TILEWORK_SIM_VERILATOR_CHIPABI_H
