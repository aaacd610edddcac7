// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The element types of tensors outside of the chip: of models, of what callers
// give and get, of files. One table that importer, binder, drawer of inputs,
// `.npy` files and Python read.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace tilework {

/// Dimensions of a tensor at most.
constexpr int64_t kMaxRank = 16;

/// TensorProto.DataType of ONNX's schema.
enum class ElementType : int32_t {
  Undefined = 0,
  Float = 1,
  Uint8 = 2,
  Int8 = 3,
  Uint16 = 4,
  Int16 = 5,
  Int32 = 6,
  Int64 = 7,
  String = 8,
  Bool = 9,
  Float16 = 10,
  Double = 11,
  Uint32 = 12,
  Uint64 = 13,
  Complex64 = 14,
  Complex128 = 15,
  Bfloat16 = 16,
  Float8E4M3FN = 17,
  Float8E4M3FNUZ = 18,
  Float8E5M2 = 19,
  Float8E5M2FNUZ = 20,
  Uint4 = 21,
  Int4 = 22,
  Float4E2M1 = 23,
  Float8E8M0 = 24,
  Uint2 = 25,
  Int2 = 26
};

enum class ElementKind : uint8_t {
  Named, ///< refused by name
  Bool,
  Signed,
  Unsigned,
  Float
};

struct ElementTypeInfo {
  ElementType type;
  /// NumPy's name, or that of ml_dtypes: "float32", "bfloat16", "int4".
  const char *name;
  ElementKind kind;
  /// Of one element as ONNX stores it, several to a byte below 8; 0: no fixed
  /// size.
  unsigned bits;
  /// The type in `.npy` files, which is also NumPy's; of a type that NumPy
  /// lacks, the code of the bytes that it writes for an extension of its own,
  /// or nothing where that does not tell the type.
  const char *npy;
  /// The type of NumPy that holds all values of this one: itself, if NumPy
  /// has it.
  ElementType carrier;
};

/// Of a code that a file gives: one beyond the schema is Undefined.
const ElementTypeInfo &elementTypeInfo(ElementType type);

/// The types of which there are tensors, in the order of their codes.
const std::vector<ElementType> &elementTypes();

/// "float32"; also of types that are only named.
const char *elementTypeName(ElementType type);
/// One of elementTypes(), by its name.
std::optional<ElementType> elementTypeNamed(std::string_view name);

/// Bytes of an element that stands alone, as callers hold it.
uint32_t elementBytes(ElementType type);
unsigned elementBits(ElementType type);

bool isKnownType(ElementType type);
bool isFloatType(ElementType type);
/// Signed, unsigned or boolean.
bool isIntegerType(ElementType type);

/// The least and the largest value of an integer type. The largest uint64 does
/// not fit: it has the bits of −1.
int64_t leastOf(ElementType type);
int64_t largestOf(ElementType type);

/// The value reduced to the bits of an integer type, as C converts integers;
/// of a boolean whether it is not zero.
int64_t wrapTo(ElementType type, int64_t value);

} // namespace tilework
