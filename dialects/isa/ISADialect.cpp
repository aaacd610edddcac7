// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Syntax and verification of the isa dialect over the tables of the codec.

#include "dialects/isa/ISADialect.h"

#include "dialects/isa/Assembly.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/SmallVector.h"

#include <set>

using namespace mlir;

#include "dialects/isa/ISADialect.cpp.inc"
#include "dialects/isa/ISAInterfaces.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/isa/ISAOps.cpp.inc"

namespace tilework::isa {

void ISADialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/isa/ISAOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// The property of instruction ops
//===----------------------------------------------------------------------===//

Attribute instructionToAttribute(MLIRContext *context,
                                 const Instruction &instruction) {
  return StringAttr::get(context, print(instruction));
}

std::optional<Instruction>
parseInstruction(Attribute attribute,
                 llvm::function_ref<InFlightDiagnostic()> emitError) {
  auto text = llvm::dyn_cast_or_null<StringAttr>(attribute);
  if (!text) {
    if (emitError)
      emitError() << "expected an instruction as a string";
    return std::nullopt;
  }
  AssemblyResult parsed =
      parse(std::string_view(text.getValue().data(), text.getValue().size()));
  if (parsed && parsed.program.size() == 1)
    return parsed.program[0];
  if (emitError)
    emitError() << "in '" << text.getValue() << "': "
                << (parsed ? std::string("expected one instruction")
                           : parsed.errors[0].text());
  return std::nullopt;
}

llvm::hash_code hashInstruction(const Instruction &instruction) {
  const Word word = encode(instruction);
  return llvm::hash_combine_range(word.begin(), word.end());
}

LogicalResult verifyInstruction(Operation *op, const Instruction &instruction) {
  const std::string reason = misfit(instruction);
  return reason.empty() ? success() : op->emitOpError() << reason;
}

//===----------------------------------------------------------------------===//
// Syntax
//===----------------------------------------------------------------------===//

void printInstructionFields(OpAsmPrinter &printer,
                            const Instruction &instruction) {
  const Word word = encode(instruction);
  const char *separator = " ";
  for (const FieldInfo &field : info(instruction)) {
    const uint64_t bits = getBits(word, field.lsb, field.width);
    if (!isPrinted(field, bits))
      continue;
    printer << separator << field.name << " = " << printValue(field, bits);
    separator = ", ";
  }
}

namespace {

ParseResult parseFieldValue(OpAsmParser &parser, const FieldInfo &field,
                            Operand &operand) {
  StringRef word;
  if (succeeded(parser.parseOptionalKeyword(&word))) {
    operand.kind = Operand::Kind::Word;
    operand.word = word.str();
    if (failed(parser.parseOptionalKeyword("by")))
      return success();
    int64_t step;
    if (parser.parseInteger(step))
      return failure();
    operand.step = step;
    return success();
  }
  if (field.kind == FieldKind::Float) {
    operand.kind = Operand::Kind::Real;
    return parser.parseFloat(operand.real);
  }
  operand.kind = Operand::Kind::Integer;
  return parser.parseInteger(operand.integer);
}

} // namespace

ParseResult parseInstructionWord(OpAsmParser &parser,
                                 const InstructionInfo &table, Word &word) {
  // The name of the next op would read as that of a field.
  if (table.fieldCount == 0)
    return success();
  std::set<const FieldInfo *> seen;
  do {
    llvm::SMLoc location = parser.getCurrentLocation();
    StringRef name;
    if (failed(parser.parseOptionalKeyword(&name)) || name.contains('.'))
      return parser.emitError(location)
             << "expected a field of '" << table.mnemonic
             << "'; at least one must be given";
    const FieldInfo *field =
        table.find(std::string_view(name.data(), name.size()));
    if (!field)
      return parser.emitError(location)
             << "'" << table.mnemonic << "' has no field '" << name << "'";
    if (!seen.insert(field).second)
      return parser.emitError(location)
             << "field '" << name << "' is there twice";
    if (parser.parseEqual())
      return failure();
    location = parser.getCurrentLocation();
    Operand operand;
    if (parseFieldValue(parser, *field, operand))
      return failure();
    uint64_t bits = 0;
    const std::string reason = parseValue(*field, operand, bits);
    if (!reason.empty())
      return parser.emitError(location) << field->name << ": " << reason;
    setBits(word, field->lsb, field->width, bits);
  } while (succeeded(parser.parseOptionalComma()));
  return success();
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

LogicalResult ProgramOp::verifyRegions() {
  const uint64_t count = getBody().front().getOperations().size();
  SmallVector<uint64_t> ends;
  uint64_t index = 0;
  for (Operation &op : getBody().front()) {
    if (!llvm::isa<InstructionOpInterface>(op))
      return op.emitOpError("is no instruction");
    while (!ends.empty() && ends.back() == index)
      ends.pop_back();
    if (auto loop = dyn_cast<LoopOp>(op)) {
      const uint64_t length = loop.getInstruction().length,
                     end = index + 1 + length;
      if (length == 0)
        return op.emitOpError("has an empty body");
      if (end > count)
        return op.emitOpError("has a body of ")
               << length << " instructions, " << count - index - 1 << " follow";
      if (!ends.empty() && end > ends.back())
        return op.emitOpError("ends ")
               << end - ends.back()
               << " instructions behind the loop around it";
      ends.push_back(end);
    }
    if (auto call = dyn_cast<CallOp>(op))
      if (call.getInstruction().target >= count)
        return op.emitOpError("calls instruction ")
               << call.getInstruction().target << " of " << count;
    ++index;
  }
  return success();
}

namespace {
template <typename Struct> struct OpOf;
#define ISA_OP(STRUCT, OP)                                                     \
  template <> struct OpOf<STRUCT> {                                            \
    using Type = OP;                                                           \
  };
#include "dialects/isa/ISAOpList.inc"
} // namespace

Operation *createInstructionOp(OpBuilder &builder, Location location,
                               const Instruction &instruction) {
  return std::visit(
      [&](const auto &fields) -> Operation * {
        using Struct = std::decay_t<decltype(fields)>;
        return OpOf<Struct>::Type::create(builder, location, fields);
      },
      instruction);
}

ProgramOp createProgram(OpBuilder &builder, Location location, StringRef name,
                        const std::vector<Instruction> &instructions) {
  auto program = ProgramOp::create(builder, location, name);
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&program.getBody());
  for (const Instruction &instruction : instructions)
    createInstructionOp(builder, location, instruction);
  return program;
}

std::vector<Instruction> instructionsOf(ProgramOp program) {
  std::vector<Instruction> out;
  for (auto op : program.getBody().getOps<InstructionOpInterface>())
    out.push_back(op.asInstruction());
  return out;
}

} // namespace tilework::isa
