// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a command says of its arguments. The parser stays in Arguments.cpp: its
// header takes longer to compile than a command.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tilework::tool {

/// The arguments of one command. Options and files stand in any order; a value
/// is bound to a variable that outlives the parse and holds its default.
class Arguments {
public:
  /// A file or name that has its place among those like it, not an option.
  void required(const std::string &name, std::string &value,
                const std::string &help);
  void positional(const std::string &name, std::string &value,
                  const std::string &help);
  /// An option with one value; "-o,--output" for two names.
  void option(const std::string &names, std::string &value,
              const std::string &help);
  /// A file to write, which outputProblem finds nothing wrong with.
  void output(const std::string &names, std::string &value,
              const std::string &help);
  void requiredOutput(const std::string &names, std::string &value,
                      const std::string &help);
  /// A whole number, of at least `least`.
  void number(const std::string &name, uint64_t &value, uint64_t least,
              const std::string &help);
  /// The same, where it tells whether one was given.
  void number(const std::string &name, std::optional<uint64_t> &value,
              uint64_t least, const std::string &help);
  /// One value behind each occurrence.
  void list(const std::string &name, std::vector<std::string> &values,
            const std::string &help);
  /// Values with commas between them.
  void words(const std::string &name, std::vector<std::string> &values,
             const std::string &help);
  void flag(const std::string &name, bool &value, const std::string &help);
  /// An option whose value may be left out: it is joined by `=`, or stands
  /// behind it where `isValue` says that the word can be one.
  void optional(const std::string &name, bool &given, std::string &value,
                bool (*isValue)(const std::string &), const std::string &help);
  /// An option that --help does not show.
  void hidden(const std::string &name, std::string &value);

private:
  friend class CommandLine;
  struct Parser;
  explicit Arguments(Parser &parser) : parser(&parser) {}
  Parser *parser;
};

/// What is wrong with the name of a file to write: a sentence, or empty.
std::string outputProblem(const std::string &path);

/// What was typed: the command and its arguments.
class CommandLine {
public:
  CommandLine(const std::string &description, const std::string &version);
  ~CommandLine();
  CommandLine(const CommandLine &) = delete;
  CommandLine &operator=(const CommandLine &) = delete;

  /// An option of every command.
  void flag(const std::string &names, bool &value, const std::string &help);
  /// A command, and what it does once its arguments are read.
  Arguments command(const std::string &name, const std::string &help,
                    std::function<int()> run);

  struct Outcome {
    bool ended = false;       ///< --help or --version, which was printed
    std::string error;        ///< a sentence, with a guess at what was meant
    std::function<int()> run; ///< of the command that was typed
  };
  Outcome parse(const std::vector<std::string> &words);

private:
  struct Parsers;
  std::unique_ptr<Parsers> parsers;
};

} // namespace tilework::tool
