// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The line is drawn by a thread of the activity and cleared by whoever writes
// next: buffers in front of those of std::cout and std::cerr see to that.

#include "tools/tilework/Terminal.h"

#include "runtime/report/Progress.h"

#include <chrono>
#include <iostream>
#include <streambuf>
#include <sys/ioctl.h>
#include <unistd.h>

namespace tilework::tool {

namespace {

constexpr char kClear[] = "\r\033[K";

std::mutex terminal;            ///< who writes
std::atomic<bool> shown{false}; ///< a line is there

void writeAll(const std::string &text) {
  // A terminal that takes no more has no line to keep clean.
  for (size_t done = 0; done < text.size();) {
    const ssize_t count =
        write(STDERR_FILENO, text.data() + done, text.size() - done);
    if (count <= 0)
      return;
    done += static_cast<size_t>(count);
  }
}

void clearLine() {
  if (shown.exchange(false))
    writeAll(kClear);
}

/// As much of a line as the terminal shows without a second row, and nothing in
/// it that moves the cursor.
std::string fitted(const std::string &line) {
  winsize size{};
  const size_t columns =
      ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col
                                                                  : 80;
  std::string text;
  size_t width = 0;
  for (unsigned char c : line) {
    const bool begins = (c & 0xc0) != 0x80; // of a character in UTF-8
    if (begins && ++width >= columns)
      break;
    text += c < 0x20 || c == 0x7f ? '?' : char(c);
  }
  return text;
}

/// Hands everything on, unbuffered, behind a clear line.
class ClearingBuffer : public std::streambuf {
public:
  explicit ClearingBuffer(std::streambuf *target) : target(target) {}
  std::streambuf *const target;

protected:
  int_type overflow(int_type c) override {
    const char text = traits_type::to_char_type(c);
    return traits_type::eq_int_type(c, traits_type::eof()) ||
                   xsputn(&text, 1) != 1
               ? traits_type::eof()
               : c;
  }
  std::streamsize xsputn(const char *text, std::streamsize size) override {
    const std::lock_guard<std::mutex> lock(terminal);
    clearLine();
    const std::streamsize count = target->sputn(text, size);
    return target->pubsync() == 0 ? count : 0;
  }
  int sync() override { return target->pubsync(); }
};

} // namespace

bool hasTerminal() { return isatty(STDERR_FILENO); }

void clearProgressInHandler() {
  if (shown)
    writeAll(kClear);
}

struct ProgressGuard::Buffers {
  ClearingBuffer out{std::cout.rdbuf()}, err{std::cerr.rdbuf()};
};

ProgressGuard::ProgressGuard() : buffers(new Buffers) {
  std::cout.rdbuf(&buffers->out);
  std::cerr.rdbuf(&buffers->err);
}

ProgressGuard::~ProgressGuard() {
  std::cout.rdbuf(buffers->out.target);
  std::cerr.rdbuf(buffers->err.target);
  delete buffers;
}

Activity::Activity(bool visible, std::string title,
                   std::function<std::string()> howFar)
    : title(std::move(title)), howFar(std::move(howFar)) {
  std::cout.flush();
  if (visible)
    drawer = std::thread([this] { draw(); });
}

Activity::~Activity() {
  if (!drawer.joinable())
    return;
  {
    const std::lock_guard<std::mutex> lock(mutex);
    ended = true;
  }
  wake.notify_one();
  drawer.join();
  const std::lock_guard<std::mutex> lock(terminal);
  clearLine();
}

void Activity::draw() {
  const auto begin = std::chrono::steady_clock::now();
  std::unique_lock<std::mutex> lock(mutex);
  for (auto pause = kProgressDelay;
       !wake.wait_for(lock, pause, [&] { return ended; });
       pause = kProgressInterval) {
    const std::string line =
        progressLine(title, howFar ? howFar() : "",
                     std::chrono::steady_clock::now() - begin);
    const std::lock_guard<std::mutex> writing(terminal);
    writeAll(kClear + fitted(line));
    shown = true;
  }
}

} // namespace tilework::tool
