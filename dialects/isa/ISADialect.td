// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The isa dialect: programs of the machine as IR, the last form before bytes. Ops that are instructions are generated from
// Instructions.td; what they all share stands here.

#ifndef TILEWORK_DIALECTS_ISA_ISADIALECT
#define TILEWORK_DIALECTS_ISA_ISADIALECT

include "mlir/IR/OpBase.td"
include "mlir/IR/Properties.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"

def ISA_Dialect : Dialect {
  let name = "isa";
  let cppNamespace = "::tilework::isa";
  let summary = "instructions of the machine";
  let description = [{
    One op an instruction, with the fields of its record, in the order of the program. Control flow is the machine's: a
    loop covers the `length` ops behind it, a call names the index of an op. Ops have no operands and no results; registers
    are numbers, as in the encoding.
  }];
}

// The struct of dialects/isa/Instructions.h, as it is.
class ISA_InstructionProperty<string type>
    : Property<"::tilework::isa::" # type, "fields of a " # type # " instruction"> {
  let convertToAttribute = [{
    return ::tilework::isa::instructionToAttribute($_ctxt, $_storage);
  }];
  let convertFromAttribute = [{
    return ::tilework::isa::instructionFromAttribute($_storage, $_attr, $_diag);
  }];
  let hashProperty = "::tilework::isa::hashInstruction($_storage)";
  let writeToMlirBytecode = [{
    $_writer.writeAttribute(
        ::tilework::isa::instructionToAttribute($_ctxt, $_storage));
  }];
  let readFromMlirBytecode = [{
    ::mlir::Attribute attribute;
    if (::mlir::failed($_reader.readAttribute(attribute)) ||
        ::mlir::failed(::tilework::isa::instructionFromAttribute(
            $_storage, attribute, [&] { return $_reader.emitError(); })))
      return ::mlir::failure();
  }];
}

def ISA_InstructionOpInterface : OpInterface<"InstructionOpInterface"> {
  let description = "An op that is one instruction.";
  let cppNamespace = "::tilework::isa";
  let methods = [
    InterfaceMethod<"The instruction that the op stands for.", "::tilework::isa::Instruction", "asInstruction", (ins), [{
      return ::tilework::isa::Instruction($_op.getInstruction());
    }]>];
}

class ISA_InstructionOp<string mnemonic, string type>
    : Op<ISA_Dialect, mnemonic, [ISA_InstructionOpInterface, HasParent<"ProgramOp">]> {
  let arguments = (ins ISA_InstructionProperty<type>:$instruction);
  let assemblyFormat = "custom<InstructionFields>($instruction) attr-dict";
  let hasVerifier = 1;
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::verify() {
      return ::tilework::isa::verifyInstruction(*this, getInstruction());
    }
  }];
}

#endif // TILEWORK_DIALECTS_ISA_ISADIALECT
