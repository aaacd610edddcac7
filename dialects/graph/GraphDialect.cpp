// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registers the graph dialect, and implements the parsing of its attributes
// and the helpers that its ops and the passes share.

#include "dialects/graph/GraphDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>

using namespace mlir;
using namespace tilework::graph;

//===----------------------------------------------------------------------===//
// Attribute syntax
//===----------------------------------------------------------------------===//

static ParseResult parseDimList(AsmParser &parser,
                                SmallVectorImpl<int64_t> &dims) {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
    return parser.parseInteger(dims.emplace_back());
  });
}

static void printDimList(AsmPrinter &printer, ArrayRef<int64_t> dims) {
  printer << '[';
  llvm::interleaveComma(dims, printer);
  printer << ']';
}

static ParseResult parseAttrList(AsmParser &parser,
                                 SmallVectorImpl<Attribute> &attributes) {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
    return parser.parseAttribute(attributes.emplace_back());
  });
}

static void printAttrList(AsmPrinter &printer, ArrayRef<Attribute> attributes) {
  printer << '[';
  llvm::interleaveComma(attributes, printer);
  printer << ']';
}

static ParseResult parseExprList(AsmParser &parser,
                                 SmallVectorImpl<ExprAttr> &attributes) {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
    return parser.parseAttribute(attributes.emplace_back());
  });
}

static void printExprList(AsmPrinter &printer, ArrayRef<ExprAttr> attributes) {
  printer << '[';
  llvm::interleaveComma(attributes, printer);
  printer << ']';
}

#include "dialects/graph/GraphDialect.cpp.inc"
#include "dialects/graph/GraphEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/graph/GraphAttributes.cpp.inc"

void GraphDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/graph/GraphAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/graph/GraphOps.cpp.inc"
      >();
}

Operation *GraphDialect::materializeConstant(OpBuilder &builder,
                                             Attribute value, Type type,
                                             Location loc) {
  if (auto typed = dyn_cast<TypedAttr>(value); typed && typed.getType() == type)
    return arith::ConstantOp::create(builder, loc, typed);
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Shared rules
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<int64_t>>
tilework::graph::broadcastShapes(ArrayRef<int64_t> lhs, ArrayRef<int64_t> rhs) {
  size_t rank = std::max(lhs.size(), rhs.size());
  SmallVector<int64_t> shape(rank, 1);
  for (size_t i = 0; i < rank; ++i) {
    int64_t l = i < lhs.size() ? lhs[lhs.size() - 1 - i] : 1;
    int64_t r = i < rhs.size() ? rhs[rhs.size() - 1 - i] : 1;
    if (l != r && l != 1 && r != 1)
      return failure();
    shape[rank - 1 - i] = l == 1 ? r : l;
  }
  return shape;
}

bool tilework::graph::broadcastsTo(ArrayRef<int64_t> from,
                                   ArrayRef<int64_t> to) {
  FailureOr<SmallVector<int64_t>> shape = broadcastShapes(from, to);
  return succeeded(shape) && ArrayRef<int64_t>(*shape) == to;
}

tilework::ElementType tilework::graph::elementTypeOf(Type element) {
  MLIRContext *context = element.getContext();
  for (ElementType type : elementTypes())
    if (mlirElementType(context, type) == element)
      return type;
  return ElementType::Undefined;
}

Type tilework::graph::mlirElementType(MLIRContext *context, ElementType type) {
  const ElementTypeInfo &info = elementTypeInfo(type);
  switch (info.kind) {
  case ElementKind::Bool:
    return IntegerType::get(context, 1);
  case ElementKind::Signed:
    return IntegerType::get(context, info.bits);
  case ElementKind::Unsigned:
    return IntegerType::get(context, info.bits, IntegerType::Unsigned);
  case ElementKind::Float:
    return type == ElementType::Bfloat16  ? Type(BFloat16Type::get(context))
           : type == ElementType::Float16 ? Type(Float16Type::get(context))
           : type == ElementType::Float   ? Type(Float32Type::get(context))
                                          : Type(Float64Type::get(context));
  case ElementKind::Named:
    return {};
  }
  return {};
}

unsigned tilework::graph::storedBits(Type element) {
  return elementBits(elementTypeOf(element));
}

std::string tilework::graph::storedBytes(DenseElementsAttr dense) {
  const unsigned bits = storedBits(dense.getElementType());
  std::string bytes;
  auto append = [&](int64_t index, uint64_t value) {
    if (index * bits % 8 == 0)
      bytes.push_back(0);
    bytes.back() |= static_cast<char>(value << index * bits % 8);
  };
  // A boolean is a bit in the attribute, and integers of less than a byte are
  // bytes.
  if (dense.getElementType().isInteger(1)) {
    for (auto [i, value] : llvm::enumerate(dense.getValues<bool>()))
      append(i, value);
    return bytes;
  }
  if (bits < 8) {
    for (auto [i, value] : llvm::enumerate(dense.getValues<llvm::APInt>()))
      append(i, value.getZExtValue());
    return bytes;
  }
  ArrayRef<char> raw = dense.getRawData();
  int64_t repeats = dense.isSplat() ? dense.getNumElements() : 1;
  for (int64_t i = 0; i < repeats; ++i)
    bytes.append(raw.data(), raw.size());
  return bytes;
}

bool tilework::graph::bandSeesAll(ArrayRef<int64_t> band, int64_t rows,
                                  int64_t keys) {
  for (int64_t i = 0; i < rows; ++i)
    if (std::max<int64_t>(0, i + band[0]) > std::min(keys - 1, i + band[1]))
      return false;
  return true;
}

bool tilework::graph::isComparison(BinaryKind kind) {
  switch (kind) {
  case BinaryKind::Eq:
  case BinaryKind::Ne:
  case BinaryKind::Lt:
  case BinaryKind::Le:
  case BinaryKind::Gt:
  case BinaryKind::Ge:
    return true;
  default:
    return false;
  }
}

void tilework::graph::addNote(Operation *op, StringRef sentence) {
  Builder builder(op->getContext());
  SmallVector<Attribute> notes;
  if (auto old = op->getAttrOfType<ArrayAttr>(kNotesAttrName))
    notes.append(old.begin(), old.end());
  StringAttr note = builder.getStringAttr(sentence);
  if (!llvm::is_contained(notes, note))
    notes.push_back(note);
  op->setAttr(kNotesAttrName, builder.getArrayAttr(notes));
}
