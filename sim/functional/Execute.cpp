// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One case for each kind of unit instruction.

#include "sim/functional/Execute.h"

#include "sim/functional/Dma.h"
#include "sim/functional/Matmul.h"
#include "sim/functional/Vector.h"
#include "sim/memory/DramImage.h"

namespace tilework::sim {

bool executeOperation(const Operation &operation, const Geometry &geometry,
                      OnChipMemories &memories, DramImage &image) {
  switch (operation.kind) {
  case OperationKind::Null:
    break;
  case OperationKind::Load:
    executeLoad(operation.dma, geometry, memories, image);
    break;
  case OperationKind::Gather:
    return executeGather(operation.dma, geometry, memories, image);
  case OperationKind::Store:
    executeStore(operation.dma, geometry, memories, image);
    break;
  case OperationKind::Matmul:
    executeMatmul(operation.matmul, geometry, memories);
    break;
  case OperationKind::Vector:
    executeVector(operation.vector, geometry, memories);
    break;
  }
  return true;
}

} // namespace tilework::sim
