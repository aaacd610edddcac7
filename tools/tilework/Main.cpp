// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The command line `tilework`: chooses the command, and turns every error into
// a sentence and an exit code.

#include "tools/tilework/Arguments.h"
#include "tools/tilework/Command.h"

#include "dialects/isa/OutputFile.h"
#include "dialects/isa/Printable.h"
#include "runtime/Error.h"
#include "runtime/OpenProgram.h"
#include "runtime/report/Report.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <optional>
#include <unistd.h>

using namespace tilework;
using namespace tilework::tool;
namespace fs = std::filesystem;

namespace {

volatile std::sig_atomic_t interruptions = 0, lastSignal = 0;

/// As a shell says it of a command that a signal ended.
int interruptedCode() { return 128 + lastSignal; }

/// The command ends by itself, so that it leaves nothing behind; another signal
/// ends it at once.
void onInterrupt(int signal) {
  lastSignal = signal;
  if (++interruptions > 1) {
    clearProgressInHandler();
    isa::OutputFile::exitWithoutUnkept(interruptedCode());
  }
}

enum ExitCode { Fine = 0, User = 1, Unsupported = 2, Mismatch = 3, Trap = 4 };
constexpr int kInternal = 70;

int fail(const Context &context, int code, const char *kind,
         const std::string &message, nlohmann::json more = nullptr) {
  std::cerr << "tilework: error: " << printable(message, true) << "\n";
  nlohmann::json object = {{"error", {{"kind", kind}, {"message", message}}}};
  if (!more.is_null())
    object["error"].update(more);
  context.emit("error", object);
  return code;
}

nlohmann::json nodeList(const std::vector<CompiledNode> &nodes) {
  nlohmann::json list = nlohmann::json::array();
  for (const CompiledNode &node : nodes)
    if (!node.reason.empty())
      list.push_back({{"name", node.name},
                      {"op", node.op},
                      {"domain", node.domain},
                      {"reason", node.reason}});
  return list;
}

std::string quotedWord(const std::string &word) {
  std::string text = "'";
  for (char c : word)
    text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

/// A script that runs this command again, from the same folder and on the same
/// files; empty where none can be written.
std::string writeReproducer(const std::vector<std::string> &words) {
  std::error_code error;
  const fs::path folder = fs::temp_directory_path(error);
  std::string path = (folder / "tilework-reproducer-XXXXXX.sh").string();
  const int file = error ? -1 : mkstemps(path.data(), 3);
  if (file < 0)
    return "";
  std::string text = "#!/bin/sh\n# tilework " TILEWORK_VERSION "\ncd " +
                     quotedWord(fs::current_path(error).string()) +
                     " && exec " +
                     quotedWord(fs::read_symlink("/proc/self/exe", error));
  for (const std::string &word : words)
    text += " " + quotedWord(word);
  text += "\n";
  const bool whole = write(file, text.data(), text.size()) ==
                     static_cast<ssize_t>(text.size());
  close(file);
  return whole ? path : "";
}

int guarded(const Context &context, const std::function<int()> &run,
            const std::vector<std::string> &words) {
  try {
    return run();
  } catch (const RefusedModelError &error) {
    return fail(context, Unsupported, "unsupported_model", error.what(),
                {{"unsupported_share", error.failure.unsupportedShare},
                 {"unchecked_nodes", error.failure.uncheckedNodes},
                 {"nodes", nodeList(error.failure.nodes)}});
  } catch (const UnsupportedModelError &error) {
    return fail(context, Unsupported, "unsupported_model", error.what());
  } catch (const UserError &error) {
    return fail(context, User, "user", error.what());
  } catch (const target::TargetError &error) {
    return fail(context, User, "target", error.what());
  } catch (const isa::ImageError &error) {
    return fail(context, User, "program_file", error.what());
  } catch (const MismatchError &error) {
    return fail(context, Mismatch, "mismatch", error.what());
  } catch (const ProgramTrapError &error) {
    return fail(context, Trap, "trap", error.what());
  } catch (const sim::RunCancelled &) {
    std::cerr << "tilework: interrupted\n";
    return interruptedCode();
  } catch (const sim::RunError &error) {
    return fail(context, User, "run", error.what());
  } catch (const sim::DramAccessError &error) {
    return fail(context, User, "memory", error.what());
  } catch (const std::bad_alloc &) {
    return fail(context, User, "memory",
                "not enough memory on this machine for this run");
  } catch (const std::exception &error) {
    const std::string script = writeReproducer(words);
    return fail(context, kInternal, "internal",
                std::string("internal error: ") + error.what() +
                    "; please report it with the command's files and " +
                    (script.empty()
                         ? std::string("its command line")
                         : "this script, which runs it again: " + script),
                {{"reproducer", script}});
  }
}

} // namespace

bool tilework::tool::interrupted() { return interruptions > 0; }

int main(int argc, char **argv) {
  std::signal(SIGINT, onInterrupt);
  std::signal(SIGTERM, onInterrupt);
  std::signal(SIGPIPE, SIG_DFL);
  Context context;
  CommandLine line("Compiles Transformer models for the Tilework NPU, and runs "
                   "and simulates the programs.",
                   "tilework " TILEWORK_VERSION);
  line.flag("--json", context.json, "one JSON object on standard output");
  line.flag("-q,--quiet", context.quiet, "nothing but errors");
  line.flag("-v,--verbose", context.verbose, "more than the summary");
#define TILEWORK_ADD(Name) add##Name(line, context);
  TILEWORK_COMMANDS(TILEWORK_ADD)
#undef TILEWORK_ADD
  std::optional<ProgressGuard> guard;
  if (hasTerminal())
    guard.emplace();
  const std::vector<std::string> words(argv + 1, argv + argc);
  const CommandLine::Outcome outcome = line.parse(words);
  if (!outcome.error.empty()) {
    // The parser stops at the first error, which may stand before --json.
    for (const std::string &word : words)
      context.json |= word == "--json";
    return fail(context, User, "usage",
                outcome.error +
                    "; `tilework --help` lists the commands, `tilework "
                    "COMMAND --help` their options");
  }
  const int code = outcome.ended ? Fine : guarded(context, outcome.run, words);
  std::cout.flush();
  if (!std::cout) {
    std::cerr << "tilework: error: cannot write to standard output: "
              << std::strerror(errno) << "\n";
    return code == Fine ? User : code;
  }
  return code;
}
