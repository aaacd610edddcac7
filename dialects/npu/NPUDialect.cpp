// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registration, and the verifiers of the npu ops: loops that an address names
// enclose it, and every operand lies in the memory that its step needs.

#include "dialects/npu/NPUDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tilework::npu;
using tilework::isa::Space;

#include "dialects/npu/NPUDialect.cpp.inc"
#include "dialects/npu/NPUEnums.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/npu/NPUTypes.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/npu/NPUAttributes.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/npu/NPUOps.cpp.inc"

void NPUDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/npu/NPUTypes.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/npu/NPUAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/npu/NPUOps.cpp.inc"
      >();
}

static int64_t loopsAround(Operation *op) {
  int64_t depth = 0;
  for (Operation *parent = op->getParentOp(); parent;
       parent = parent->getParentOp())
    depth += isa<LoopOp>(parent);
  return depth;
}

static LogicalResult checkAffine(Operation *op, ArrayRef<int64_t> affine,
                                 StringRef what) {
  if (affine.empty())
    return op->emitOpError() << what << " has no constant";
  if (static_cast<int64_t>(affine.size()) - 1 > loopsAround(op))
    return op->emitOpError()
           << what << " steps with " << affine.size() - 1 << " loops, but "
           << loopsAround(op) << " enclose it";
  return success();
}

static LogicalResult checkExtent(Operation *op, ExtentAttr extent) {
  if (extent.getTile() < 0 || extent.getTotal() < 0)
    return op->emitOpError("has a negative extent");
  if (extent.getDepth() >= loopsAround(op))
    return op->emitOpError()
           << "has an extent by loop " << extent.getDepth() << ", but "
           << loopsAround(op) << " loops enclose it";
  return success();
}

static LogicalResult checkTile(Operation *op, Value buffer, TileAttr tile,
                               Space space) {
  if (failed(checkAffine(op, tile.getRow(), "a tile")))
    return failure();
  if (tile.getStride() < 0 || tile.getBlock() < 0 || tile.getFirst() < 0)
    return op->emitOpError("has a tile with a negative stride or window");
  auto made = buffer.getDefiningOp<BufferOp>();
  if (!made)
    return op->emitOpError("takes a buffer that no npu.buffer made");
  if (made.getSpace() != space)
    return op->emitOpError() << "needs buffer '" << made.getName()
                             << "' in the " << tilework::isa::caseName(space);
  return success();
}

/// The tensors that a step names; -1: none.
static std::pair<int64_t, int64_t> namedTensors(Operation *op) {
  if (auto load = dyn_cast<LoadOp>(op))
    return {load.getDram().getTensor(), -1};
  if (auto store = dyn_cast<StoreOp>(op))
    return {store.getDram().getTensor(), -1};
  if (auto gather = dyn_cast<GatherOp>(op))
    return {gather.getDram().getTensor(), gather.getIndices().getTensor()};
  return {-1, -1};
}

LogicalResult RoutineOp::verifyRegions() {
  for (Operation &op : getBody().front()) {
    auto group = dyn_cast<GroupOp>(op);
    if (!group)
      return op.emitOpError("has no place in a routine: it holds groups");
    for (int64_t source : group.getSources())
      if (source < 0 || source >= static_cast<int64_t>(getSources()))
        return group.emitOpError() << "names source " << source << " of "
                                   << getSources() << " that a call gives";
    WalkResult result = group.walk([&](Operation *step) {
      auto [first, second] = namedTensors(step);
      for (int64_t tensor : {first, second})
        if (tensor >= static_cast<int64_t>(getTensors())) {
          step->emitOpError() << "names tensor " << tensor << " of "
                              << getTensors() << " that a call gives";
          return WalkResult::interrupt();
        }
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return failure();
  }
  return success();
}

LogicalResult CallOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto routine =
      symbols.lookupNearestSymbolFrom<RoutineOp>(*this, getCalleeAttr());
  if (!routine)
    return emitOpError() << "calls '" << getCallee()
                         << "', which is no routine of this module";
  if (getTensors().size() != routine.getTensors())
    return emitOpError() << "gives " << getTensors().size()
                         << " tensors to a routine that takes "
                         << routine.getTensors();
  if (getSources().size() != routine.getSources())
    return emitOpError() << "gives " << getSources().size()
                         << " sources to a routine that takes "
                         << routine.getSources();
  return success();
}

LogicalResult BufferOp::verify() {
  // The accessors of integer attributes are unsigned.
  int64_t rows = getRows(), slots = getSlots(), base = getBase();
  if (getSpace() == Space::dram)
    return emitOpError("is no place in DRAM: that is an npu.tensor");
  if (rows <= 0 || slots <= 0 || base < 0)
    return emitOpError("needs at least one slot of at least one row");
  if (getPitch() < getRows())
    return emitOpError() << "has slots of " << getRows() << " rows that are "
                         << getPitch() << " rows apart";
  if (getSlots() > 1 && !getTurns())
    return emitOpError("has several slots and no loop that turns them");
  return success();
}

LogicalResult LoopOp::verify() {
  if (static_cast<int64_t>(getTrip()) < 0)
    return emitOpError("has a negative trip count");
  return success();
}

template <typename Op> static LogicalResult verifyDma(Op op) {
  if (op.getElementLog2() < 0 || op.getElementLog2() > 2)
    return op.emitOpError("moves elements of 1, 2 or 4 bytes");
  for (ExtentAttr extent : {op.getOuter(), op.getRows(), op.getColumns()})
    if (failed(checkExtent(op, extent)))
      return failure();
  if (failed(checkAffine(op, op.getDram().getByte(), "a DRAM operand")))
    return failure();
  return checkTile(op, op.getBuffer(), op.getTile(), Space::scratchpad);
}

LogicalResult LoadOp::verify() { return verifyDma(*this); }
LogicalResult StoreOp::verify() { return verifyDma(*this); }

LogicalResult GatherOp::verify() {
  for (ExtentAttr extent : {getRows(), getColumns()})
    if (failed(checkExtent(*this, extent)))
      return failure();
  if (failed(checkAffine(*this, getDram().getByte(), "the table")) ||
      failed(checkAffine(*this, getIndices().getByte(), "the index list")))
    return failure();
  return checkTile(*this, getBuffer(), getTile(), Space::scratchpad);
}

LogicalResult MatmulOp::verify() {
  for (ExtentAttr extent : {getRows(), getColumns(), getDepth()})
    if (failed(checkExtent(*this, extent)))
      return failure();
  if (failed(checkTile(*this, getActivations(), getActivationsTile(),
                       Space::scratchpad)) ||
      failed(
          checkTile(*this, getWeights(), getWeightsTile(), Space::scratchpad)))
    return failure();
  return checkTile(*this, getSums(), getSumsTile(), Space::accumulator);
}

LogicalResult VectorOp::verify() {
  for (ExtentAttr extent : {getRows(), getColumns()})
    if (failed(checkExtent(*this, extent)))
      return failure();
  if (getRoles().size() != getBuffers().size() ||
      getRoles().size() != getTiles().size())
    return emitOpError("needs a role and a tile for each buffer");
  for (auto [role, buffer, tile] :
       llvm::zip(getRoles(), getBuffers(), getTiles())) {
    if (role < 0 || role > 5)
      return emitOpError("has a role that is none of the six operands");
    auto tileAttr = dyn_cast<TileAttr>(tile);
    if (!tileAttr)
      return emitOpError("has a tile that is no #npu.tile");
    using Type = tilework::isa::VectorType;
    Type type = role == 0   ? getChain().getSource()
                : role == 1 ? getChain().getElement()
                : role == 2 ? getChain().getDestination()
                            : Type::bf16;
    Space space = type == Type::fp32 || type == Type::int32 ? Space::accumulator
                                                            : Space::scratchpad;
    if (failed(checkTile(*this, buffer, tileAttr, space)))
      return failure();
  }
  return success();
}
