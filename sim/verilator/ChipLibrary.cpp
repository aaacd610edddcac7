// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loading, naming and building of Verilated chips.

#include "sim/verilator/ChipLibrary.h"

#include "sim/stats/Run.h"
#include "sim/verilator/ChipPaths.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>
#include <thread>
#include <utility>

extern char **environ;

namespace tilework::sim {

namespace fs = std::filesystem;

namespace {

std::string readFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw RunError("cannot read '" + path +
                   "', which the chip is built from: is the source folder in "
                   "its place?");
  return {std::istreambuf_iterator<char>(file), {}};
}

/// FNV-1a of 64 bits, twice with different starts: names must not clash by
/// chance, nobody tries to make them.
class Hash {
public:
  void add(const std::string &text) {
    for (unsigned char c : text + '\0') {
      low = (low ^ c) * 0x100000001b3u;
      high = (high ^ (c + 0x9eu)) * 0x100000001b3u;
    }
  }
  std::string hex() const {
    char text[33];
    std::snprintf(text, sizeof(text), "%016llx%016llx",
                  static_cast<unsigned long long>(high),
                  static_cast<unsigned long long>(low));
    return text;
  }

private:
  uint64_t low = 0xcbf29ce484222325u, high = 0x84222325cbf29ce4u;
};

/// The lines of rtl/lint/tw_top.f that name files.
std::vector<std::string> chipFiles(const ChipSources &sources) {
  const fs::path folder = fs::path(sources.root) / "rtl" / "lint";
  std::istringstream list(readFile((folder / "tw_top.f").string()));
  std::vector<std::string> files;
  for (std::string line; std::getline(list, line);)
    if (!line.empty() && line.rfind("//", 0) != 0)
      files.push_back((folder / line).lexically_normal().string());
  return files;
}

using Cancelled = std::function<bool()>;

void giveUpIf(const Cancelled &cancelled) {
  if (cancelled && cancelled())
    throw RunCancelled("cancelled");
}

constexpr std::chrono::milliseconds kPause(20); ///< between two looks

/// Both ends of a pipe; this process alone has the one that is written to.
class Pipe {
public:
  Pipe() {
    if (pipe2(ends, O_CLOEXEC))
      throw RunError(std::string("cannot open a pipe: ") +
                     std::strerror(errno));
  }
  ~Pipe() {
    close(ends[0]);
    close(ends[1]);
  }
  Pipe(const Pipe &) = delete;
  Pipe &operator=(const Pipe &) = delete;
  int readEnd() const { return ends[0]; }
  void putLine() const { (void)!write(ends[1], "\n", 1); }

private:
  int ends[2];
};

/// Runs rtl/build_chip.sh --with-parent; its output and errors go to `log`. It
/// gets a process group of its own, so that what it started ends with it, the
/// reading end of a pipe as its input, and `lock` as descriptor 3. A line in
/// the pipe ends it, and so does the end of the pipe, which comes with that of
/// this process, however it ends.
int run(const std::vector<std::string> &arguments, int log, int lock,
        const Cancelled &cancelled) {
  std::vector<char *> pointers;
  for (const std::string &argument : arguments)
    pointers.push_back(const_cast<char *>(argument.c_str()));
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const Pipe alive;
  posix_spawn_file_actions_adddup2(&actions, alive.readEnd(), 0);
  posix_spawn_file_actions_adddup2(&actions, log, 1);
  posix_spawn_file_actions_adddup2(&actions, log, 2);
  posix_spawn_file_actions_adddup2(&actions, lock, 3);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  pid_t child = 0;
  const int error = posix_spawnp(&child, pointers[0], &actions, &attributes,
                                 pointers.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error)
    throw RunError(std::string("cannot run ") + pointers[0] + ": " +
                   std::strerror(error));
  int status = 0;
  for (;;) {
    const pid_t ended = waitpid(child, &status, cancelled ? WNOHANG : 0);
    if (ended == child)
      return status;
    if (ended < 0 && errno != EINTR)
      throw RunError(std::string("lost ") + pointers[0] + ": " +
                     std::strerror(errno));
    if (cancelled && cancelled()) {
      alive.putLine();
      while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
      } // it removes what it made
      throw RunCancelled("cancelled");
    }
    if (cancelled)
      std::this_thread::sleep_for(kPause);
  }
}

/// Of rtl/build_chip.sh.
const char *option(ChipVariant variant) {
  switch (variant) {
  case ChipVariant::Fast:
    return "";
  case ChipVariant::Trace:
    return "--trace";
  case ChipVariant::Checked:
    return "--checked";
  }
  return "";
}

/// What a build needs beside the library, for as long as it lasts; the lock is
/// the last to go. rtl/build_chip.sh knows the names.
constexpr const char *kFolderSuffix = ".build";
constexpr const char *kLockSuffix = ".lock";

void removeScratch(const std::string &library) {
  std::error_code error;
  fs::remove_all(library + kFolderSuffix, error);
  fs::remove(library + kLockSuffix, error);
}

/// The lock of a library's builder, a file that is removed while it is held.
class LockFile {
public:
  /// Tries once; `create`: makes the file if it is not there.
  LockFile(const std::string &path, bool create)
      : path(path),
        file(open(path.c_str(), O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0),
                  0644)) {
    locked = file >= 0 && flock(file, LOCK_EX | LOCK_NB) == 0;
    error = errno;
  }
  ~LockFile() {
    if (file >= 0)
      close(file);
  }
  LockFile(LockFile &&other) noexcept
      : path(std::move(other.path)), file(std::exchange(other.file, -1)),
        locked(other.locked), error(other.error) {}
  LockFile &operator=(const LockFile &) = delete;

  /// Whether nobody else has it; a file that was removed locks nothing.
  bool held() const {
    struct stat mine{}, now{};
    return locked && fstat(file, &mine) == 0 && stat(path.c_str(), &now) == 0 &&
           mine.st_ino == now.st_ino && mine.st_dev == now.st_dev;
  }
  /// Whether another try can succeed.
  bool canWait() const {
    return locked || (file >= 0 && (error == EWOULDBLOCK || error == EINTR));
  }
  int descriptor() const { return file; }
  int reason() const { return error; }

private:
  std::string path;
  int file;
  bool locked = false;
  int error = 0;
};

/// One builder of a library at a time; the others wait and find it made.
LockFile waitForLock(const std::string &path, const Cancelled &cancelled) {
  for (;;) {
    LockFile lock(path, true);
    if (lock.held())
      return lock;
    giveUpIf(cancelled);
    if (!lock.canWait())
      throw RunError("cannot lock '" + path +
                     "': " + std::strerror(lock.reason()));
    std::this_thread::sleep_for(kPause);
  }
}

/// Removes what builders left in a folder that were killed outright with all
/// their tools: a lock that nobody holds says so.
void removeLeftovers(const fs::path &folder) {
  std::error_code error;
  std::vector<std::string> locks;
  for (const fs::directory_entry &entry : fs::directory_iterator(folder, error))
    if (entry.path().extension() == kLockSuffix)
      locks.push_back(entry.path().string());
  for (const std::string &path : locks)
    if (const LockFile lock(path, false); lock.held())
      removeScratch(path.substr(0, path.size() - std::strlen(kLockSuffix)));
}

/// Throws RunError when a program is not there that a chip is built with.
void requireTools() {
  static constexpr const char *tools[][2] = {
      {"VERILATOR", "verilator"}, {"CXX", "g++"}, {"MAKE", "make"}};
  for (const auto &[variable, usual] : tools) {
    const char *chosen = std::getenv(variable), *path = std::getenv("PATH");
    const fs::path name = chosen ? chosen : usual;
    bool found = name.has_parent_path() && access(name.c_str(), X_OK) == 0;
    std::istringstream folders(path ? path : "");
    for (std::string folder; !found && std::getline(folders, folder, ':');)
      found = access((fs::path(folder) / name).c_str(), X_OK) == 0;
    if (!found)
      throw RunError("no folder has this chip, and it cannot be built: there "
                     "is no " +
                     name.string() +
                     "; `tilework doctor` says what to install");
  }
}

/// Says so where a full disk may be why a build failed.
std::string roomIn(const fs::path &folder) {
  constexpr uint64_t kEnough = uint64_t(256) << 20;
  std::error_code error;
  const fs::space_info space = fs::space(folder, error);
  if (error || space.available >= kEnough)
    return "";
  return " (only " + std::to_string(space.available >> 20) +
         " MiB are free in '" + folder.string() + "', and it takes up to " +
         std::to_string(kEnough >> 20) + " MiB)";
}

/// Removes what a build needed, where rtl/build_chip.sh has not done so.
struct ScratchFiles {
  const std::string library;
  const LockFile &lock;
  ~ScratchFiles() {
    if (lock.held())
      removeScratch(library);
  }
};

/// What the tools print.
class Log {
public:
  Log() : file(memfd_create("log", MFD_CLOEXEC)) {
    if (file < 0)
      throw RunError(std::string("cannot keep what tools print: ") +
                     std::strerror(errno));
  }
  ~Log() { close(file); }
  Log(const Log &) = delete;
  Log &operator=(const Log &) = delete;
  int descriptor() const { return file; }
  std::string text() const {
    std::string text;
    char part[4096];
    for (ssize_t size;
         (size = pread(file, part, sizeof(part), off_t(text.size()))) > 0;)
      text.append(part, size_t(size));
    return text;
  }

private:
  int file;
};

/// Builds the library at `path` under its lock.
void buildChip(const ChipSources &sources, const std::string &configPackage,
               ChipVariant variant, const std::string &path,
               const LockFile &lock, const Cancelled &cancelled) {
  const fs::path folder = path + kFolderSuffix,
                 package = folder / "tw_config_pkg.sv";
  std::error_code error;
  fs::create_directory(folder, error);
  {
    std::ofstream file(package);
    file << configPackage;
    if (!file.flush())
      throw RunError("cannot write '" + package.string() +
                     "': " + std::strerror(errno));
  }
  std::vector<std::string> command = {
      "/bin/sh", (fs::path(sources.root) / "rtl/build_chip.sh").string(),
      "--with-parent"};
  if (variant != ChipVariant::Fast)
    command.push_back(option(variant));
  command.push_back(path);
  command.push_back(package.string());
  command.insert(command.end(), sources.packages.begin(),
                 sources.packages.end());
  const Log log;
  if (run(command, log.descriptor(), lock.descriptor(), cancelled) != 0)
    throw RunError("the chip could not be built" +
                   roomIn(folder.parent_path()) + "; the tools said:\n" +
                   log.text());
}

} // namespace

ChipLibrary::ChipLibrary(const std::string &path) : file(path) {
  // Two chips have the same names inside: each sees its own alone.
  handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    throw RunError("cannot load the chip: " + std::string(dlerror()));
  auto function =
      reinterpret_cast<TwChipApiFunction>(dlsym(handle, TW_CHIP_API_SYMBOL));
  table = function ? function() : nullptr;
  if (!table || table->version != TW_CHIP_ABI_VERSION) {
    dlclose(handle);
    throw RunError(
        "'" + path +
        "' is no chip for this version: delete it, and it is built again");
  }
}

ChipLibrary::~ChipLibrary() { dlclose(handle); }

/// The folder of the module that this is linked into, or of the program.
static fs::path ownFolder() {
  Dl_info info{};
  std::error_code error;
  fs::path file;
  if (dladdr(reinterpret_cast<void *>(&ownFolder), &info) && info.dli_fname)
    file = info.dli_fname;
  if (file.extension() != ".so") // a program's name is what it was called by
    file = "/proc/self/exe";
  return fs::canonical(file, error).parent_path();
}

ChipSources ChipSources::builtIn() {
  ChipSources sources;
  sources.root = TILEWORK_CHIP_ROOT;
  sources.packages = {TILEWORK_RTL_PACKAGES};
  sources.caches = {TILEWORK_CHIP_FOLDER};
  std::error_code error;
  if (const fs::path installed = ownFolder();
      fs::exists(installed / "rtl/lint/tw_top.f", error)) {
    sources.root = installed.string();
    for (std::string &package : sources.packages)
      package =
          (installed / "packages" / fs::path(package).filename()).string();
    sources.caches = {(installed / "chips").string()};
  }
  const char *cache = std::getenv("XDG_CACHE_HOME");
  const char *home = std::getenv("HOME");
  if (cache && *cache)
    sources.caches.push_back(std::string(cache) + "/tilework/chips");
  else if (home && *home)
    sources.caches.push_back(std::string(home) + "/.cache/tilework/chips");
  return sources;
}

std::string chipLibraryName(const ChipSources &sources,
                            const std::string &configPackage,
                            ChipVariant variant) {
  Hash hash;
  hash.add(configPackage);
  hash.add(option(variant));
  for (const std::string &package : sources.packages)
    hash.add(readFile(package));
  for (const std::string &file : chipFiles(sources))
    hash.add(readFile(file));
  const fs::path root = sources.root;
  for (const char *file : {"rtl/build_chip.sh", "sim/verilator/ChipAbi.h",
                           "sim/verilator/ChipModel.cpp"})
    hash.add(readFile((root / file).string()));
  hash.add(TILEWORK_VERILATOR_VERSION);
  return "libtw_rtl_" + hash.hex() + ".so";
}

std::shared_ptr<ChipLibrary>
chipLibrary(const ChipSources &sources, const std::string &configPackage,
            ChipVariant variant, const Cancelled &cancelled,
            const std::function<void()> &building) {
  const std::string name = chipLibraryName(sources, configPackage, variant);
  for (const std::string &cache : sources.caches)
    if (fs::path path = fs::path(cache) / name; fs::exists(path))
      return std::make_shared<ChipLibrary>(path.string());
  requireTools();
  if (building)
    building();

  const fs::path folder = sources.caches.back();
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    throw RunError("cannot make the folder '" + folder.string() +
                   "' for chips: " + error.message() +
                   "; set XDG_CACHE_HOME to a folder that can be written");
  const std::string path = (folder / name).string();
  removeLeftovers(folder);
  const LockFile lock = waitForLock(path + kLockSuffix, cancelled);
  const ScratchFiles scratch{path, lock};
  if (!fs::exists(path))
    buildChip(sources, configPackage, variant, path, lock, cancelled);
  return std::make_shared<ChipLibrary>(path);
}

} // namespace tilework::sim
