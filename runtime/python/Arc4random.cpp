// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// arc4random for LLVM's archives in the wheel: glibc has it from 2.36 on, and
// the wheel is to run with 2.34.

#include <cstdint>
#include <cstdlib>
#include <sys/random.h>

extern "C" uint32_t arc4random() {
  uint32_t value = 0;
  if (getrandom(&value, sizeof(value), 0) != sizeof(value))
    std::abort(); // the kernel promises these few bytes
  return value;
}
