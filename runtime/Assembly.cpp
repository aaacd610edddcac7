// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Joins the assembly of instructions with the JSON of an image.

#include "runtime/Assembly.h"

#include "dialects/isa/Assembly.h"
#include "dialects/isa/ImageMeta.h"
#include "dialects/isa/OutputFile.h"
#include "dialects/isa/Printable.h"
#include "dialects/target/Figures.h"
#include "runtime/Error.h"
#include "runtime/Npy.h"

#include <algorithm>
#include <filesystem>

namespace tilework {

namespace {

constexpr const char *kImage = ".image\n";
constexpr const char *kText = "\n.text\n";

/// The primary node of each instruction, by index; of a routine's, that of its
/// first call and how many calls there are.
std::map<uint32_t, std::string> nodeComments(const isa::Image &image) {
  std::map<uint32_t, std::string> comments;
  std::map<uint32_t, unsigned> calls;
  for (const isa::ProvenanceRange &range : image.provenance)
    for (uint32_t pc = range.begin; pc < range.end && !range.nodes.empty();
         ++pc) {
      comments.try_emplace(pc, printable(image.nodes[range.nodes.front()]));
      ++calls[pc];
    }
  for (auto &[pc, name] : comments)
    if (calls[pc] > 1)
      name += " (first of " + std::to_string(calls[pc]) + " calls)";
  return comments;
}

} // namespace

std::string weightsBeside(const std::string &path) { return path + ".weights"; }

void writeAssembly(const isa::Image &image, const std::string &text,
                   const std::string &path) {
  try {
    isa::OutputFile file(path);
    file.put(text.data(), text.size());
    if (image.weights.size > 0) {
      isa::OutputFile weights(weightsBeside(path));
      weights.put(image.weights.data, image.weights.size);
      weights.keep();
    }
    file.keep();
  } catch (const isa::ImageError &error) {
    throw UserError(error.what());
  }
}

std::string disassembleImage(const isa::Image &image, const std::string &path) {
  nlohmann::json object = {{"meta", isa::metaToJson(image)},
                           {"provenance", isa::provenanceToJson(image)},
                           {"weights_bytes", image.weights.size}};
  if (!path.empty() && image.weights.size > 0)
    object["weights_file"] =
        std::filesystem::path(weightsBeside(path)).filename().string();
  std::vector<isa::Instruction> program;
  for (const auto &word : image.text) {
    isa::DecodeResult decoded = isa::decode(word);
    if (!decoded)
      throw UserError("instruction " + std::to_string(program.size()) +
                      " is no instruction: " + decoded.error);
    program.push_back(*decoded.instruction);
  }
  std::map<uint32_t, std::string> labels;
  for (const isa::Routine &routine : image.routines)
    labels[routine.begin] = routine.name;
  for (const isa::Entry &entry : image.entries)
    labels[entry.pc] = entry.name;
  return kImage +
         object.dump(1, ' ', /*ensure_ascii=*/true,
                     nlohmann::json::error_handler_t::replace) +
         kText + isa::print(program, labels, nodeComments(image));
}

isa::Image assembleImage(const std::string &text, const std::string &origin) {
  isa::Image image;
  nlohmann::json object;
  std::string body = text;
  unsigned firstLine = 0; // lines before the instructions
  if (text.rfind(kImage, 0) == 0) {
    const size_t end = text.find(kText);
    if (end == std::string::npos)
      throw UserError("'" + origin + "': .image has no .text behind it");
    const size_t begin = std::char_traits<char>::length(kImage);
    const size_t after = end + std::char_traits<char>::length(kText);
    firstLine = static_cast<unsigned>(
        std::count(text.begin(), text.begin() + after, '\n'));
    body = text.substr(after);
    try {
      object = nlohmann::json::parse(text.substr(begin, end - begin));
    } catch (const nlohmann::json::exception &error) {
      throw UserError("'" + origin + "': .image: " + error.what());
    }
  }
  isa::AssemblyResult assembled = isa::parse(body);
  if (!assembled) {
    std::string message;
    for (isa::AssemblyError error : assembled.errors) {
      error.line += firstLine;
      message += (message.empty() ? "" : "\n") + origin + ":" + error.text();
    }
    throw UserError(message);
  }
  if (assembled.program.empty())
    throw UserError("'" + origin + "' has no instruction");
  for (const isa::Instruction &instruction : assembled.program)
    image.text.push_back(isa::encode(instruction));
  if (object.is_null()) {
    image.targetName = "edge";
    image.entries.emplace_back();
    return image;
  }
  try {
    const uint64_t size = object.at("weights_bytes").get<uint64_t>();
    if (object.contains("weights_file")) {
      const std::string name = object["weights_file"].get<std::string>();
      if (std::filesystem::path(name).filename() != name)
        throw UserError("'" + origin + "': weights_file '" + name +
                        "' must lie beside the text");
      const auto file = std::filesystem::path(origin).parent_path() / name;
      auto bytes = std::make_shared<std::vector<uint8_t>>(readFile(file));
      if (bytes->size() != size)
        throw UserError("'" + file.string() + "' has " +
                        countText(bytes->size(), "byte") +
                        " and the text says " + std::to_string(size));
      image.weights = {bytes->data(), bytes->size(), bytes};
    } else if (size > 0) {
      throw UserError("'" + origin +
                      "' has no weights, and its program needs " +
                      countText(size, "byte") +
                      " of them: `tilework disassemble PROGRAM -o "
                      "TEXT` writes both");
    }
    isa::metaFromJson(object.at("meta"), image);
    isa::provenanceFromJson(object.at("provenance"), image);
  } catch (const nlohmann::json::exception &error) {
    throw UserError("'" + origin + "': .image: " + error.what());
  }
  return image;
}

} // namespace tilework
