// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Do instructions survive the way into ops of the isa dialect, through text,
// and back?

#include "dialects/isa/ISADialect.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

#include <random>

using namespace tilework::isa;

namespace {

/// Words with random legal fields; control flow is left out, its places would
/// be random too.
std::vector<Instruction> randomInstructions(unsigned count) {
  std::mt19937_64 random(5);
  std::vector<Instruction> out;
  while (out.size() < count) {
    const InstructionInfo &table =
        instructions().begin()[random() % instructions().size()];
    if (table.opcode == Opcode::Loop || table.opcode == Opcode::Call)
      continue;
    Word word{};
    setBits(word, 0, 6, uint64_t(table.opcode));
    for (const FieldInfo &field : table)
      if (field.kind == FieldKind::Enumeration)
        setBits(
            word, field.lsb, field.width,
            field.enumeration->cases[random() % field.enumeration->caseCount]
                .value);
      else if (field.kind == FieldKind::Extent)
        setBits(word, field.lsb, field.width,
                random() % 2 ? random() & 0xffff : 0x10000 | (random() & 15));
      else
        setBits(word, field.lsb, field.width, random());
    if (DecodeResult decoded = decode(word))
      out.push_back(*decoded.instruction);
  }
  return out;
}

TEST(IsaDialect, InstructionsSurviveOpsAndText) {
  mlir::MLIRContext context;
  context.loadDialect<ISADialect>();
  mlir::OpBuilder builder(&context);
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::ModuleOp::create(builder, builder.getUnknownLoc());
  builder.setInsertionPointToStart(module->getBody());
  const std::vector<Instruction> program = randomInstructions(2000);
  ProgramOp op =
      createProgram(builder, builder.getUnknownLoc(), "main", program);
  ASSERT_TRUE(mlir::succeeded(mlir::verify(*module)));
  EXPECT_EQ(instructionsOf(op), program);

  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream);
  mlir::OwningOpRef<mlir::ModuleOp> parsed =
      mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(instructionsOf(*parsed->getBody()->getOps<ProgramOp>().begin()),
            program);
}

TEST(IsaDialect, ValuesThatDoNotFitAreRefused) {
  mlir::MLIRContext context;
  context.loadDialect<ISADialect>();
  std::string message;
  mlir::ScopedDiagnosticHandler handler(
      &context,
      [&](mlir::Diagnostic &diagnostic) { message = diagnostic.str(); });
  mlir::OpBuilder builder(&context);
  Load load;
  load.tile_offset = 1u << 20;
  mlir::OwningOpRef<ProgramOp> program =
      createProgram(builder, builder.getUnknownLoc(), "main", {load});
  EXPECT_TRUE(mlir::failed(mlir::verify(*program)));
  EXPECT_NE(message.find("load: tile_offset does not fit"), std::string::npos)
      << message;
}

} // namespace
