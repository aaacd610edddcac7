// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The walk over a fused graph, private to the conversion: values as views of
// DRAM tensors, ops as groups.

#pragma once

#include "compiler/conversion/GraphToNPU.h"
#include "compiler/planning/Planner.h"
#include "dialects/graph/GraphDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

#include <map>

namespace tilework {

/// A value in DRAM: strides and offset in elements.
struct View {
  int tensor = -1;
  int64_t offset = 0;
  llvm::SmallVector<int64_t> sizes, strides;
  int elementBytes = 2;

  bool dense() const;
  int64_t elements() const;
};

class GraphPlanner {
public:
  GraphPlanner(mlir::ModuleOp module, const planning::Machine &machine,
               const std::atomic<bool> *cancelled)
      : module(module), machine(machine), cancelled(cancelled) {}
  llvm::Expected<PlannedProgram> run();

private:
  /// Loop dimensions that several operands share, outermost first, neighbours
  /// merged where every operand allows it; the last one is the row dimension.
  struct Loops {
    llvm::SmallVector<int64_t> sizes;
    std::vector<llvm::SmallVector<int64_t>> strides; ///< by operand
  };

  // GraphViews.cpp
  static Loops
  mergeLoops(llvm::ArrayRef<int64_t> sizes,
             const std::vector<llvm::SmallVector<int64_t>> &strides);
  planning::Access access(const View &view,
                          llvm::ArrayRef<int64_t> strides) const;
  llvm::Error planViewOp(mlir::Operation *op);
  llvm::Error planConcat(graph::ConcatOp op);

  // GraphPlanner.cpp
  llvm::Error fail(mlir::Operation *op, const std::string &why);
  int sourceOf(mlir::Operation *op);
  int newTensor(std::string name, TensorKind kind, int64_t bytes);
  View denseView(int tensor, llvm::ArrayRef<int64_t> sizes, int elementBytes);
  View newResult(mlir::Value value);
  llvm::Expected<View> viewOf(mlir::Value value);
  /// A weight of `count` equal numbers.
  int rowTensor(mlir::MLIRContext *context, llvm::StringRef name, float number,
                int64_t count);
  View weightTensor(mlir::Attribute expr, const std::string &name,
                    WeightLayout layout, llvm::ArrayRef<int64_t> shape);
  llvm::Expected<View> materialise(const View &view, mlir::Operation *op);
  llvm::Error copyTo(const View &from, const View &to, mlir::Operation *op);
  /// As one copy, or as several where no schedule has loops enough.
  llvm::Error copyParts(planning::CopyGroup group, mlir::Operation *op);
  llvm::Error place(planning::Planned planned, mlir::Operation *op,
                    const std::string &name);
  /// Plans the op at `begin`, and those behind it that join it. Returns the
  /// next.
  llvm::Expected<size_t> planFrom(llvm::ArrayRef<mlir::Operation *> ops,
                                  size_t begin);
  llvm::Error planOp(mlir::Operation *op);
  /// A product as its operands stand; where its result goes is open.
  struct Product {
    planning::MatmulGroup group; ///< without loops and places
    View a, b;
    std::optional<View> residual;
    std::optional<planning::Norm> norm;
  };
  llvm::Error planMatmulOp(graph::MatmulOp op);
  llvm::Expected<Product> productOf(graph::MatmulOp op);
  /// The stationary side: a weight is stored for it, a computed tensor is taken
  /// from whichever side is dense.
  llvm::Error findStationary(graph::MatmulOp op, Product &product);
  /// The product into `out`, without its norm.
  planning::MatmulGroup groupOf(const Product &product, const View &out) const;
  /// Of rows of `n` elements; scale and shift may be absent.
  llvm::Expected<planning::Norm> normOf(mlir::Value scale, mlir::Value shift,
                                        float epsilon, bool root, int64_t n,
                                        mlir::Operation *op);
  llvm::Error planAttentionOp(graph::AttentionOp op);
  /// The heads in the windows of an operand of attention, whose rows are dense.
  llvm::Expected<planning::Access> headsOf(mlir::Value operand,
                                           llvm::ArrayRef<int64_t> window,
                                           mlir::Operation *op);
  /// A view whose rows of `count` elements lie side by side.
  llvm::Expected<View> denseRows(const View &view, int64_t count,
                                 mlir::Operation *op);
  llvm::Expected<View> denseRows(mlir::Value operand, int64_t count,
                                 mlir::Operation *op);
  /// Adds what masks scores, if there is such an operand, and the band, if
  /// there is one.
  llvm::Error addMask(mlir::Value operand, bool selects, mlir::Operation *op,
                      planning::AttentionGroup &g);
  void addBand(graph::AttentionOp op, planning::AttentionGroup &g);
  llvm::Error planReturn(mlir::func::ReturnOp op);
  llvm::Error planNorm(const View &in, const View &out,
                       const planning::Norm &norm, mlir::Operation *op);
  llvm::Expected<int> columnTensor(mlir::Value value, int64_t n,
                                   mlir::Operation *op);
  void finishPlaces();
  /// Says in the program where the values of `ops` stand.
  void noteValues(llvm::ArrayRef<mlir::Operation *> ops);

  // PlanOnce.cpp: groups that differ in their tensors alone are planned once.
  planning::Planned planOnce(planning::MatmulGroup group);
  planning::Planned planOnce(planning::AttentionGroup group);
  template <typename Plan>
  planning::Planned planOnce(std::vector<int64_t> key,
                             const std::vector<int *> &tensors, Plan &&plan);

  // Places.cpp
  void findRoutines();
  void placeWeights(int segment, const std::vector<bool> &used);
  void placeScratch(int segment);
  void placeBuffers();

  // GraphHostSteps.cpp
  llvm::Error planArguments(mlir::func::FuncOp main);
  llvm::Error planLaunchStep(graph::LaunchStepOp op);
  /// Whether the host has the value without the chip.
  static bool isOnHost(mlir::Value value);
  /// The tensor in which a value leaves the chip, made there or copied.
  llvm::Expected<int> leave(mlir::Value value, const std::string &name,
                            mlir::Operation *reader);
  int outputTensor(mlir::Value value, const std::string &name);
  /// The name of a computed value among the steps after the launch.
  llvm::Expected<std::string> leavingName(mlir::Value value,
                                          mlir::Operation *reader);
  std::string hostName(mlir::Value value);
  std::string uniqueName(std::string name);

  // GraphRows.cpp
  llvm::Expected<size_t> planRowsFrom(llvm::ArrayRef<mlir::Operation *> ops,
                                      size_t begin);
  llvm::Error planCluster(llvm::ArrayRef<mlir::Operation *> cluster);
  llvm::Error planReduce(graph::ReduceOp op);
  /// The places of the parts of a result below the bf16.
  llvm::ArrayRef<int> partsOf(mlir::Value value);
  /// Makes op `x` of a row program the result `value`; one that becomes
  /// integers behind the launch leaves in parts, whose sum is its fp32.
  void addOutput(planning::RowsGroup &group, int x, const planning::Access &at,
                 mlir::Value value);

  mlir::ModuleOp module;
  const planning::Machine &machine;
  const std::atomic<bool> *cancelled;
  PlannedProgram program;
  llvm::DenseMap<mlir::Value, View> views;
  llvm::DenseMap<mlir::Value, std::string> hostNames;
  llvm::DenseMap<mlir::Operation *, int> sourceIds;
  std::map<std::pair<const void *, int>, View> weights;
  std::map<std::string, int> usedNames;
  std::map<std::vector<int64_t>, planning::Planned> plans;
  llvm::DenseMap<mlir::Value, int> outputTensors; ///< made in their place
  /// What host steps behind the launch read, and the parts of it below the bf16
  /// that stands in its place.
  llvm::DenseMap<mlir::Value, llvm::SmallVector<int, 2>> finished;
  friend class RowsBuilder;
};

/// Whether the operand names rows of a table, as integers.
bool isIndices(mlir::OpOperand &operand);

/// Strides of a view against loops over `sizes`, aligned at the end; broadcast
/// dimensions have stride 0.
llvm::SmallVector<int64_t> alignedStrides(llvm::ArrayRef<int64_t> viewSizes,
                                          llvm::ArrayRef<int64_t> viewStrides,
                                          llvm::ArrayRef<int64_t> sizes);

} // namespace tilework
