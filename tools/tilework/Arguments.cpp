// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The parser behind the arguments of commands, and what it says of words that
// it does not understand.

#include "tools/tilework/Arguments.h"

#include "dialects/target/Target.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>

namespace tilework::tool {

/// Of the whole line, or of one command.
struct Arguments::Parser {
  CLI::App *app;
  /// An option whose value may be left out.
  struct Optional {
    CLI::Option *option;
    bool *given;
    bool (*isValue)(const std::string &);
  };
  std::map<std::string, Optional> optional;
};

namespace {

/// A value that was given and is not empty: no option means anything by that.
CLI::Validator notEmpty() {
  return CLI::Validator(
      [](std::string &value) {
        return value.empty() ? std::string("an empty value means nothing here")
                             : std::string();
      },
      "", "");
}

CLI::Validator outputName() {
  return CLI::Validator([](std::string &value) { return outputProblem(value); },
                        "", "");
}

/// A whole number of 64 bits.
CLI::Validator wholeNumber(uint64_t least) {
  return CLI::Validator(
      [least](std::string &value) {
        uint64_t number = 0;
        const char *end = value.data() + value.size();
        const auto [last, error] = std::from_chars(value.data(), end, number);
        if (error == std::errc() && last == end && number >= least)
          return std::string();
        return "'" + value + "' is no whole number from " +
               std::to_string(least) + " to " +
               std::to_string(std::numeric_limits<uint64_t>::max());
      },
      "", "");
}

} // namespace

std::string outputProblem(const std::string &path) {
  return path == "-" ? "'-' is not standard output here: name a file (./- for "
                       "one of that name)"
                     : "";
}

void Arguments::required(const std::string &name, std::string &value,
                         const std::string &help) {
  parser->app->add_option(name, value, help)->required();
}

void Arguments::positional(const std::string &name, std::string &value,
                           const std::string &help) {
  parser->app->add_option(name, value, help);
}

void Arguments::option(const std::string &names, std::string &value,
                       const std::string &help) {
  parser->app->add_option(names, value, help)->check(notEmpty());
}

void Arguments::output(const std::string &names, std::string &value,
                       const std::string &help) {
  parser->app->add_option(names, value, help)
      ->check(notEmpty())
      ->check(outputName());
}

void Arguments::requiredOutput(const std::string &names, std::string &value,
                               const std::string &help) {
  output(names, value, help);
  parser->app->get_option(names.substr(0, names.find(',')))->required();
}

void Arguments::number(const std::string &name, uint64_t &value, uint64_t least,
                       const std::string &help) {
  parser->app->add_option(name, value, help)->check(wholeNumber(least));
}

void Arguments::number(const std::string &name, std::optional<uint64_t> &value,
                       uint64_t least, const std::string &help) {
  parser->app->add_option(name, value, help)->check(wholeNumber(least));
}

void Arguments::list(const std::string &name, std::vector<std::string> &values,
                     const std::string &help) {
  parser->app->add_option(name, values, help)->allow_extra_args(false);
}

void Arguments::words(const std::string &name, std::vector<std::string> &values,
                      const std::string &help) {
  parser->app->add_option(name, values, help)
      ->delimiter(',')
      ->allow_extra_args(false);
}

void Arguments::flag(const std::string &name, bool &value,
                     const std::string &help) {
  parser->app->add_flag(name, value, help);
}

void Arguments::optional(const std::string &name, bool &given,
                         std::string &value,
                         bool (*isValue)(const std::string &),
                         const std::string &help) {
  parser->optional[name] = {parser->app->add_flag(name + "{}", value, help),
                            &given, isValue};
}

void Arguments::hidden(const std::string &name, std::string &value) {
  parser->app->add_option(name, value)->group("");
}

namespace {

/// The nearest name of a subcommand, or of an option of the chosen one, to a
/// word that was not understood; empty when none is near or the word is one.
std::string nearest(const CLI::App &app, const std::string &word) {
  std::vector<std::string> names;
  auto options = [&](const CLI::App &command) {
    for (const CLI::Option *option : command.get_options())
      for (const std::string &name : option->get_lnames())
        names.push_back(name);
  };
  // Dashes are alike in all options, so they bring no two together.
  const bool isOption = word.front() == '-';
  if (!isOption) {
    for (const CLI::App *command : app.get_subcommands({}))
      names.push_back(command->get_name());
  } else {
    options(app);
    for (const CLI::App *command : app.get_subcommands())
      options(*command);
  }
  const size_t begin = isOption ? word.find_first_not_of('-') : 0;
  if (begin == word.npos)
    return "";
  const std::string best =
      target::nearestName(word.substr(begin, word.find('=') - begin), names);
  if (best.empty() || !isOption)
    return best == word ? "" : best;
  return word.substr(0, word.find('=')) == "--" + best ? "" : "--" + best;
}

std::string withGuess(const CLI::App &app, const std::string &message,
                      const std::string &word) {
  const std::string guess = nearest(app, word);
  return guess.empty() ? message : message + " (did you mean " + guess + "?)";
}

/// Of words that nothing in the command takes, in the order of the line: the
/// first option among them has made the others so.
std::string surplusMessage(const CLI::App &app,
                           const std::vector<std::string> &words) {
  for (const std::string &word : words)
    if (word.size() > 1 && word.front() == '-')
      return withGuess(app, "nothing takes '" + word + "' here", word);
  return "nothing takes '" + words.front() + "' here";
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
    if (suspects.empty())
      message = words.empty() ? "name a command"
                              : "'" + words.front() +
                                    "' alone does nothing: name a command";
  }
  // The parser's own words for an option that was given again.
  if (const size_t at = message.find(": At Most 1 required but received ");
      at != std::string::npos)
    message = message.substr(0, at) + " takes one value and is given " +
              message.substr(message.rfind(' ') + 1);
  // And for one without its value.
  if (const size_t at = message.find(": 1 required "); at != std::string::npos)
    message = message.substr(0, at) + " takes a value and is given none";
  if (suspects.empty())
    for (const std::string &word : words)
      if (word.size() > 2 && word.front() == '-' &&
          message.find(word) != std::string::npos)
        suspects.push_back(word);
  for (const std::string &word : suspects)
    if (const std::string more = withGuess(app, message, word); more != message)
      return more;
  return message;
}

} // namespace

struct CommandLine::Parsers {
  explicit Parsers(const std::string &description)
      : app(description, "tilework") {}
  CLI::App app;
  std::vector<std::unique_ptr<Arguments::Parser>> commands;
  std::function<int()> run;
};

CommandLine::CommandLine(const std::string &description,
                         const std::string &version)
    : parsers(new Parsers(description)) {
  parsers->app.require_subcommand(1);
  parsers->app.fallthrough();
  parsers->app.set_version_flag("-V,--version", version);
}

CommandLine::~CommandLine() = default;

void CommandLine::flag(const std::string &names, bool &value,
                       const std::string &help) {
  parsers->app.add_flag(names, value, help);
}

Arguments CommandLine::command(const std::string &name, const std::string &help,
                               std::function<int()> run) {
  CLI::App *app = parsers->app.add_subcommand(name, help);
  app->callback([this, run = std::move(run)] { parsers->run = run; });
  parsers->commands.emplace_back(new Arguments::Parser{app, {}});
  return Arguments(*parsers->commands.back());
}

CommandLine::Outcome CommandLine::parse(const std::vector<std::string> &words) {
  // As the parser takes them: an optional value joined to its option, the last
  // word first.
  std::vector<std::string> joined;
  for (size_t i = 0; i < words.size(); ++i) {
    joined.push_back(words[i]);
    for (const auto &command : parsers->commands)
      if (auto it = command->optional.find(words[i]);
          it != command->optional.end() && i + 1 < words.size() &&
          it->second.isValue(words[i + 1])) {
        joined.back() += "=" + words[++i];
        break;
      }
  }
  std::reverse(joined.begin(), joined.end());
  try {
    parsers->app.parse(std::move(joined));
  } catch (const CLI::Success &success) {
    parsers->app.exit(success);
    return {true, "", {}};
  } catch (const CLI::ParseError &error) {
    const std::vector<std::string> surplus = parsers->app.remaining(true);
    const bool isSurplus = dynamic_cast<const CLI::ExtrasError *>(&error) &&
                           !parsers->app.get_subcommands().empty();
    return {false,
            isSurplus && !surplus.empty()
                ? surplusMessage(parsers->app, surplus)
                : usageMessage(parsers->app, error.what(), words),
            {}};
  }
  for (const auto &command : parsers->commands)
    for (const auto &[name, optional] : command->optional)
      *optional.given = optional.option->count() > 0;
  return {false, "", parsers->run};
}

} // namespace tilework::tool
