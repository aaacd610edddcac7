// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The isa dialect, and the way between its ops and the instructions of the
// codec.

#pragma once

#include "dialects/isa/Codec.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"

namespace tilework::isa {

//===----------------------------------------------------------------------===//
// What generated code calls
//===----------------------------------------------------------------------===//

/// The assembly of the instruction, as a string attribute.
mlir::Attribute instructionToAttribute(mlir::MLIRContext *context,
                                       const Instruction &instruction);

/// Absent with a diagnostic when the attribute is no instruction.
std::optional<Instruction>
parseInstruction(mlir::Attribute attribute,
                 llvm::function_ref<mlir::InFlightDiagnostic()> emitError);

template <typename T>
llvm::LogicalResult instructionFromAttribute(
    T &storage, mlir::Attribute attribute,
    llvm::function_ref<mlir::InFlightDiagnostic()> emitError) {
  std::optional<Instruction> instruction =
      parseInstruction(attribute, emitError);
  if (!instruction)
    return llvm::failure();
  if (const T *value = std::get_if<T>(&*instruction)) {
    storage = *value;
    return llvm::success();
  }
  if (emitError)
    emitError() << "expected another instruction than '"
                << info(*instruction).mnemonic << "'";
  return llvm::failure();
}

llvm::hash_code hashInstruction(const Instruction &instruction);

/// Refuses values that do not fit their fields.
llvm::LogicalResult verifyInstruction(mlir::Operation *op,
                                      const Instruction &instruction);

/// `name = value, …`: the syntax of Assembly.h in MLIR's tokens.
void printInstructionFields(mlir::OpAsmPrinter &printer,
                            const Instruction &instruction);
/// Reads fields into `word`, which holds the opcode; the result encodes a legal
/// instruction.
mlir::ParseResult parseInstructionWord(mlir::OpAsmParser &parser,
                                       const InstructionInfo &table,
                                       Word &word);

template <typename T>
mlir::ParseResult parseInstructionFields(mlir::OpAsmParser &parser,
                                         T &instruction) {
  const Instruction empty = T();
  Word word = encode(empty);
  if (parseInstructionWord(parser, info(empty), word))
    return mlir::failure();
  instruction = std::get<T>(*decode(word).instruction);
  return mlir::success();
}
template <typename T>
void printInstructionFields(mlir::OpAsmPrinter &printer, mlir::Operation *,
                            const T &instruction) {
  printInstructionFields(printer, Instruction(instruction));
}

} // namespace tilework::isa

#include "dialects/isa/ISADialect.h.inc"
#include "dialects/isa/ISAInterfaces.h.inc"

#define GET_OP_CLASSES
#include "dialects/isa/ISAOps.h.inc"

namespace tilework::isa {

/// The op of an instruction whose values fit.
mlir::Operation *createInstructionOp(mlir::OpBuilder &builder,
                                     mlir::Location location,
                                     const Instruction &instruction);

/// A program with these instructions at the builder's insertion point.
ProgramOp createProgram(mlir::OpBuilder &builder, mlir::Location location,
                        llvm::StringRef name,
                        const std::vector<Instruction> &instructions);

/// The instructions of a verified program.
std::vector<Instruction> instructionsOf(ProgramOp program);

} // namespace tilework::isa
