// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Puts the host's FPU into the mode that the SIMD kernels rely on, for the
// lifetime of a scope and of its thread.

#pragma once

#include <cstdint>

#if defined(__x86_64__) || defined(__i386__)
#include <xmmintrin.h>
#endif

namespace tilework::sim {

/// Subnormal inputs are zeros, subnormal results are flushed, rounding is to
/// nearest even, nothing traps. Kernels are called through a pointer from
/// inside the scope, so that the compiler moves no arithmetic across its ends.
///
/// Both hosts flush to a zero of the result's sign. x86 decides after rounding,
/// Arm before: they differ for a product of two fp32 values that rounds up to
/// 2^-126, and for nothing that a sum or a product of two bf16 can give.
class FlushScope {
public:
#if defined(__x86_64__) || defined(__i386__)
  static constexpr bool kHostFlushes = true, kTinyAfterRounding = true;
  FlushScope() : saved(_mm_getcsr()) { _mm_setcsr(0x9fc0); }
  ~FlushScope() { _mm_setcsr(saved); }

private:
  unsigned saved;
#elif defined(__aarch64__)
  static constexpr bool kHostFlushes = true, kTinyAfterRounding = false;
  FlushScope() {
    asm volatile("mrs %0, fpcr" : "=r"(saved));
    uint64_t mode = uint64_t(1)
                    << 24; // FZ; rounding mode and trap enables are 0
    asm volatile("msr fpcr, %0" : : "r"(mode) : "memory");
  }
  ~FlushScope() { asm volatile("msr fpcr, %0" : : "r"(saved) : "memory"); }

private:
  uint64_t saved;
#else
  static constexpr bool kHostFlushes = false, kTinyAfterRounding = true;
  FlushScope() {}
  ~FlushScope() {}
#endif

public:
  FlushScope(const FlushScope &) = delete;
  FlushScope &operator=(const FlushScope &) = delete;
};

} // namespace tilework::sim
