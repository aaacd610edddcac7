// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the commands of the tool share: options, output and the way to say it.

#pragma once

#include "compiler/Compile.h"
#include "dialects/target/Figures.h"
#include "runtime/Executable.h"
#include "runtime/report/Progress.h"
#include "tools/tilework/Arguments.h"
#include "tools/tilework/Terminal.h"

#include <nlohmann/json.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tilework::tool {

/// Set while the command line is parsed.
struct Context {
  bool json = false, quiet = false, verbose = false;

  /// A line for people, on standard output, unless --json or --quiet.
  void say(const std::string &line) const;
  /// Whether a progress line is drawn: on a terminal, unless --quiet.
  bool showsProgress() const { return !quiet && hasTerminal(); }
  /// The one object of --json, opened by kind, schema and version.
  void emit(const std::string &kind, const nlohmann::json &object) const;
};

/// True once Ctrl-C was pressed, or another signal asks for the end.
bool interrupted();

/// --target, --dim, --shape: how a model becomes a program.
struct ModelOptions {
  std::string target;
  std::vector<std::string> dims, shapes;
  bool noCache = false;

  void add(Arguments &command);
  /// --no-cache, for a command that compiles a model on the way.
  void addNoCache(Arguments &command);
  /// Throws UserError for values that do not parse.
  CompileOptions compileOptions() const;
};

/// --input name=@file.npy.
struct InputOptions {
  std::vector<std::string> inputs;

  void add(Arguments &command);
  TensorMap read() const;
};

/// The progress line of a compilation.
class CompileActivity {
public:
  CompileActivity(const Context &context, const std::string &model);
  /// Lets the line follow the stages.
  void follow(CompileOptions &options) const { progress.follow(options); }

private:
  CompileProgress progress;
  Activity activity;
};

/// Loads a program or compiles a model, behind a progress line.
Executable openProgram(const Context &context, const std::string &path,
                       const ModelOptions &how);
/// Runs once, behind a progress line; the RTL's tells the share of `total`
/// cycles, which the cycle model counts first where they are not known (0).
RunReport runBehindLine(const Context &context, const Executable &executable,
                        const TensorMap &inputs, const RunSettings &settings,
                        uint64_t total = 0);

/// "name=@file" split; throws UserError with `option` in the message.
std::pair<std::string, std::string> splitFile(const std::string &text,
                                              const std::string &option);

/// The commands, in the order of the help: each tells `line` its arguments and
/// what it does, in a file of its name.
#define TILEWORK_COMMANDS(X)                                                   \
  X(Compile)                                                                   \
  X(Run)                                                                       \
  X(Simulate)                                                                  \
  X(Compare)                                                                   \
  X(Inspect)                                                                   \
  X(Operators)                                                                 \
  X(Assemble)                                                                  \
  X(Targets)                                                                   \
  X(Cosim)                                                                     \
  X(Doctor)
#define TILEWORK_DECLARE(Name)                                                 \
  void add##Name(CommandLine &line, Context &context);
TILEWORK_COMMANDS(TILEWORK_DECLARE)
#undef TILEWORK_DECLARE

} // namespace tilework::tool
