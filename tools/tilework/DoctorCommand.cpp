// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// tilework doctor: what is missing on this machine, and the line that installs
// it.

#include "tools/tilework/Command.h"

#include "runtime/ProgramCache.h"
#include "runtime/report/Report.h"

#include <cstdlib>
#include <memory>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <unistd.h>

namespace tilework::tool {

namespace {

struct Need {
  const char *program, *purpose, *package;
};
/// What the tool calls at run time; what the build needs is tools/setup's.
constexpr Need kNeeds[] = {
    {"verilator", "builds the RTL engine for targets that are not shipped",
     "verilator"},
    {"g++", "compiles Verilated chips", "build-essential"},
    {"make", "compiles Verilated chips", "build-essential"},
    {"ccache", "keeps compiled chips", "ccache"},
    {"readelf", "looks into program files", "binutils"}};

bool onPath(const std::string &program) {
  const char *path = std::getenv("PATH");
  std::stringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (access((folder + "/" + program).c_str(), X_OK) == 0)
      return true;
  return false;
}

int run(const Context &context) {
  nlohmann::json problems = nlohmann::json::array();
  std::string packages;
  for (const Need &need : kNeeds) {
    const bool found = onPath(need.program);
    context.say(std::string(found ? "  ok       " : "  missing  ") +
                need.program + ": " + need.purpose);
    if (found)
      continue;
    problems.push_back({{"program", need.program},
                        {"purpose", need.purpose},
                        {"package", need.package}});
    if (packages.find(need.package) == std::string::npos)
      packages += std::string(" ") + need.package;
  }
  struct sysinfo memory{};
  sysinfo(&memory);
  const double total = double(memory.totalram) * memory.mem_unit;
  struct statvfs disk{};
  const bool known = statvfs(".", &disk) == 0;
  const double freeDisk = double(disk.f_bavail) * double(disk.f_frsize);
  context.say("  machine  " +
              countText(uint64_t(sysconf(_SC_NPROCESSORS_ONLN)), "core") +
              ", " + bytesText(total) + " of memory, " +
              (known ? bytesText(freeDisk) + " of disk free here" : ""));
  if (const auto cache = ProgramCache::ofUser())
    context.say(
        "  cache    compiled models: " + bytesText(double(cache->size())) +
        " of at most " + bytesText(double(cache->limit())) + " in " +
        cache->folder().string());
  if (total < 4e9)
    problems.push_back({{"purpose", "4 GB of memory for building chips"}});
  if (known && freeDisk < 2e9)
    problems.push_back({{"purpose", "2 GB of free disk"}});
  if (!packages.empty())
    context.say("install with: sudo apt-get install" + packages);
  context.say(problems.empty() ? "nothing is missing"
                               : "some engines will not work");
  context.emit(
      "doctor",
      {{"problems", problems},
       {"install",
        packages.empty() ? std::string() : "sudo apt-get install" + packages}});
  return problems.empty() ? 0 : 1;
}

} // namespace

void addDoctor(CommandLine &line, Context &context) {
  line.command("doctor",
               "what is missing on this machine, and how to install it",
               [&context] { return run(context); });
}

} // namespace tilework::tool
