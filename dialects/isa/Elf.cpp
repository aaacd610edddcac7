// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ELF64, little-endian, from the system's <elf.h>.

#include "dialects/isa/Elf.h"

#include "dialects/isa/Image.h"

#include <cstring>
#include <elf.h>

namespace tilework::isa {

namespace {

constexpr uint64_t kMaxSections = 64;

uint64_t alignUp(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

[[noreturn]] void refuse(const std::string &what) {
  throw ImageError("not a Tilework program: " + what +
                   "; compile the model again or check that the file was "
                   "copied completely");
}

} // namespace

void writeElf(const std::vector<ElfSection> &sections, uint64_t entry,
              const ElfSink &sink) {
  std::string names(1, '\0');
  std::vector<Elf64_Shdr> headers(1);
  uint64_t at = sizeof(Elf64_Ehdr);
  auto addHeader = [&](const std::string &name, uint32_t type, uint64_t flags,
                       uint64_t size, uint64_t alignment) {
    Elf64_Shdr header{};
    header.sh_name = static_cast<uint32_t>(names.size());
    names += name + '\0';
    header.sh_type = type;
    header.sh_flags = flags;
    header.sh_offset = at = alignUp(at, alignment);
    header.sh_size = size;
    header.sh_addralign = alignment;
    headers.push_back(header);
    at += size;
  };
  for (const ElfSection &section : sections)
    addHeader(section.name, SHT_PROGBITS,
              (section.allocated ? SHF_ALLOC : 0u) |
                  (section.executable ? SHF_EXECINSTR : 0u),
              section.size, section.alignment);
  const std::string own = ".shstrtab";
  addHeader(own, SHT_STRTAB, 0, names.size() + own.size() + 1, 1);

  Elf64_Ehdr file{};
  std::memcpy(file.e_ident, ELFMAG, SELFMAG);
  file.e_ident[EI_CLASS] = ELFCLASS64;
  file.e_ident[EI_DATA] = ELFDATA2LSB;
  file.e_ident[EI_VERSION] = EV_CURRENT;
  file.e_type = ET_EXEC;
  file.e_machine = EM_NONE; // no number is registered for this machine
  file.e_version = EV_CURRENT;
  file.e_entry = entry;
  file.e_shoff = alignUp(at, 8);
  file.e_ehsize = sizeof(Elf64_Ehdr);
  file.e_shentsize = sizeof(Elf64_Shdr);
  file.e_shnum = static_cast<uint16_t>(headers.size());
  file.e_shstrndx = static_cast<uint16_t>(headers.size() - 1);

  uint64_t written = 0;
  auto put = [&](const void *data, uint64_t size) {
    sink(data, size);
    written += size;
  };
  auto pad = [&](uint64_t to) {
    static const uint8_t zeros[4096] = {};
    while (written < to)
      put(zeros, std::min<uint64_t>(to - written, sizeof(zeros)));
  };
  put(&file, sizeof(file));
  for (size_t i = 0; i < sections.size(); ++i) {
    pad(headers[i + 1].sh_offset);
    put(sections[i].data, sections[i].size);
  }
  put(names.data(), names.size());
  pad(file.e_shoff);
  put(headers.data(), headers.size() * sizeof(Elf64_Shdr));
}

std::vector<ElfSection> readElf(const uint8_t *file, uint64_t size) {
  Elf64_Ehdr header;
  if (size < sizeof(header))
    refuse("the file has " + std::to_string(size) + " bytes");
  std::memcpy(&header, file, sizeof(header));
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_ident[EI_DATA] != ELFDATA2LSB)
    refuse("it does not begin as an ELF64 file");
  const uint64_t count = header.e_shnum;
  if (header.e_shentsize != sizeof(Elf64_Shdr) || count == 0 ||
      count > kMaxSections || header.e_shoff > size ||
      count * sizeof(Elf64_Shdr) > size - header.e_shoff)
    refuse("its section table lies outside of the file");
  std::vector<Elf64_Shdr> headers(count);
  std::memcpy(headers.data(), file + header.e_shoff,
              count * sizeof(Elf64_Shdr));
  for (const Elf64_Shdr &section : headers)
    if (section.sh_type != SHT_NULL &&
        (section.sh_offset > size ||
         section.sh_size > size - section.sh_offset))
      refuse("a section lies outside of the file");
  if (header.e_shstrndx >= count ||
      headers[header.e_shstrndx].sh_type != SHT_STRTAB)
    refuse("it has no section names");
  const Elf64_Shdr &strings = headers[header.e_shstrndx];
  const std::string_view names(
      reinterpret_cast<const char *>(file + strings.sh_offset),
      strings.sh_size);

  std::vector<ElfSection> sections;
  for (const Elf64_Shdr &section : headers) {
    if (section.sh_type != SHT_PROGBITS)
      continue;
    const size_t end = section.sh_name < names.size()
                           ? names.find('\0', section.sh_name)
                           : std::string_view::npos;
    if (end == std::string_view::npos)
      refuse("a section has no name");
    sections.push_back(
        {std::string(names.substr(section.sh_name, end - section.sh_name)),
         file + section.sh_offset, section.sh_size, section.sh_addralign,
         (section.sh_flags & SHF_EXECINSTR) != 0,
         (section.sh_flags & SHF_ALLOC) != 0});
  }
  return sections;
}

} // namespace tilework::isa
