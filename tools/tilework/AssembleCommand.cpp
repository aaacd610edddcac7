// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// tilework assemble and disassemble: program files as text and back.

#include "tools/tilework/Command.h"

#include "runtime/Assembly.h"
#include "runtime/Error.h"
#include "runtime/Npy.h"
#include "runtime/OpenProgram.h"
#include "runtime/report/Report.h"

#include <iostream>
#include <memory>

namespace tilework::tool {

namespace {

struct Options {
  std::string input, output;
};

int assemble(const Options &options, const Context &context) {
  requireApart(options.output, {options.input, weightsBeside(options.input)});
  if (isProgramFile(options.input))
    throw UserError("'" + options.input + "' is a program, not its text");
  const std::vector<uint8_t> bytes = readFile(options.input);
  const isa::Image image =
      assembleImage({bytes.begin(), bytes.end()}, options.input);
  isa::writeImage(image, options.output);
  context.say(options.input + " → " + options.output + ": " +
              countText(image.text.size(), "instruction"));
  context.emit("assemble", {{"instructions", image.text.size()},
                            {"weights_bytes", image.weights.size}});
  return 0;
}

int disassemble(const Options &options, const Context &context) {
  requireApart(options.output, {options.input});
  if (!options.output.empty())
    requireApart(weightsBeside(options.output), {options.input});
  const isa::Image image = isa::readImage(options.input);
  const std::string text = disassembleImage(image, options.output);
  nlohmann::json object = {{"instructions", image.text.size()},
                           {"weights_bytes", image.weights.size}};
  if (options.output.empty()) {
    object["text"] = text;
    if (!context.json)
      std::cout << text;
  } else {
    writeAssembly(image, text, options.output);
    context.say(options.input + " → " + options.output + ": " +
                countText(image.text.size(), "instruction"));
  }
  context.emit("disassemble", object);
  return 0;
}

} // namespace

void addAssemble(CommandLine &line, Context &context) {
  auto options = std::make_shared<Options>();
  Arguments to =
      line.command("assemble", "text becomes a program file",
                   [&context, options] { return assemble(*options, context); });
  to.required("text", options->input, "the assembly");
  to.requiredOutput("-o,--output", options->output, "the program file");
  Arguments from = line.command(
      "disassemble", "a program file becomes text",
      [&context, options] { return disassemble(*options, context); });
  from.required("program", options->input, "the program file");
  from.output("-o,--output", options->output,
              "the text; weights go beside it (default: standard output, "
              "without weights, which is to read and not to assemble)");
}

} // namespace tilework::tool
