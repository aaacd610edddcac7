// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Programs of co-simulation as images: bindings, weights and a constant give
// the segments their bytes wherever the loader puts them; the statistics say
// where they were.

#include "tools/tilework/CosimFile.h"

#include "dialects/target/Sha256.h"
#include "runtime/Assembly.h"
#include "runtime/Error.h"
#include "runtime/Npy.h"
#include "runtime/OpenProgram.h"

#include <algorithm>
#include <memory>

namespace tilework::tool {

namespace {

constexpr const char *kKey = "cosim";

std::string segmentName(unsigned segment) {
  return "segment" + std::to_string(segment);
}

isa::Image imageOf(sim::TestProgram &program, const target::Target &target) {
  isa::Image image;
  image.text = program.flatten().words;
  image.legality = target.legality();
  image.legalityHash = target.legalityHash();
  image.targetName = target.name;
  image.target = target.toJson();
  isa::Entry entry;
  nlohmann::json bases = nlohmann::json::object();
  for (const sim::TestSegment &segment : program.segments) {
    const std::string name = segmentName(segment.segment);
    isa::Binding binding{name, isa::BindingKind::Scratch, segment.segment,
                         segment.size};
    bases[name] = segment.base;
    if (!segment.bytes.empty() && image.weights.size == 0) {
      auto bytes = std::make_shared<const std::vector<uint8_t>>(segment.bytes);
      image.weights = {bytes->data(), bytes->size(), bytes};
      binding.kind = isa::BindingKind::Weights;
    } else if (!segment.bytes.empty()) {
      binding.kind = isa::BindingKind::Input;
      entry.before.push_back({"constant",
                              {},
                              name,
                              {{"type", "uint8"},
                               {"shape", {segment.bytes.size()}},
                               {"values", segment.bytes}}});
    }
    entry.bindings.push_back(binding);
  }
  std::sort(entry.bindings.begin(), entry.bindings.end(),
            [](const isa::Binding &a, const isa::Binding &b) {
              return a.segment < b.segment;
            });
  for (uint32_t i = 0; i < program.parameters.size(); ++i)
    entry.parameters.push_back({"p" + std::to_string(i), i,
                                program.parameters[i], program.parameters[i],
                                program.parameters[i]});
  image.entries.push_back(std::move(entry));
  image.statistics[kKey] = {{"seed", program.seed},
                            {"program_base", program.programBase},
                            {"dram_bytes", program.dramBytes},
                            {"bases", bases}};
  return image;
}

std::vector<uint8_t> bytesOf(const isa::Image &image, const isa::Entry &entry,
                             const isa::Binding &binding) {
  if (binding.kind == isa::BindingKind::Weights)
    return {image.weights.data, image.weights.data + image.weights.size};
  for (const isa::LaunchStep &step : entry.before)
    if (step.output == binding.name)
      return step.attributes.at("values").get<std::vector<uint8_t>>();
  return {};
}

/// Where the loader would put the program.
nlohmann::json defaultPlacement(const isa::Image &image,
                                const isa::Entry &entry) {
  const std::vector<uint64_t> places = isa::placeBindings(image, entry);
  nlohmann::json bases = nlohmann::json::object();
  for (size_t i = 0; i < entry.bindings.size(); ++i)
    bases[entry.bindings[i].name] = places[i];
  return {{"seed", 0},
          {"program_base", 0},
          {"dram_bytes", places.back()},
          {"bases", bases}};
}

sim::TestProgram programOf(const isa::Image &image) {
  const isa::Entry &entry = image.entries.at(0);
  const nlohmann::json facts = image.statistics.contains(kKey)
                                   ? image.statistics.at(kKey)
                                   : defaultPlacement(image, entry);
  sim::TestProgram program;
  program.seed = facts.at("seed").get<uint64_t>();
  program.programBase = facts.at("program_base").get<uint64_t>();
  program.dramBytes = facts.at("dram_bytes").get<uint64_t>();
  for (const isa::Word &word : image.text) {
    sim::ProgramNode node;
    node.raw = true;
    node.word = word;
    program.main.push_back(node);
  }
  for (const isa::Binding &binding : entry.bindings) {
    const uint64_t base = facts.at("bases").at(binding.name).get<uint64_t>();
    if (base > program.dramBytes || binding.bytes > program.dramBytes - base)
      throw UserError("binding '" + binding.name +
                      "' lies outside of the memory");
    const std::vector<uint8_t> bytes = bytesOf(image, entry, binding);
    if (program.segments.empty() ||
        program.segments.back().segment != binding.segment) {
      program.segments.push_back({binding.segment, base, binding.bytes, bytes});
      continue;
    }
    sim::TestSegment &shared = program.segments.back();
    if (base < shared.base + shared.size)
      throw UserError("binding '" + binding.name +
                      "' overlaps the one before it in its segment");
    shared.size = base + binding.bytes - shared.base;
    if (!bytes.empty()) {
      shared.bytes.resize(base - shared.base);
      shared.bytes.insert(shared.bytes.end(), bytes.begin(), bytes.end());
    }
  }
  for (const isa::LaunchParameter &parameter : entry.parameters)
    program.parameters.at(parameter.index) = parameter.initial;
  return program;
}

} // namespace

std::string writeCosimFile(sim::TestProgram &program,
                           const target::Target &target,
                           const std::string &comment,
                           const std::string &folder) {
  target::Sha256 hash;
  hash.update(target.toJson().dump());
  const std::string path = folder + "/cosim-" + target.name + "-" +
                           hash.finish().substr(0, 8) + "-" +
                           std::to_string(program.seed);
  const isa::Image image = imageOf(program, target);
  const bool printable =
      std::all_of(image.text.begin(), image.text.end(),
                  [](const isa::Word &word) { return isa::decode(word); });
  if (!printable) {
    isa::writeImage(image, path + ".tw");
    return path + ".tw";
  }
  std::string text = disassembleImage(image, path + ".s");
  const std::string head = "\n.text\n";
  text.insert(text.find(head) + head.size(), "// " + comment + "\n");
  writeAssembly(image, text, path + ".s");
  return path + ".s";
}

sim::TestProgram readCosimFile(const std::string &path,
                               target::Target &target) {
  isa::Image image;
  if (isProgramFile(path)) {
    image = isa::readImage(path);
  } else {
    const std::vector<uint8_t> bytes = readFile(path);
    image = assembleImage({bytes.begin(), bytes.end()}, path);
  }
  if (image.entries.empty())
    throw UserError("'" + path + "' has no entry to run");
  if (!image.entries.front().inputs.empty())
    throw UserError("'" + path +
                    "' is the program of a model: its inputs are given when it "
                    "runs, so there is nothing to replay. To hold the engines "
                    "against each other on it, " +
                    (isProgramFile(path)
                         ? "run `tilework simulate " + path
                         : "assemble it and run `tilework simulate PROGRAM") +
                    " --engine both`");
  try {
    target = image.target.empty()
                 ? target::Target::load(image.targetName)
                 : target::Target::fromYaml(image.target.dump(), path);
    return programOf(image);
  } catch (const nlohmann::json::exception &error) {
    throw UserError("'" + path + "' is damaged: " + error.what());
  } catch (const std::out_of_range &error) {
    throw UserError("'" + path + "' is damaged: " + error.what());
  }
}

} // namespace tilework::tool
