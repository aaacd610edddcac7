// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The command line `tilework`: chooses the command, and turns every error into
// a sentence and an exit code.

#include "tools/tilework/Command.h"

#include "dialects/isa/Printable.h"
#include "runtime/Error.h"
#include "runtime/OpenProgram.h"
#include "runtime/report/Report.h"

#include <algorithm>
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

volatile std::sig_atomic_t interruptions = 0;

void onInterrupt(int) {
  if (++interruptions > 1) {
    clearProgressInHandler();
    _exit(130);
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

int guarded(Context &context, const std::vector<std::string> &words) {
  try {
    return context.run();
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
    return 130;
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

/// The nearest name of a subcommand, or of an option of the chosen one, to a
/// word that was not understood; empty when none is near or the word is one.
std::string nearest(const CLI::App &app, const std::string &word) {
  auto distance = [](const std::string &a, const std::string &b) {
    std::vector<size_t> row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); ++j)
      row[j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
      size_t diagonal = row[0];
      row[0] = i;
      for (size_t j = 1; j <= b.size(); ++j) {
        const size_t above = row[j];
        row[j] = std::min(
            {row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
        diagonal = above;
      }
    }
    return row[b.size()];
  };
  std::string best;
  size_t least = word.size() / 2 + 1;
  auto consider = [&](const std::string &name) {
    if (const size_t d = distance(word, name); d < least) {
      least = d;
      best = name;
    }
  };
  auto options = [&](const CLI::App &command) {
    for (const CLI::Option *option : command.get_options())
      for (const std::string &name : option->get_lnames())
        consider("--" + name);
  };
  if (word.front() != '-') {
    for (const CLI::App *command : app.get_subcommands({}))
      consider(command->get_name());
  } else {
    options(app);
    for (const CLI::App *command : app.get_subcommands())
      options(*command);
  }
  return least == 0 ? "" : best;
}

/// The parser's message, with the first word that is no command named, and a
/// guess at what was meant.
std::string usageMessage(const CLI::App &app, std::string message,
                         const std::vector<std::string> &words) {
  std::vector<std::string> suspects;
  if (app.get_subcommands().empty()) {
    for (const std::string &word : words)
      if (!word.empty() && word.front() != '-') {
        message = "there is no command '" + word + "'";
        suspects = {word};
        break;
      }
    if (suspects.empty() && words.empty())
      message = "name a command";
  }
  if (suspects.empty())
    for (const std::string &word : words)
      if (word.size() > 2 && word.front() == '-' &&
          message.find(word) != std::string::npos)
        suspects.push_back(word.substr(0, word.find('=')));
  for (const std::string &word : suspects)
    if (const std::string guess = nearest(app, word); !guess.empty())
      return message + " (did you mean " + guess + "?)";
  return message;
}

/// A list of values is one value behind each occurrence of its option, so that
/// options and files stand in any order.
void oneValueEach(CLI::App &app) {
  for (CLI::App *command : app.get_subcommands({}))
    for (CLI::Option *option : command->get_options())
      if (option->get_items_expected_max() > 1)
        option->allow_extra_args(false);
}

/// The words as the parser takes them, the last one first: an optional value is
/// joined to its option.
std::vector<std::string> parserWords(int argc, char **argv) {
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    words.emplace_back(argv[i]);
    if (words.back() == "--check-stages" && i + 1 < argc &&
        isReference(argv[i + 1]))
      words.back() += std::string("=") + argv[++i];
  }
  std::reverse(words.begin(), words.end());
  return words;
}

} // namespace

bool tilework::tool::interrupted() { return interruptions > 0; }

int main(int argc, char **argv) {
  std::signal(SIGINT, onInterrupt);
  std::signal(SIGPIPE, SIG_DFL);
  Context context;
  CLI::App app{"Compiles Transformer models for the Tilework NPU, and runs and "
               "simulates the programs.",
               "tilework"};
  app.require_subcommand(1);
  app.fallthrough();
  app.set_version_flag("--version", "tilework " TILEWORK_VERSION);
  app.add_flag("--json", context.json, "one JSON object on standard output");
  app.add_flag("-q,--quiet", context.quiet, "nothing but errors");
  app.add_flag("-v,--verbose", context.verbose, "more than the summary");
  addCompile(app, context);
  addRun(app, context);
  addSimulate(app, context);
  addCompare(app, context);
  addInspect(app, context);
  addOperators(app, context);
  addAssemble(app, context);
  addTargets(app, context);
  addCosim(app, context);
  addDoctor(app, context);
  oneValueEach(app);
  std::optional<ProgressGuard> guard;
  if (hasTerminal())
    guard.emplace();
  try {
    app.parse(parserWords(argc, argv));
  } catch (const CLI::Success &success) {
    return app.exit(success);
  } catch (const CLI::ParseError &error) {
    // The parser stops at the first error, which may stand before --json.
    for (int i = 1; i < argc; ++i)
      context.json |= std::strcmp(argv[i], "--json") == 0;
    return fail(context, User, "usage",
                usageMessage(app, error.what(), {argv + 1, argv + argc}) +
                    "; `tilework --help` lists the commands, `tilework "
                    "COMMAND --help` their options");
  }
  const int code = guarded(context, {argv + 1, argv + argc});
  std::cout.flush();
  if (!std::cout) {
    std::cerr << "tilework: error: cannot write to standard output: "
              << std::strerror(errno) << "\n";
    return code == Fine ? User : code;
  }
  return code;
}
