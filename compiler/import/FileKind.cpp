// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Marks of formats in which models and weights are kept.

#include "compiler/import/FileKind.h"

#include <cstdint>

namespace tilework {

namespace {

struct Mark {
  size_t offset;
  std::string_view bytes;
  const char *kind;
};

constexpr const char *kExport = "export the model to ONNX and give that file";

// Sources: GGUF, safetensors, FlatBuffers' file identifiers of TensorFlow Lite
// and ONNX Runtime, ZIP, pickle protocol 2 and later, HDF5, Git LFS.
constexpr Mark kMarks[] = {
    {0, "GGUF", "a GGUF file, which holds weights and no graph"},
    {0, "GGML", "a GGML file, which holds weights and no graph"},
    {4, "TFL3", "a TensorFlow Lite model"},
    {4, "ORTM", "a model in the format of ONNX Runtime (.ort)"},
    {0, {"PK\x03\x04", 4}, "a ZIP archive, as PyTorch writes checkpoints"},
    {0, {"\x80\x02", 2}, "a Python pickle, as PyTorch writes checkpoints"},
    {0, {"\x80\x04\x95", 3}, "a Python pickle"},
    {0, {"\x89HDF\r\n", 6}, "an HDF5 file, as Keras writes models"},
    {0, {"\x1f\x8b", 2}, "compressed (gzip)"},
    {0, "version https://git-lfs", "a pointer of Git LFS, not the file itself"},
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
      return std::string(mark.kind) + ": " +
             (mark.bytes.front() == 'v'      ? "fetch it with `git lfs pull`"
              : mark.bytes.front() == '\x1f' ? "unpack it first"
                                             : kExport);
  return "";
}

} // namespace tilework
