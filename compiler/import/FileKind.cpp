// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Marks of formats in which models and weights are kept.

#include "compiler/import/FileKind.h"

#include <algorithm>
#include <cstdint>

namespace tilework {

namespace {

struct Mark {
  size_t offset;
  std::string_view bytes;
  const char *kind, *remedy;
};

constexpr const char *kExport = "export the model to ONNX and give that file";
constexpr const char *kName = "name the ONNX file of the model";

// Sources: GGUF, safetensors, FlatBuffers' file identifiers of TensorFlow Lite
// and ONNX Runtime, ZIP, pickle protocol 2 and later, HDF5, Git LFS, ELF,
// NumPy, PNG, JPEG, PDF.
constexpr Mark kMarks[] = {
    {0, "GGUF", "a GGUF file, which holds weights and no graph", kExport},
    {0, "GGML", "a GGML file, which holds weights and no graph", kExport},
    {4, "TFL3", "a TensorFlow Lite model", kExport},
    {4, "ORTM", "a model in the format of ONNX Runtime (.ort)", kExport},
    {0,
     {"PK\x03\x04", 4},
     "a ZIP archive, as PyTorch writes checkpoints",
     kExport},
    {0,
     {"\x80\x02", 2},
     "a Python pickle, as PyTorch writes checkpoints",
     kExport},
    {0, {"\x80\x04\x95", 3}, "a Python pickle", kExport},
    {0, {"\x89HDF\r\n", 6}, "an HDF5 file, as Keras writes models", kExport},
    {0, {"\x1f\x8b", 2}, "compressed (gzip)", "unpack it first"},
    {0, "version https://git-lfs", "a pointer of Git LFS, not the file itself",
     "fetch it with `git lfs pull`"},
    {0,
     "\x7f"
     "ELF",
     "a compiled program, or another ELF file",
     "run a program with `tilework run` or `tilework simulate`, in Python with "
     "tilework.load, or compile its model"},
    {0, "\x93NUMPY", "a NumPy array", kName},
    {0, "\x89PNG", "a picture (PNG)", kName},
    {0, "\xff\xd8\xff", "a picture (JPEG)", kName},
    {0, "%PDF", "a PDF document", kName},
};

/// A length of eight bytes, then that much JSON.
bool isSafetensors(std::string_view bytes) {
  if (bytes.size() < 10 || bytes[8] != '{')
    return false;
  uint64_t length = 0;
  for (int i = 7; i >= 0; --i)
    length = length << 8 | static_cast<uint8_t>(bytes[i]);
  return length >= 2 && length <= bytes.size() - 8 &&
         (bytes[9] == '"' || bytes[9] == '}' || bytes[9] == ' ');
}

} // namespace

std::string otherKindOfFile(std::string_view bytes) {
  if (isSafetensors(bytes))
    return std::string("a safetensors file, which holds weights and no graph: "
                       "") +
           kExport;
  for (const Mark &mark : kMarks)
    if (bytes.size() >= mark.offset + mark.bytes.size() &&
        bytes.substr(mark.offset, mark.bytes.size()) == mark.bytes)
      return std::string(mark.kind) + ": " + mark.remedy;
  return "";
}

std::string unreadableKind(std::string_view bytes) {
  const std::string_view head = bytes.substr(0, 512);
  if (std::all_of(head.begin(), head.end(), [](unsigned char c) {
        return c >= 0x80 || (c >= 0x20 && c != 0x7f) || c == '\n' ||
               c == '\r' || c == '\t';
      }))
    return std::string("it looks like text; ") + kName;
  // The version of the format, a small number, is the first field of a model.
  if (bytes.size() > 1 && bytes[0] == 0x08 && bytes[1] > 0 && bytes[1] < 32)
    return "it begins as one and is damaged or cut short; copy or export it "
           "again";
  return std::string("it is of no known kind; ") + kName;
}

} // namespace tilework
