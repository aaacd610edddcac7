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

unsigned tilework::graph::storedBits(Type element) {
  unsigned bits = element.isIntOrFloat() ? element.getIntOrFloatBitWidth() : 0;
  return bits == 1 ? 8 : bits;
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
