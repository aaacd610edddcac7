// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How figures are written for people: the one way of the command line, of
// Python and of pictures.

#pragma once

#include <cstdint>
#include <string>

namespace tilework {

/// "1,492,669".
std::string withCommas(uint64_t value);
/// "1 node", "1,546 nodes"; `several` for a noun that takes more than an s.
std::string countText(uint64_t count, const std::string &noun,
                      const std::string &several = "");
/// Of the nearest whole number, of either sign.
std::string roundedText(double value);

/// Sizes of memory, in powers of 1024: "96 bytes", "512 KiB", "42.6 MiB".
std::string bytesText(double bytes);

/// Bytes a second, in powers of 1000 as data sheets have it: "17.1 GB/s".
std::string rateText(double bytesPerSecond);

/// "6.25 ms".
std::string secondsText(double seconds);

/// "800 MHz", "1 GHz".
std::string hertzText(double hertz);

/// "1.11".
std::string ratioText(double ratio);

} // namespace tilework
