// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lines, labels and lists of name=value around the values of AssemblyValue.cpp.

#include "dialects/isa/Assembly.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <set>

namespace tilework::isa {
namespace {

bool isWordStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '.';
}
bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isWordPart(char c) { return isWordStart(c) || isDigit(c); }

bool isIdentifier(std::string_view text) {
  return !text.empty() && isWordStart(text[0]) &&
         std::all_of(text.begin(), text.end(), isWordPart);
}

bool isPlace(const FieldInfo &field) {
  return field.kind == FieldKind::BodyLength ||
         field.kind == FieldKind::InstructionIndex;
}

/// Names of places; `place` maps an index to the text that stands for it.
template <typename Place>
std::string printWith(const Instruction &instruction, Place place) {
  const InstructionInfo &table = info(instruction);
  const Word word = encode(instruction);
  std::string out = table.mnemonic;
  const char *separator = " ";
  for (const FieldInfo &field : table) {
    const uint64_t bits = getBits(word, field.lsb, field.width);
    if (!isPrinted(field, bits))
      continue;
    out += separator + std::string(field.name) + "=" +
           (isPlace(field) ? place(field, bits) : printValue(field, bits));
    separator = ", ";
  }
  return out;
}

} // namespace

std::string print(const Instruction &instruction) {
  return printWith(instruction, [](const FieldInfo &, uint64_t bits) {
    return std::to_string(bits);
  });
}

std::string print(const std::vector<Instruction> &program,
                  const std::map<uint32_t, std::string> &labels,
                  const std::map<uint32_t, std::string> &comments) {
  // Every place that something names and that lies in the program or right
  // behind it.
  std::map<uint64_t, std::string> names;
  std::set<std::string> taken;
  for (const auto &[index, name] : labels)
    if (index <= program.size() && isIdentifier(name) &&
        taken.insert(name).second)
      names.emplace(index, name);
  auto target = [](const FieldInfo &field, uint64_t bits, uint64_t pc) {
    return field.kind == FieldKind::BodyLength ? pc + 1 + bits : bits;
  };
  for (uint64_t pc = 0; pc < program.size(); ++pc)
    printWith(program[pc], [&](const FieldInfo &field, uint64_t bits) {
      const uint64_t index = target(field, bits, pc);
      if (index <= program.size() && !names.count(index)) {
        std::string name = "L" + std::to_string(index);
        while (!taken.insert(name).second)
          name += '_';
        names.emplace(index, name);
      }
      return std::string();
    });

  std::string out;
  std::vector<uint64_t> loopEnds;
  for (uint64_t pc = 0; pc <= program.size(); ++pc) {
    while (!loopEnds.empty() && loopEnds.back() <= pc)
      loopEnds.pop_back();
    if (auto name = names.find(pc); name != names.end())
      out += name->second + ":\n";
    if (pc == program.size())
      break;
    out += std::string(2 * (loopEnds.size() + 1), ' ');
    out += printWith(program[pc], [&](const FieldInfo &field, uint64_t bits) {
      auto name = names.find(target(field, bits, pc));
      return name == names.end() ? std::to_string(bits) : name->second;
    });
    if (auto comment = comments.find(pc); comment != comments.end())
      out += "  // " + comment->second;
    out += '\n';
    if (const Loop *loop = std::get_if<Loop>(&program[pc]))
      loopEnds.push_back(pc + 1 + loop->length);
  }
  return out;
}

std::string AssemblyError::text() const {
  return std::to_string(line) + ":" + std::to_string(column) + ": " + message;
}

//===----------------------------------------------------------------------===//
// Parser
//===----------------------------------------------------------------------===//

namespace {

/// Thrown within a line; the line is dropped and the next one read.
struct LineError {
  size_t at;
  std::string message;
};

/// A label that a field names, to be put in once all are known.
struct Reference {
  size_t instruction;
  const FieldInfo *field;
  std::string label;
  unsigned line, column;
};

class Parser {
public:
  explicit Parser(std::string_view text) : rest(text) {}

  AssemblyResult run() {
    while (!rest.empty()) {
      ++lineNumber;
      const size_t end = std::min(rest.find('\n'), rest.size());
      line = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (const size_t comment = line.find("//");
          comment != std::string_view::npos)
        line = line.substr(0, comment);
      at = 0;
      try {
        parseLine();
      } catch (const LineError &error) {
        fail(lineNumber, unsigned(error.at + 1), error.message);
      }
    }
    resolve();
    finish();
    return std::move(result);
  }

private:
  std::string_view rest, line;
  size_t at = 0;
  unsigned lineNumber = 0;
  AssemblyResult result;
  std::vector<Word> words;
  std::vector<Reference> references;

  void fail(unsigned atLine, unsigned column, std::string message) {
    result.errors.push_back({atLine, column, std::move(message)});
  }

  void skipSpace() {
    while (at < line.size() &&
           (line[at] == ' ' || line[at] == '\t' || line[at] == '\r'))
      ++at;
  }

  bool accept(char c) {
    skipSpace();
    if (at >= line.size() || line[at] != c)
      return false;
    ++at;
    return true;
  }

  /// Empty when something else stands here.
  std::string takeWord() {
    skipSpace();
    const size_t begin = at;
    if (at < line.size() && isWordStart(line[at]))
      while (at < line.size() && isWordPart(line[at]))
        ++at;
    return std::string(line.substr(begin, at - begin));
  }

  bool atEnd() {
    skipSpace();
    return at == line.size();
  }

  void parseLine() {
    while (!atEnd()) {
      const size_t begin = at;
      const std::string word = takeWord();
      if (word.empty())
        throw LineError{begin, "expected a label or an instruction"};
      if (!accept(':'))
        return parseInstruction(word, begin);
      if (!result.labels.emplace(word, uint32_t(words.size())).second)
        throw LineError{begin, "label '" + word + "' is there twice"};
    }
  }

  void parseInstruction(const std::string &mnemonic, size_t begin) {
    const InstructionInfo *table = findInstruction(std::string_view(mnemonic));
    if (!table)
      throw LineError{begin, "unknown instruction '" + mnemonic + "'"};
    Word word{};
    setBits(word, 0, 6, uint64_t(table->opcode));
    std::set<const FieldInfo *> seen;
    const size_t firstReference = references.size();
    try {
      for (bool first = true; !atEnd(); first = false) {
        if (!first && !accept(','))
          throw LineError{at, "expected ',' or the end of the line"};
        parseField(*table, word, seen);
      }
    } catch (...) {
      references.resize(firstReference);
      words.push_back(word); // keeps later labels where they belong
      throw;
    }
    words.push_back(word);
  }

  void parseField(const InstructionInfo &table, Word &word,
                  std::set<const FieldInfo *> &seen) {
    skipSpace();
    const size_t begin = at;
    const std::string name = takeWord();
    const FieldInfo *field = table.find(name);
    if (!field)
      throw LineError{begin, std::string(table.mnemonic) + " has no field '" +
                                 name + "'; it has" + fieldNames(table)};
    if (!seen.insert(field).second)
      throw LineError{begin, "'" + name + "' is there twice"};
    if (!accept('='))
      throw LineError{at, "expected '='"};
    skipSpace();
    const size_t value = at;
    const Operand operand = parseOperand();
    if (isPlace(*field) && operand.kind == Operand::Kind::Word) {
      references.push_back(
          {words.size(), field, operand.word, lineNumber, unsigned(value + 1)});
      return;
    }
    uint64_t bits = 0;
    const std::string error = parseValue(*field, operand, bits);
    if (!error.empty())
      throw LineError{value, name + ": " + error};
    setBits(word, field->lsb, field->width, bits);
  }

  static std::string fieldNames(const InstructionInfo &table) {
    std::string out;
    for (const FieldInfo &field : table)
      out += std::string(out.empty() ? " " : ", ") + field.name;
    return out.empty() ? " none" : out;
  }

  Operand parseOperand() {
    Operand operand;
    operand.word = takeWord();
    if (operand.word.empty()) {
      parseNumber(operand);
      return operand;
    }
    operand.kind = Operand::Kind::Word;
    const size_t back = at;
    if (takeWord() == "by") {
      Operand step;
      parseNumber(step);
      if (step.kind != Operand::Kind::Integer)
        throw LineError{back, "a step is a whole number"};
      operand.step = step.integer;
    } else {
      at = back;
    }
    return operand;
  }

  void parseNumber(Operand &operand) {
    skipSpace();
    const size_t begin = at;
    if (at < line.size() && line[at] == '-')
      ++at;
    // Exponents may carry a sign; letters cover 0x and e.
    while (at < line.size() &&
           (isWordPart(line[at]) ||
            ((line[at] == '-' || line[at] == '+') && at > begin &&
             (line[at - 1] == 'e' || line[at - 1] == 'E'))))
      ++at;
    const std::string text(line.substr(begin, at - begin));
    const bool hex = text.find("0x") != std::string::npos;
    const bool real = !hex && text.find_first_of(".eE") != std::string::npos;
    char *end = nullptr;
    errno = 0;
    if (real) {
      operand.kind = Operand::Kind::Real;
      const std::from_chars_result parsed =
          std::from_chars(text.data(), text.data() + text.size(), operand.real);
      if (parsed.ec == std::errc::result_out_of_range)
        throw LineError{begin, "the number is too large or too small"};
      end = const_cast<char *>(parsed.ptr);
    } else {
      operand.kind = Operand::Kind::Integer;
      operand.integer = std::strtoll(text.c_str(), &end, hex ? 16 : 10);
      if (errno)
        throw LineError{begin, "the number is too large"};
    }
    if (text.empty() || *end)
      throw LineError{begin, "expected a value"};
  }

  void resolve() {
    for (const Reference &reference : references) {
      auto label = result.labels.find(reference.label);
      if (label == result.labels.end()) {
        fail(reference.line, reference.column,
             "there is no label '" + reference.label + "'");
        continue;
      }
      int64_t value = label->second;
      if (reference.field->kind == FieldKind::BodyLength)
        value -= int64_t(reference.instruction) + 1;
      if (value < 0 || value >> reference.field->width) {
        fail(reference.line, reference.column,
             "label '" + reference.label + "' is " +
                 (value < 0 ? "behind" : "too far from") + " the instruction");
        continue;
      }
      setBits(words[reference.instruction], reference.field->lsb,
              reference.field->width, uint64_t(value));
    }
  }

  void finish() {
    std::stable_sort(result.errors.begin(), result.errors.end(),
                     [](const AssemblyError &a, const AssemblyError &b) {
                       return a.line < b.line;
                     });
    if (!result.errors.empty())
      return;
    for (const Word &word : words)
      result.program.push_back(*decode(word).instruction);
  }
};

} // namespace

AssemblyResult parse(std::string_view text) { return Parser(text).run(); }

} // namespace tilework::isa
