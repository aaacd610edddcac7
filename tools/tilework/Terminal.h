// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one line at the foot of a terminal that says what goes on and how far it
// is.

#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace tilework::tool {

/// Whether a progress line may be drawn: standard error is a terminal.
bool hasTerminal();

/// Makes whatever goes through std::cout or std::cerr clear the progress line
/// before it. One for the whole program, made before the first Activity, where
/// there is a terminal.
class ProgressGuard {
public:
  ProgressGuard();
  ~ProgressGuard();
  ProgressGuard(const ProgressGuard &) = delete;
  ProgressGuard &operator=(const ProgressGuard &) = delete;

private:
  struct Buffers;
  Buffers *buffers;
};

/// Removes the line from a signal's handler.
void clearProgressInHandler();

/// Work that may take long: while the object lives, and once a part of a second
/// has gone by, a line says what it is, how far it is and since when. `howFar`
/// is asked from another thread, about ten times a second.
class Activity {
public:
  /// Draws nothing unless `visible`. What was printed before stands before the
  /// work, whatever ends it.
  Activity(bool visible, std::string title,
           std::function<std::string()> howFar = {});
  ~Activity();
  Activity(const Activity &) = delete;
  Activity &operator=(const Activity &) = delete;

private:
  void draw();

  std::string title;
  std::function<std::string()> howFar;
  std::mutex mutex;
  std::condition_variable wake;
  bool ended = false;
  std::thread drawer;
};

} // namespace tilework::tool
