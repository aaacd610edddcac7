// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The Verilated tw_top of one target behind ChipAbi.h. rtl/build_chip.sh
// compiles this file with Verilator's output into a shared library.

#include "sim/verilator/ChipAbi.h"

#include "Vtw_chip.h"
#include "Vtw_chip_tw_register_pkg.h"
#include "verilated.h"
#ifdef TW_TRACE
#include "verilated_fst_c.h"
#endif

#include <cstring>
#include <memory>
#include <new>

namespace {

using Map = Vtw_chip_tw_register_pkg;

constexpr unsigned kPorts = Map::PinPorts;
constexpr unsigned kDataBytes = Map::PinDataBytes;
constexpr unsigned log2(unsigned n) { return n < 2 ? 0 : 1 + log2(n / 2); }
constexpr unsigned kBeatBits = log2(kDataBytes); ///< of a byte in a beat

// Packed arrays of ports are numbers up to 64 bits and words of 32 bits above:
// element `index` of `width` bits.
uint64_t bits(uint64_t value, unsigned index, unsigned width) {
  return width == 64 ? value : value >> (index * width) & ((1ull << width) - 1);
}
template <std::size_t Words>
uint64_t field(const VlWide<Words> &value, unsigned low, unsigned width) {
  uint64_t result = 0;
  for (unsigned done = 0; done < width;) {
    const unsigned bit = low + done;
    result |= uint64_t(value[bit / 32] >> (bit % 32)) << done;
    done += 32 - bit % 32;
  }
  return width == 64 ? result : result & ((1ull << width) - 1);
}
template <std::size_t Words>
uint64_t bits(const VlWide<Words> &value, unsigned index, unsigned width) {
  return field(value, index * width, width);
}

template <typename Signal>
void setBits(Signal &signal, unsigned index, unsigned width, uint64_t value) {
  const uint64_t mask = ((1ull << width) - 1) << (index * width);
  signal = static_cast<Signal>((uint64_t(signal) & ~mask) |
                               (value << (index * width) & mask));
}

// Data of all ports lies byte after byte in the words of a signal on the
// little-endian hosts that this runs on.
template <typename Signal> uint8_t *bytes(Signal &signal) {
  return reinterpret_cast<uint8_t *>(&signal);
}

/// Layout of retire_t (rtl/common/tw_unit_pkg.sv), from bit 0 up.
constexpr unsigned kBytesBits = 64, kStartBits = 64, kContextBits = 16,
                   kPcBits = 24;
constexpr unsigned kRetireBits =
    kBytesBits + kStartBits + kContextBits + kPcBits + 1;

} // namespace

/// What constructors of the model look at.
struct ChipContext : VerilatedContext {
  explicit ChipContext(uint32_t seed) {
#ifdef TW_ASSERT
    randReset(2);
    randSeed(static_cast<int>(seed & 0x7fffffff));
    // An assertion that fails is counted and does not end the process.
    errorLimit(1 << 30);
#else
    (void)seed;
    randReset(0);
#endif
  }
};

struct TwChip {
  ChipContext context;
  Vtw_chip top{&context};
#ifdef TW_TRACE
  std::unique_ptr<VerilatedFstC> trace;
  uint64_t time = 0;
#endif
  /// Strobes of a port, where they do not begin at a byte of the signal.
  uint8_t strobe[kPorts][(kDataBytes + 7) / 8];

  explicit TwChip(uint32_t seed) : context(seed) {
    enter();
#ifdef TW_TRACE
    context.traceEverOn(true);
#endif
    top.clk_i = 0;
    top.config_write_i = 0;
    top.m_axi_rvalid_i = top.m_axi_bvalid_i = 0;
    ready(false);
    top.rst_ni = 0;
    cycle();
    cycle();
    top.rst_ni = 1;
  }
  ~TwChip() {
    enter();
    top.final();
  }

  /// Verilator keeps a context a thread, that of the chip looked at last.
  void enter() { Verilated::threadContextp(&context); }

  /// The memory takes what comes, or stands still.
  void ready(bool value) {
    top.m_axi_arready_i = top.m_axi_awready_i = top.m_axi_wready_i =
        value ? (1u << kPorts) - 1 : 0;
  }
  /// A cycle of the configuration port alone.
  void configure() {
    top.m_axi_rvalid_i = top.m_axi_bvalid_i = 0;
    enter();
    ready(false);
    cycle();
  }
  void settle() {
    top.clk_i = 0;
    top.eval();
    dump();
  }
  void edge() {
    top.clk_i = 1;
    top.eval();
    dump();
  }
  void cycle() {
    settle();
    edge();
  }
  void dump() {
#ifdef TW_TRACE
    // Picoseconds; half a period a call.
    if (trace)
      trace->dump(time);
    time += 500;
#endif
  }
};

namespace {

TwChip *create(uint32_t seed) { return new (std::nothrow) TwChip(seed); }
void destroy(TwChip *chip) { delete chip; }

void settle(TwChip *chip, const TwPortInputs *inputs, TwPortOutputs *outputs,
            TwRetire *retires) {
  Vtw_chip &top = chip->top;
  chip->enter();
  chip->ready(true);
  for (unsigned p = 0; p < kPorts; ++p) {
    const TwPortInputs &in = inputs[p];
    setBits(top.m_axi_rvalid_i, p, 1, in.r_valid);
    setBits(top.m_axi_bvalid_i, p, 1, in.b_valid);
    setBits(top.m_axi_bresp_i, p, 2, in.b_resp);
    setBits(top.m_axi_bid_i, p, 2, in.b_id);
    if (!in.r_valid)
      continue;
    setBits(top.m_axi_rlast_i, p, 1, in.r_last);
    setBits(top.m_axi_rresp_i, p, 2, in.r_resp);
    setBits(top.m_axi_rid_i, p, 2, in.r_id);
    std::memcpy(bytes(top.m_axi_rdata_i) + p * kDataBytes, in.r_data,
                kDataBytes);
  }
  chip->settle();
  for (unsigned p = 0; p < kPorts; ++p) {
    TwPortOutputs &out = outputs[p];
    out.ar_valid = bits(top.m_axi_arvalid_o, p, 1);
    if (out.ar_valid) {
      out.ar_address = bits(top.m_axi_araddr_o, p, 40);
      out.ar_len = bits(top.m_axi_arlen_o, p, 8);
      out.ar_size = bits(top.m_axi_arsize_o, p, 3);
      out.ar_burst = bits(top.m_axi_arburst_o, p, 2);
      out.ar_id = bits(top.m_axi_arid_o, p, 2);
      out.ar_first = bits(top.m_axi_aruser_o, 2 * p, kBeatBits);
      out.ar_last = bits(top.m_axi_aruser_o, 2 * p + 1, kBeatBits);
    }
    out.aw_valid = bits(top.m_axi_awvalid_o, p, 1);
    if (out.aw_valid) {
      out.aw_address = bits(top.m_axi_awaddr_o, p, 40);
      out.aw_len = bits(top.m_axi_awlen_o, p, 8);
      out.aw_size = bits(top.m_axi_awsize_o, p, 3);
      out.aw_burst = bits(top.m_axi_awburst_o, p, 2);
      out.aw_id = bits(top.m_axi_awid_o, p, 2);
      out.aw_first = bits(top.m_axi_awuser_o, 2 * p, kBeatBits);
      out.aw_last = bits(top.m_axi_awuser_o, 2 * p + 1, kBeatBits);
    }
    out.w_valid = bits(top.m_axi_wvalid_o, p, 1);
    if (out.w_valid) {
      out.w_last = bits(top.m_axi_wlast_o, p, 1);
      out.w_data = bytes(top.m_axi_wdata_o) + p * kDataBytes;
      for (unsigned byte = 0; byte < (kDataBytes + 7) / 8; ++byte)
        chip->strobe[p][byte] =
            kDataBytes < 8
                ? bits(top.m_axi_wstrb_o, p, kDataBytes)
                : bytes(top.m_axi_wstrb_o)[p * kDataBytes / 8 + byte];
      out.w_strobe = chip->strobe[p];
    }
  }
  for (unsigned u = 0; u < TW_CHIP_UNITS; ++u) {
    TwRetire &retire = retires[u];
    const unsigned low = u * kRetireBits, valid = low + kRetireBits - 1;
    retire.valid = top.retire_o[valid / 32] >> (valid % 32) & 1;
    if (!retire.valid)
      continue;
    retire.bytes = field(top.retire_o, low, kBytesBits);
    retire.start = field(top.retire_o, low + kBytesBits, kStartBits);
    retire.context_id =
        field(top.retire_o, low + kBytesBits + kStartBits, kContextBits);
    retire.pc = field(top.retire_o,
                      low + kBytesBits + kStartBits + kContextBits, kPcBits);
  }
}

uint8_t stopped(const TwChip *chip) { return chip->top.stopped_o; }
uint8_t failed(const TwChip *chip) { return chip->context.errorCount() != 0; }
void edge(TwChip *chip) { chip->edge(); }

void write(TwChip *chip, uint32_t address, uint64_t value) {
  chip->top.config_write_i = 1;
  chip->top.config_address_i = static_cast<uint16_t>(address);
  chip->top.config_wdata_i = value;
  chip->configure();
  chip->top.config_write_i = 0;
#ifdef TW_TRACE
  // Cycle n of the run is at n nanoseconds in the waves.
  if (address == Map::RegStart)
    chip->time = 0;
#endif
}

uint64_t read(TwChip *chip, uint32_t address) {
  chip->top.config_address_i = static_cast<uint16_t>(address);
  chip->configure();
  chip->settle();
  return chip->top.config_rdata_o;
}

uint8_t traceOpen(TwChip *chip, const char *path) {
#ifdef TW_TRACE
  chip->trace = std::make_unique<VerilatedFstC>();
  chip->top.trace(chip->trace.get(), 99);
  chip->trace->open(path);
  return chip->trace->isOpen();
#else
  (void)chip, (void)path;
  return 0;
#endif
}

void traceClose(TwChip *chip) {
#ifdef TW_TRACE
  if (chip->trace)
    chip->trace->close();
  chip->trace.reset();
#else
  (void)chip;
#endif
}

constexpr TwChipApi kApi = {
    TW_CHIP_ABI_VERSION,
    kPorts,
    kDataBytes,
#ifdef TW_TRACE
    1,
#else
    0,
#endif
#ifdef TW_ASSERT
    1,
#else
    0,
#endif
    {Map::RegStart, Map::RegProgramBase, Map::RegProgramCount,
     Map::RegProgramEntry, Map::RegParameter, Map::RegSegmentBase,
     Map::RegSegmentSize, Map::RegStatus, Map::RegTrapCause, Map::RegTrapPc,
     Map::RegTrapContext, Map::RegStopCycle, Map::RegSticky, Map::RegActivity,
     Map::RegRetired, Map::RegCounter},
    create,
    destroy,
    settle,
    stopped,
    failed,
    edge,
    write,
    read,
    traceOpen,
    traceClose};

} // namespace

extern "C" __attribute__((visibility("default"))) const TwChipApi *
tw_chip_api() {
  return &kApi;
}
