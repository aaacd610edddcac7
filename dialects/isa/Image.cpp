// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Images in files and in memory. Files are mapped, so that weights are read
// only where they are used.

#include "dialects/isa/Image.h"

#include "dialects/isa/Elf.h"
#include "dialects/isa/ImageMeta.h"
#include "dialects/isa/Instructions.h"
#include "dialects/isa/OutputFile.h"
#include "dialects/target/Sha256.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tilework::isa {

namespace {

constexpr uint64_t kWeightAlignment = 4096;
constexpr uint64_t kMaxInstructions = uint64_t(1) << 24;
constexpr int kMaxNesting = 32;

void writeTo(const Image &image, const ElfSink &sink) {
  // Names come from models and may be any bytes.
  auto dump = [](const nlohmann::json &value) {
    return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  };
  const std::string meta = dump(metaToJson(image));
  const std::string provenance = dump(provenanceToJson(image));
  auto bytes = [](const std::string &text) {
    return reinterpret_cast<const uint8_t *>(text.data());
  };
  std::vector<ElfSection> sections = {
      {".text", reinterpret_cast<const uint8_t *>(image.text.data()),
       image.text.size() * kInstructionBytes, kInstructionBytes, true, true},
      {".tilework.meta", bytes(meta), meta.size(), 8, false, false},
      {".tilework.provenance", bytes(provenance), provenance.size(), 8, false,
       false},
      {".weights", image.weights.data, image.weights.size, kWeightAlignment,
       false, true}};
  writeElf(sections,
           image.entries.empty()
               ? 0
               : uint64_t(image.entries[0].pc) * kInstructionBytes,
           sink);
}

nlohmann::json parseJson(const ElfSection &section) {
  int depth = 0;
  auto bounded = [&](int level, nlohmann::json::parse_event_t,
                     nlohmann::json &) {
    depth = std::max(depth, level);
    if (level > kMaxNesting)
      throw ImageError("damaged program: " + section.name +
                       " is nested too deeply; compile the model again");
    return true;
  };
  return nlohmann::json::parse(section.data, section.data + section.size,
                               bounded);
}

Image parse(const uint8_t *file, uint64_t size,
            std::shared_ptr<const void> owner) {
  const std::vector<ElfSection> sections = readElf(file, size);
  auto find = [&](const char *name) -> const ElfSection & {
    for (const ElfSection &section : sections)
      if (section.name == name)
        return section;
    throw ImageError(std::string("not a Tilework program: it has no section ") +
                     name + "; give a file that `tilework compile` wrote");
  };
  Image image;
  // Of any other program's ELF file there is a .text, too.
  find(".tilework.meta");
  const ElfSection &text = find(".text");
  if (text.size == 0 || text.size % kInstructionBytes != 0 ||
      text.size / kInstructionBytes > kMaxInstructions)
    throw ImageError("damaged program: .text has " + std::to_string(text.size) +
                     " bytes; compile the model again");
  image.text.resize(text.size / kInstructionBytes);
  std::memcpy(image.text.data(), text.data, text.size);
  const ElfSection &weights = find(".weights");
  image.weights = {weights.data, weights.size, std::move(owner)};
  try {
    metaFromJson(parseJson(find(".tilework.meta")), image);
    provenanceFromJson(parseJson(find(".tilework.provenance")), image);
  } catch (const nlohmann::json::exception &error) {
    throw ImageError(std::string("damaged program: ") + error.what() +
                     "; compile the model again");
  }
  return image;
}

[[noreturn]] void failToRead(const std::string &path) {
  throw ImageError("cannot read '" + path + "': " + std::strerror(errno));
}

} // namespace

std::string modelHashOf(const std::string &fileSha256,
                        const std::vector<ExternalData> &externalData) {
  if (externalData.empty())
    return fileSha256;
  target::Sha256 hash;
  hash.update(fileSha256);
  for (const ExternalData &data : externalData)
    hash.update(data.sha256);
  return hash.finish();
}

std::vector<uint64_t> placeBindings(const Image &image, const Entry &entry) {
  std::vector<uint64_t> addresses;
  uint64_t at = image.text.size() * sizeof(image.text[0]);
  for (const Binding &binding : entry.bindings) {
    addresses.push_back(alignBinding(at));
    at = addresses.back() + binding.bytes;
  }
  addresses.push_back(alignBinding(at));
  return addresses;
}

const Entry *Image::findEntry(const std::string &name) const {
  for (const Entry &entry : entries)
    if (entry.name == name)
      return &entry;
  return nullptr;
}

void writeImage(const Image &image, const std::string &path) {
  OutputFile file(path);
  writeTo(image,
          [&](const void *data, uint64_t size) { file.put(data, size); });
  file.keep();
}

std::vector<uint8_t> writeImage(const Image &image) {
  std::vector<uint8_t> bytes;
  writeTo(image, [&](const void *data, uint64_t size) {
    const uint8_t *first = static_cast<const uint8_t *>(data);
    bytes.insert(bytes.end(), first, first + size);
  });
  return bytes;
}

Image readImage(const std::string &path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    failToRead(path);
  struct stat status;
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(descriptor);
    throw ImageError("cannot read '" + path + "': not a file");
  }
  const uint64_t size = static_cast<uint64_t>(status.st_size);
  if (size == 0) {
    close(descriptor);
    throw ImageError("'" + path + "' is empty");
  }
  void *mapped = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  close(descriptor);
  if (mapped == MAP_FAILED)
    failToRead(path);
  std::shared_ptr<const void> owner(
      mapped, [size](void *address) { munmap(address, size); });
  try {
    return parse(static_cast<const uint8_t *>(mapped), size, owner);
  } catch (const ImageError &error) {
    throw ImageError("'" + path + "': " + error.what());
  }
}

Image readImage(std::shared_ptr<const std::vector<uint8_t>> bytes) {
  const uint8_t *data = bytes->data();
  const uint64_t size = bytes->size();
  return parse(data, size, std::move(bytes));
}

} // namespace tilework::isa
