// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Builds the row program of a cluster: what it loads, how its rows are walked,
// and one operation or a few for each op.

#include "compiler/conversion/RowsBuilder.h"
#include "compiler/planning/RowFunctions.h"

#include "mlir/IR/Matchers.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace tilework {

using namespace planning;
using llvm::ArrayRef;
using llvm::Error;
using llvm::Expected;
using llvm::SmallVector;

std::optional<double> splatOf(Value value) {
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  if (!constant)
    return std::nullopt;
  auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
  if (!dense || !dense.isSplat())
    return std::nullopt;
  if (dense.getElementType().isInteger(1))
    return dense.getSplatValue<bool>();
  if (!mlir::isa<FloatType>(dense.getElementType()))
    return std::nullopt;
  return dense.getSplatValue<llvm::APFloat>().convertToDouble();
}

std::optional<double> scalarOf(OpOperand &use) {
  if (mlir::isa<graph::SelectOp>(use.getOwner()))
    return use.getOperandNumber() == 0 ? std::nullopt : splatOf(use.get());
  auto binary = dyn_cast<graph::BinaryOp>(use.getOwner());
  if (!binary || (use.getOperandNumber() == 0 && splatOf(binary.getRhs())))
    return std::nullopt;
  return splatOf(use.get());
}

ArrayRef<int64_t> spaceOf(Operation *op) {
  if (auto reduce = dyn_cast<graph::ReduceOp>(op))
    return graph::shapeOf(reduce.getInput());
  return graph::shapeOf(op->getResult(0));
}

/// Strides of the leading dimensions of a view against the space's.
static SmallVector<int64_t> leadingStrides(const View &view,
                                           ArrayRef<int64_t> space) {
  SmallVector<int64_t> strides(space.empty() ? 0 : space.size() - 1, 0);
  for (size_t i = 1; i < view.sizes.size() && i < space.size(); ++i) {
    size_t from = view.sizes.size() - 1 - i, to = space.size() - 1 - i;
    strides[to] = view.sizes[from] == 1 ? 0 : view.strides[from];
  }
  return strides;
}

/// Whether a load can read `view`, an operand over several columns, as it
/// stands; otherwise gives the sizes of the copy to make. A value that has the
/// columns has them as one run; a value with one element a row has the elements
/// of all rows of a loop as one run.
bool RowsBuilder::loads(const View &view, SmallVector<int64_t> &copied) const {
  copied = view.sizes;
  if (!view.sizes.empty() && view.sizes.back() != 1)
    return view.strides.back() == 1;
  SmallVector<int64_t> lead = leadingStrides(view, space);
  for (size_t d = lead.size(); d-- > 0;)
    if (space[d] != 1) {
      copied = space;
      copied.back() = 1;
      return lead[d] == 1;
    }
  return true;
}

/// A gather reads rows of its table, each one run of elements, wherever the
/// loops are. What else the group reads of the same value is an operand.
Error RowsBuilder::readTable(Value value) {
  if (tables.count(value))
    return Error::success();
  auto view = planner.viewOf(value);
  if (!view)
    return view.takeError();
  if (view->strides[1] != 1 || view->strides[0] == 0) {
    View wide = *view;
    SmallVector<int64_t> copied = view->sizes;
    wide.strides = alignedStrides(view->sizes, view->strides, copied);
    view = planner.materialise(wide, cluster[0]);
    if (!view)
      return view.takeError();
  }
  tables[value] = *view;
  return Error::success();
}

Error RowsBuilder::gather() {
  // Operands from outside and results that are read outside decide which
  // leading dimensions can be one loop over rows.
  for (Operation *op : cluster) {
    for (OpOperand &use : op->getOpOperands()) {
      Value value = use.get();
      if (inside.count(value.getDefiningOp()) || scalarOf(use))
        continue;
      bool column =
          op->hasTrait<graph::IsNormalising>() && use.getOperandNumber() > 0;
      auto embedding = dyn_cast<graph::EmbeddingOp>(op);
      if (embedding && &use == &embedding.getTableMutable()) {
        if (Error error = readTable(value))
          return error;
      } else if (!column) {
        externals.insert(value);
      }
    }
    for (Operation *user : op->getResult(0).getUsers())
      if (!inside.count(user)) {
        outputs.push_back(op->getResult(0));
        break;
      }
  }
  std::vector<SmallVector<int64_t>> strides;
  int64_t n = space.empty() ? 1 : space.back();
  for (Value value : externals) {
    auto view = planner.viewOf(value);
    if (!view)
      return view.takeError();
    bool indices = llvm::any_of(cluster, [&](Operation *op) {
      auto embedding = dyn_cast<graph::EmbeddingOp>(op);
      return embedding && embedding.getIds() == value;
    });
    View v = *view;
    if (indices) {
      // One index a row: the columns are not its dimension.
      v.sizes.push_back(1);
      v.strides.push_back(0);
    }
    SmallVector<int64_t> copied = v.sizes;
    if (!indices && n != 1 && !loads(v, copied)) {
      View wide = v;
      wide.sizes = copied;
      wide.strides = alignedStrides(v.sizes, v.strides, copied);
      auto copy = planner.materialise(wide, cluster[0]);
      if (!copy)
        return copy.takeError();
      v = *copy;
    }
    reads[value] = v;
    stridesOf[value] = strides.size();
    strides.push_back(leadingStrides(v, space));
    if (indices && v.sizes.size() != space.size())
      return planner.fail(cluster[0], "an embedding whose ids broadcast");
  }
  for (Value value : outputs) {
    View view = planner.newResult(value);
    stridesOf[value] = strides.size();
    strides.push_back(leadingStrides(view, space));
  }
  loops = GraphPlanner::mergeLoops(space.empty()
                                       ? ArrayRef<int64_t>()
                                       : ArrayRef<int64_t>(space).drop_back(),
                                   strides);
  group.batch.assign(loops.sizes.begin(), std::prev(loops.sizes.end()));
  group.m = loops.sizes.back();
  group.n = n;
  return Error::success();
}

int RowsBuilder::operand(Value value) {
  auto it = values.find(value);
  if (it != values.end())
    return it->second;
  const View &view = reads[value];
  ArrayRef<int64_t> strides = loops.strides[stridesOf[value]];
  RowOp input;
  input.access = planner.access(view, strides);
  bool perRow = view.sizes.empty() || view.sizes.back() == 1;
  // One row for all rows; a row that was widened to many is read again and
  // again, for what is made of it has many rows too. A group of a single row
  // has none that are shared.
  bool single = group.m == 1 && llvm::all_of(group.batch, [](int64_t size) {
                  return size == 1;
                });
  bool column = view.elements() == group.n && !single;
  input.kind = group.n == 1 ? RowOpKind::Input
               : perRow     ? RowOpKind::RowScalar
               : column     ? RowOpKind::Column
                            : RowOpKind::Input;
  int index = push(input);
  values[value] = index;
  return index;
}

Expected<int> RowsBuilder::addNorm(Operation *op, Value scale, Value shift,
                                   llvm::APFloat epsilon, bool root) {
  auto norm =
      planner.normOf(scale, shift, epsilon.convertToFloat(), root, group.n, op);
  if (!norm)
    return norm.takeError();
  int index = unary(RowOpKind::Normalise, operand(op->getOperand(0)));
  group.ops[index].norm = *norm;
  return index;
}

static std::optional<VectorFunction> functionOf(graph::UnaryKind kind) {
  switch (kind) {
  case graph::UnaryKind::Abs:
    return VectorFunction::absolute;
  case graph::UnaryKind::Sqrt:
    return VectorFunction::square_root;
  case graph::UnaryKind::Rsqrt:
    return VectorFunction::reciprocal_square_root;
  case graph::UnaryKind::Reciprocal:
    return VectorFunction::reciprocal;
  case graph::UnaryKind::Exp:
    return VectorFunction::exponential;
  case graph::UnaryKind::Log:
    return VectorFunction::logarithm;
  case graph::UnaryKind::Tanh:
    return VectorFunction::tanh;
  case graph::UnaryKind::Erf:
    return VectorFunction::erf;
  case graph::UnaryKind::Sigmoid:
    return VectorFunction::sigmoid;
  case graph::UnaryKind::Silu:
    return VectorFunction::silu;
  case graph::UnaryKind::Relu:
    return VectorFunction::relu;
  case graph::UnaryKind::IsNan:
    return VectorFunction::is_nan;
  default:
    return std::nullopt;
  }
}

/// The composition that computes it where the unit has no function.
static int (RowFunctions::*composed(graph::UnaryKind kind))(int) {
  switch (kind) {
  case graph::UnaryKind::Floor:
    return &RowFunctions::floor;
  case graph::UnaryKind::Ceil:
    return &RowFunctions::ceiling;
  case graph::UnaryKind::Round:
    return &RowFunctions::rounded;
  case graph::UnaryKind::Sign:
    return &RowFunctions::sign;
  case graph::UnaryKind::Cos:
    return &RowFunctions::cosine;
  case graph::UnaryKind::Sin:
    return &RowFunctions::sine;
  case graph::UnaryKind::Tan:
    return &RowFunctions::tangent;
  case graph::UnaryKind::Asin:
    return &RowFunctions::arcSine;
  case graph::UnaryKind::Acos:
    return &RowFunctions::arcCosine;
  case graph::UnaryKind::Atan:
    return &RowFunctions::arcTangent;
  case graph::UnaryKind::Sinh:
    return &RowFunctions::hyperbolicSine;
  case graph::UnaryKind::Cosh:
    return &RowFunctions::hyperbolicCosine;
  case graph::UnaryKind::Asinh:
    return &RowFunctions::areaSine;
  case graph::UnaryKind::Acosh:
    return &RowFunctions::areaCosine;
  case graph::UnaryKind::Atanh:
    return &RowFunctions::areaTangent;
  default:
    return nullptr;
  }
}

/// Whether the op is a composition, which reads its operands several times.
static bool isComposed(Operation *op) {
  if (auto unary = dyn_cast<graph::UnaryOp>(op))
    return composed(unary.getKind()) != nullptr;
  auto binary = dyn_cast<graph::BinaryOp>(op);
  return binary && (binary.getKind() == graph::BinaryKind::Pow ||
                    binary.getKind() == graph::BinaryKind::Mod ||
                    binary.getKind() == graph::BinaryKind::Div);
}

int RowsBuilder::wideOperand(Value value) {
  int index = operand(value);
  // A gathered row is as its table has it. What others read as well is one
  // value, bf16, for all of them.
  Operation *maker = value.getDefiningOp();
  if (inside.count(maker) && !mlir::isa<graph::EmbeddingOp>(maker) &&
      llvm::all_of(value.getUsers(), [&](Operation *user) {
        return inside.count(user) && isComposed(user);
      }))
    group.ops[index].wide = true;
  return index;
}

int RowsBuilder::addUnary(graph::UnaryOp op) {
  if (auto composition = composed(op.getKind()))
    return result((RowFunctions(group.ops, source).*
                   composition)(wideOperand(op.getInput())));
  int x = operand(op.getInput());
  if (op.getKind() == graph::UnaryKind::Neg)
    return unary(RowOpKind::MultiplyScalar, x, -1.0f);
  if (op.getKind() == graph::UnaryKind::Not)
    return inverted(x);
  return unary(RowOpKind::Function, x, 0, *functionOf(op.getKind()));
}

static bool isInteger(Value value) {
  auto type = graph::elementOf(value);
  return type.isInteger() && !type.isInteger(1);
}

/// What of an op of integers its floats on the chip are not, or nothing.
static std::string lostIntegers(Operation *op) {
  for (Value operand : op->getOperands()) {
    DenseIntElementsAttr known;
    if (isInteger(operand) && matchPattern(operand, m_Constant(&known)) &&
        llvm::any_of(known.getValues<APInt>(), [&](const APInt &x) {
          return known.getElementType().isUnsignedInteger()
                     ? x.ugt(graph::kMostExactBf16)
                     : x.sgt(graph::kMostExactBf16) ||
                           x.slt(-graph::kMostExactBf16);
        }))
      return "integers beyond " + std::to_string(graph::kMostExactBf16) +
             " that a computed condition chooses";
  }
  if (!isInteger(op->getResult(0)))
    return "";
  auto binary = dyn_cast<graph::BinaryOp>(op);
  auto reduce = dyn_cast<graph::ReduceOp>(op);
  if ((binary && binary.getKind() != graph::BinaryKind::Max &&
       binary.getKind() != graph::BinaryKind::Min) ||
      (reduce && reduce.getKind() != graph::ReduceKind::Max &&
       reduce.getKind() != graph::ReduceKind::Min))
    return "arithmetic of integers that the chip computes";
  return "";
}

int RowsBuilder::addGather(graph::EmbeddingOp op) {
  const View &table = tables[op.getTable()];
  RowOp gathered;
  gathered.kind = RowOpKind::Gather;
  gathered.access.tensor = table.tensor;
  gathered.access.offset = table.offset * 2;
  gathered.access.rowStride = table.strides[0] * 2;
  gathered.access.batchStrides.assign(group.batch.size(), 0);
  gathered.indices =
      planner.access(reads[op.getIds()], loops.strides[stridesOf[op.getIds()]]);
  gathered.bound = table.sizes[0];
  return push(gathered);
}

Expected<int> RowsBuilder::addCast(graph::CastOp op) {
  Type element = op.getType().getElementType();
  int x = operand(op.getInput());
  if (element.isInteger(1))
    return inverted(combine(VectorFunction::equal, x, -1, 0));
  if (!mlir::isa<FloatType>(element))
    return planner.fail(op, "a float tensor cast to integers on the chip");
  return unary(RowOpKind::AddScalar, x, 0.0f);
}

int RowsBuilder::addReduce(graph::ReduceOp op) {
  int x = operand(op.getInput());
  switch (op.getKind()) {
  case graph::ReduceKind::Sum:
    return unary(RowOpKind::RowSum, x);
  case graph::ReduceKind::Mean:
    return unary(RowOpKind::RowMean, x);
  case graph::ReduceKind::Max:
    return unary(RowOpKind::RowMaximum, x);
  default: { // min(x) = −max(−x)
    int negative = unary(RowOpKind::MultiplyScalar, x, -1.0f);
    return unary(RowOpKind::MultiplyScalar,
                 unary(RowOpKind::RowMaximum, negative), -1.0f);
  }
  }
}

Expected<int> RowsBuilder::addOp(Operation *op) {
  source = planner.sourceOf(op);
  if (std::string lost = lostIntegers(op); !lost.empty())
    return planner.fail(op, lost);
  if (auto embedding = dyn_cast<graph::EmbeddingOp>(op))
    return addGather(embedding);
  if (auto function = dyn_cast<graph::UnaryOp>(op))
    return addUnary(function);
  if (auto function = dyn_cast<graph::BinaryOp>(op))
    return addBinary(function);
  if (auto select = dyn_cast<graph::SelectOp>(op))
    return addSelect(select);
  if (auto conversion = dyn_cast<graph::CastOp>(op))
    return addCast(conversion);
  if (auto reduce = dyn_cast<graph::ReduceOp>(op))
    return addReduce(reduce);
  if (auto norm = dyn_cast<graph::LayerNormOp>(op))
    return addNorm(op, norm.getScale(), norm.getShift(), norm.getEpsilon(),
                   /*root=*/false);
  if (auto norm = dyn_cast<graph::RmsNormOp>(op))
    return addNorm(op, norm.getScale(), Value(), norm.getEpsilon(),
                   /*root=*/true);
  if (auto softmax = dyn_cast<graph::SoftmaxOp>(op)) {
    int index = unary(RowOpKind::Softmax, operand(softmax.getInput()));
    group.ops[index].zeroHidden = softmax.getZeroHidden();
    return index;
  }
  if (auto gelu = dyn_cast<graph::GeluOp>(op))
    return unary(RowOpKind::Function, operand(gelu.getInput()), 0,
                 gelu.getForm() == graph::GeluForm::Erf
                     ? VectorFunction::gelu
                     : VectorFunction::gelu_tanh);
  return planner.fail(op, "no row program computes it");
}

Error RowsBuilder::build() {
  if (Error error = gather())
    return error;
  for (Operation *op : cluster) {
    auto index = addOp(op);
    if (!index)
      return index.takeError();
    values[op->getResult(0)] = *index;
  }
  for (Value value : outputs) {
    auto view = planner.viewOf(value);
    if (!view)
      return view.takeError();
    planner.addOutput(group, values[value],
                      planner.access(*view, loops.strides[stridesOf[value]]),
                      value);
  }
  return Error::success();
}

} // namespace tilework
