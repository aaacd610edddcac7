// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The table of element types.

#include "dialects/isa/ElementType.h"

#include <cstddef>
#include <iterator>

namespace tilework {

namespace {

using T = ElementType;
using K = ElementKind;

// By code, so that a code is the index.
constexpr ElementTypeInfo kTypes[] = {
    {T::Undefined, "undefined", K::Named, 0, "", T::Undefined},
    {T::Float, "float32", K::Float, 32, "<f4", T::Float},
    {T::Uint8, "uint8", K::Unsigned, 8, "|u1", T::Uint8},
    {T::Int8, "int8", K::Signed, 8, "|i1", T::Int8},
    {T::Uint16, "uint16", K::Unsigned, 16, "<u2", T::Uint16},
    {T::Int16, "int16", K::Signed, 16, "<i2", T::Int16},
    {T::Int32, "int32", K::Signed, 32, "<i4", T::Int32},
    {T::Int64, "int64", K::Signed, 64, "<i8", T::Int64},
    {T::String, "string", K::Named, 0, "", T::String},
    {T::Bool, "bool", K::Bool, 8, "|b1", T::Bool},
    {T::Float16, "float16", K::Float, 16, "<f2", T::Float16},
    {T::Double, "float64", K::Float, 64, "<f8", T::Double},
    {T::Uint32, "uint32", K::Unsigned, 32, "<u4", T::Uint32},
    {T::Uint64, "uint64", K::Unsigned, 64, "<u8", T::Uint64},
    {T::Complex64, "complex64", K::Named, 64, "", T::Complex64},
    {T::Complex128, "complex128", K::Named, 128, "", T::Complex128},
    {T::Bfloat16, "bfloat16", K::Float, 16, "<V2", T::Float},
    {T::Float8E4M3FN, "float8e4m3fn", K::Named, 8, "", T::Float},
    {T::Float8E4M3FNUZ, "float8e4m3fnuz", K::Named, 8, "", T::Float},
    {T::Float8E5M2, "float8e5m2", K::Named, 8, "", T::Float},
    {T::Float8E5M2FNUZ, "float8e5m2fnuz", K::Named, 8, "", T::Float},
    {T::Uint4, "uint4", K::Unsigned, 4, "", T::Uint8},
    {T::Int4, "int4", K::Signed, 4, "", T::Int8},
    {T::Float4E2M1, "float4e2m1", K::Named, 4, "", T::Float},
    {T::Float8E8M0, "float8e8m0", K::Named, 8, "", T::Float},
    {T::Uint2, "uint2", K::Unsigned, 2, "", T::Uint8},
    {T::Int2, "int2", K::Signed, 2, "", T::Int8}};

constexpr bool isByCode() {
  for (size_t i = 0; i < std::size(kTypes); ++i)
    if (static_cast<size_t>(kTypes[i].type) != i)
      return false;
  return true;
}
static_assert(isByCode(), "an entry does not stand at its code");

} // namespace

const ElementTypeInfo &elementTypeInfo(ElementType type) {
  const auto code = static_cast<size_t>(type);
  return kTypes[code < std::size(kTypes) ? code : 0];
}

const std::vector<ElementType> &elementTypes() {
  static const std::vector<ElementType> types = [] {
    std::vector<ElementType> known;
    for (const ElementTypeInfo &info : kTypes)
      if (isKnownType(info.type))
        known.push_back(info.type);
    return known;
  }();
  return types;
}

const char *elementTypeName(ElementType type) {
  return elementTypeInfo(type).name;
}

std::optional<ElementType> elementTypeNamed(std::string_view name) {
  for (ElementType type : elementTypes())
    if (name == elementTypeName(type))
      return type;
  return std::nullopt;
}

uint32_t elementBytes(ElementType type) {
  return (elementTypeInfo(type).bits + 7) / 8;
}

unsigned elementBits(ElementType type) { return elementTypeInfo(type).bits; }

bool isKnownType(ElementType type) {
  return elementTypeInfo(type).kind != K::Named;
}

bool isFloatType(ElementType type) {
  return elementTypeInfo(type).kind == K::Float;
}

bool isIntegerType(ElementType type) {
  return isKnownType(type) && !isFloatType(type);
}

int64_t leastOf(ElementType type) {
  const ElementTypeInfo &info = elementTypeInfo(type);
  return info.kind == K::Signed
             ? static_cast<int64_t>(~uint64_t(0) << (info.bits - 1))
             : 0;
}

int64_t largestOf(ElementType type) {
  const ElementTypeInfo &info = elementTypeInfo(type);
  const unsigned bits = info.kind == K::Bool     ? 1
                        : info.kind == K::Signed ? info.bits - 1
                                                 : info.bits;
  return static_cast<int64_t>(~uint64_t(0) >> (64 - bits));
}

int64_t wrapTo(ElementType type, int64_t value) {
  const ElementTypeInfo &info = elementTypeInfo(type);
  if (info.kind == K::Bool)
    return value != 0;
  if (!isIntegerType(type))
    return value;
  const unsigned unused = 64 - info.bits;
  const uint64_t high = static_cast<uint64_t>(value) << unused;
  return info.kind == K::Signed ? static_cast<int64_t>(high) >> unused
                                : static_cast<int64_t>(high >> unused);
}

} // namespace tilework
