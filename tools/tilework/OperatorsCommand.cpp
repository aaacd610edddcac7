// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tilework operators: the ops that the compiler knows, as a list or as the page
// compiler/import/Operators.md.

#include "tools/tilework/Command.h"

#include <memory>

namespace tilework::tool {

namespace {

std::string domainName(const OperatorInfo &info) {
  return info.domain.empty() ? "ai.onnx" : info.domain;
}

std::string versions(const OperatorInfo &info) {
  return std::to_string(info.since) +
         (info.until == info.since ? "" : " to " + std::to_string(info.until));
}

std::string page() {
  std::string text =
      "<!-- Generated from compiler/import/OpTable.cpp by `tilework operators "
      "--page`. -->\n"
      "# Operators\n\n"
      "The ONNX operators that the import knows, and the versions of the "
      "operator set in which it reads them. An\noperator that no lowering "
      "knows is imported through the model's own function of its name, if it "
      "has one. A node\nmay still be refused: for an attribute that is not "
      "read, an element type or a shape without a plan; `tilework\ninspect "
      "MODEL --support` says so for each node of a model.\n";
  std::string domain = "none";
  for (const OperatorInfo &info : operators()) {
    if (info.domain != domain) {
      domain = info.domain;
      text += "\n## " + domainName(info) +
              "\n\n| operator | versions of the set |\n|---|---|\n";
    }
    text += "| " + info.op + " | " + versions(info) + " |\n";
  }
  return text;
}

int run(bool asPage, const Context &context) {
  nlohmann::json list = nlohmann::json::array();
  for (const OperatorInfo &info : operators()) {
    list.push_back({{"domain", info.domain},
                    {"op", info.op},
                    {"since", info.since},
                    {"until", info.until}});
    if (!asPage)
      context.say(domainName(info) + " " + info.op + ": " + versions(info));
  }
  if (asPage) {
    std::string text = page();
    text.pop_back();
    context.say(text);
  }
  context.emit("operators", {{"operators", list}});
  return 0;
}

} // namespace

void addOperators(CommandLine &line, Context &context) {
  auto asPage = std::make_shared<bool>(false);
  Arguments command =
      line.command("operators", "the ONNX operators that the compiler knows",
                   [&context, asPage] { return run(*asPage, context); });
  command.flag("--page", *asPage, "as a page in Markdown");
}

} // namespace tilework::tool
