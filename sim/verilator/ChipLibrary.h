// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Verilated chips as shared libraries: loads one, or builds the one for a
// configuration that has none yet. A library's name carries a hash of all that
// it was made from, so a cache folder never gives a stale chip.

#pragma once

#include "sim/verilator/ChipAbi.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tilework::sim {

/// A loaded library; it stays loaded while the object lives.
class ChipLibrary {
public:
  /// Throws RunError when the file is no chip of this version.
  explicit ChipLibrary(const std::string &path);
  ~ChipLibrary();
  ChipLibrary(const ChipLibrary &) = delete;
  ChipLibrary &operator=(const ChipLibrary &) = delete;

  const TwChipApi &api() const { return *table; }
  const std::string &path() const { return file; }

private:
  std::string file;
  void *handle = nullptr;
  const TwChipApi *table = nullptr;
};

/// Where chips come from.
struct ChipSources {
  /// Root of the sources: rtl/ and sim/verilator/ are looked for below it.
  std::string root;
  /// The generated packages that do not depend on the target: tw_isa_pkg and
  /// tw_special_function_pkg.
  std::vector<std::string> packages;
  /// Folders that are searched for a library, in this order; the last one is
  /// where a new one is written.
  std::vector<std::string> caches;

  /// Beside this program or module where it is installed, else its source and
  /// build folders.
  static ChipSources builtIn();
};

enum class ChipVariant {
  Fast,
  Trace,  ///< can write waves
  Checked ///< with assertions, and random values where the RTL leaves them open
};

/// The file name of the chip with this configuration package:
/// libtw_rtl_<hash>.so. The hash is over the package, the other packages, every
/// source in rtl/lint/tw_top.f, the harness' side of the library and the
/// version of Verilator.
std::string chipLibraryName(const ChipSources &sources,
                            const std::string &configPackage,
                            ChipVariant variant);

/// The library for `configPackage` (the text of tw_config_pkg), built when no
/// cache has it, which takes a minute for a small chip and several for a large
/// one. Several processes may ask at once. Throws RunError with the tool's
/// output when the build fails, RunCancelled soon after `cancelled`, asked
/// every 20 ms, says so. Nothing is left behind then, no file and no process,
/// nor when this process ends in another way. `building` is told before a
/// build, or the wait for another process's.
std::shared_ptr<ChipLibrary>
chipLibrary(const ChipSources &sources, const std::string &configPackage,
            ChipVariant variant, const std::function<bool()> &cancelled = {},
            const std::function<void()> &building = {});

} // namespace tilework::sim
