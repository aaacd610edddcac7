// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One walk over `main`. Elementwise ops and views are those of the importer's
// host tensors, launch steps those of the loader; what only the chip computes
// otherwise is written here as its definition reads.

#include "runtime/HostInterpreter.h"

#include "compiler/import/WeightExpr.h"
#include "dialects/graph/GraphDialect.h"
#include "runtime/HostTensors.h"
#include "runtime/Tensor.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinTypes.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace mlir;

namespace tilework {

using onnx::DataType;

namespace {

using Shape = std::vector<int64_t>;
using Doubles = std::vector<double>;

/// Floats are computed in double.
DataType hostType(Type element) {
  return mlir::isa<FloatType>(element) ? DataType::Double
                                       : graph::elementTypeOf(element);
}

Shape shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape().vec();
}

HostTensor dense(Shape shape, Doubles values) {
  return HostTensor::fromFloats(DataType::Double, std::move(shape),
                                std::move(values));
}

/// Stored integers as they are; what steps compute is exact up to 24 bits.
HostTensor constantOf(Value value, const SourceFiles &files) {
  FailureOr<WeightExpr> expr = resolveWeight(value, files);
  if (failed(expr))
    throw HostEvaluationError("a constant cannot be read");
  const DataType type =
      hostType(cast<RankedTensorType>(value.getType()).getElementType());
  if (expr->steps.empty() && !isFloatType(type))
    if (auto tensor = HostTensor::fromBytes(type, shapeOf(value), expr->bytes))
      return *tensor;
  WeightReader reader(*expr);
  std::vector<float> row(reader.columns());
  Doubles values;
  values.reserve(reader.rows() * reader.columns());
  for (int64_t i = 0; i < reader.rows(); ++i) {
    reader.read(i, 1, row.data());
    values.insert(values.end(), row.begin(), row.end());
  }
  if (isFloatType(type))
    return dense(shapeOf(value), std::move(values));
  return HostTensor::fromInts(type, shapeOf(value),
                              {values.begin(), values.end()});
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

template <typename Row> void eachRow(Doubles &values, int64_t n, Row &&row) {
  for (size_t at = 0; n > 0 && at + n <= values.size(); at += n)
    row(values.data() + at);
}

void softmaxRow(double *x, int64_t n, bool zeroHidden) {
  const double top = *std::max_element(x, x + n);
  if (zeroHidden && std::all_of(x, x + n, [](double score) {
        return score == -std::numeric_limits<double>::infinity();
      })) {
    std::fill_n(x, n, 0.0);
    return;
  }
  double sum = 0;
  for (int64_t i = 0; i < n; ++i)
    sum += x[i] = std::exp(x[i] - top);
  for (int64_t i = 0; i < n; ++i)
    x[i] /= sum;
}

void normalise(Doubles &values, int64_t n, graph::Norm norm,
               const Doubles &scale, const Doubles &shift, double epsilon) {
  eachRow(values, n, [&](double *x) {
    double mean = 0, squares = 0;
    if (norm == graph::Norm::LayerNorm)
      for (int64_t i = 0; i < n; ++i)
        mean += x[i] / n;
    for (int64_t i = 0; i < n; ++i)
      squares += (x[i] - mean) * (x[i] - mean) / n;
    const double factor = 1 / std::sqrt(squares + epsilon);
    for (int64_t i = 0; i < n; ++i)
      x[i] = (x[i] - mean) * factor * scale[i % scale.size()] +
             (shift.empty() ? 0 : shift[i % shift.size()]);
  });
}

double activate(graph::Activation kind, double x) {
  switch (kind) {
  case graph::Activation::None:
    return x;
  case graph::Activation::Relu:
    return std::max(x, 0.0);
  case graph::Activation::GeluErf:
    return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
  case graph::Activation::GeluTanh:
    return 0.5 * x *
           (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  case graph::Activation::Silu:
    return x / (1 + std::exp(-x));
  case graph::Activation::Tanh:
    return std::tanh(x);
  case graph::Activation::Sigmoid:
    return 1 / (1 + std::exp(-x));
  }
  return x;
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// out[m, n] = a[m, k] · b[k, n].
void multiply(const double *a, const double *b, double *out, int64_t m,
              int64_t k, int64_t n) {
  std::fill(out, out + m * n, 0.0);
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < k; ++j) {
      const double factor = a[i * k + j];
      const double *row = b + j * n;
      double *sums = out + i * n;
      for (int64_t c = 0; c < n; ++c)
        sums[c] += factor * row[c];
    }
}

HostTensor swapped(const HostTensor &tensor) {
  std::vector<int64_t> order(tensor.rank());
  for (int64_t i = 0; i < tensor.rank(); ++i)
    order[i] = i;
  std::swap(order[order.size() - 1], order[order.size() - 2]);
  return tensor.transpose(order);
}

HostTensor matmul(graph::MatmulOp op,
                  const std::function<const HostTensor &(Value)> &value) {
  const Shape shape = shapeOf(op.getResult());
  HostTensor lhs = value(op.getLhs()), rhs = value(op.getRhs());
  if (op.getTransposeLhs())
    lhs = swapped(lhs);
  if (op.getTransposeRhs())
    rhs = swapped(rhs);
  const int64_t k = lhs.shape().back(), n = shape.back();
  int64_t m = shape[shape.size() - 2];
  Shape whole(shape.begin(), shape.end() - 1);
  whole.push_back(k);
  const Doubles a = lhs.broadcastTo(whole).floatValues();
  int64_t batch = 1;
  for (size_t i = 0; i + 2 < shape.size(); ++i)
    batch *= shape[i];
  // A shared right side is one product of all rows.
  if (rhs.rank() == 2) {
    m *= batch;
    batch = 1;
  } else {
    whole = {shape.begin(), shape.end() - 2};
    whole.push_back(k);
    whole.push_back(n);
    rhs = rhs.broadcastTo(whole);
  }
  const Doubles b = rhs.floatValues();
  Doubles out(batch * m * n);
  for (int64_t i = 0; i < batch; ++i)
    multiply(a.data() + i * m * k, b.data() + i * k * n, out.data() + i * m * n,
             m, k, n);
  if (op.getBias()) {
    const Doubles bias = value(op.getBias()).floatValues();
    eachRow(out, n, [&](double *x) {
      for (int64_t i = 0; i < n; ++i)
        x[i] += bias[i % bias.size()];
    });
  }
  for (double &x : out)
    x = activate(op.getActivation(), x);
  if (op.getResidual()) {
    const Doubles residual =
        value(op.getResidual()).broadcastTo(shape).floatValues();
    for (size_t i = 0; i < out.size(); ++i)
      out[i] += residual[i];
  }
  if (op.getNorm() != graph::Norm::None)
    normalise(out, n, op.getNorm(), value(op.getNormScale()).floatValues(),
              op.getNormShift() ? value(op.getNormShift()).floatValues()
                                : Doubles(),
              op.getEpsilon() ? op.getEpsilon()->convertToFloat() : 0);
  return dense(shape, std::move(out));
}

HostTensor attention(graph::AttentionOp op,
                     const std::function<const HostTensor &(Value)> &value) {
  const Shape shape = shapeOf(op.getResult()), q = shapeOf(op.getQuery()),
              k = shapeOf(op.getKey()), v = shapeOf(op.getValue());
  const Doubles query = value(op.getQuery()).floatValues(),
                key = value(op.getKey()).floatValues(),
                values = value(op.getValue()).floatValues();
  const int64_t batch = q[0], rows = q[1], keys = k[1], heads = op.getHeads(),
                d = op.getHeadDim(), dv = op.getValueDim();
  const Shape all = {batch, heads, rows, keys};
  auto spread = [&](Value operand) {
    if (!operand)
      return Doubles();
    HostTensor given = value(operand);
    if (given.rank() == 2)
      given = given.reshape({given.shape()[0], 1, 1, given.shape()[1]});
    return given.broadcastTo(all).floatValues();
  };
  const Doubles mask = spread(op.getMask()), seen = spread(op.getSeen()),
                bias = spread(op.getBias());
  Doubles kept;
  if (op.getKept())
    kept = value(op.getKept()).broadcastTo({batch, heads, rows}).floatValues();
  const double scale = op.getScale().convertToFloat();
  const auto band = op.getBand();
  // The sums of the model are values of their own.
  auto plus = [](double score, double mask) {
    return roundTo(DataType::Float, score + mask);
  };
  Doubles out(batch * rows * heads * dv), scores(keys);
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t h = 0; h < heads; ++h) {
      const int64_t kv = h / (heads / op.getKvHeads());
      const int64_t qAt = op.getQWindow()[0] + h * op.getQWindow()[1],
                    kAt = op.getKWindow()[0] + kv * op.getKWindow()[1],
                    vAt = op.getVWindow()[0] + kv * op.getVWindow()[1];
      for (int64_t i = 0; i < rows; ++i) {
        const double *qRow = &query[(b * rows + i) * q[2] + qAt];
        for (int64_t j = 0; j < keys; ++j) {
          const double *kRow = &key[(b * keys + j) * k[2] + kAt];
          double sum = 0;
          for (int64_t c = 0; c < d; ++c)
            sum += qRow[c] * kRow[c];
          scores[j] = sum * scale;
          if (op.getSoftcap()) {
            const double cap = op.getSoftcap()->convertToFloat();
            scores[j] = cap * std::tanh(scores[j] / cap);
          }
          const int64_t at = ((b * heads + h) * rows + i) * keys + j;
          if (!mask.empty())
            scores[j] = plus(scores[j], mask[at]);
          const bool outside =
              band && (j - i < (*band)[0] || j - i > (*band)[1]);
          if (auto otherwise = op.getOtherwise()) {
            if (outside || (!seen.empty() && seen[at] == 0))
              scores[j] = otherwise->convertToFloat();
          } else if (outside) {
            scores[j] = plus(scores[j], op.getHiddenValue());
          }
          if (!bias.empty())
            scores[j] = plus(scores[j], bias[at]);
        }
        softmaxRow(scores.data(), keys, op.getZeroHidden());
        if ((op.getZeroNan() && std::isnan(scores[0])) ||
            (!kept.empty() && kept[(b * heads + h) * rows + i] == 0))
          std::fill(scores.begin(), scores.end(), 0.0);
        double *sums = &out[(b * rows + i) * heads * dv + h * dv];
        for (int64_t j = 0; j < keys; ++j)
          for (int64_t c = 0; c < dv; ++c)
            sums[c] += scores[j] * values[(b * keys + j) * v[2] + vAt + c];
      }
    }
  return dense(shape, std::move(out));
}

HostTensor embedding(const HostTensor &table, const HostTensor &ids,
                     const Shape &shape) {
  const int64_t rows = table.shape()[0], width = table.shape()[1];
  const Doubles values = table.floatValues();
  Doubles out;
  for (int64_t id : ids.intValues()) {
    if (id < 0)
      id += rows;
    // The gather of the chip gives zeros for an id out of range.
    if (id < 0 || id >= rows)
      out.insert(out.end(), width, 0.0);
    else
      out.insert(out.end(), values.begin() + id * width,
                 values.begin() + (id + 1) * width);
  }
  return dense(shape, std::move(out));
}

//===----------------------------------------------------------------------===//
// The walk
//===----------------------------------------------------------------------===//

class Interpreter {
public:
  Interpreter(const SourceFiles &files) : files(files) {}

  std::vector<HostTensor> run(func::FuncOp main,
                              const std::map<std::string, HostTensor> &inputs,
                              const HostVisitor &visitor);

private:
  std::optional<HostTensor> evaluate(Operation *op);
  std::optional<HostTensor> launchStep(graph::LaunchStepOp op);
  /// A constant is read again where it is used: at most one is in memory.
  const HostTensor &value(Value value);

  const SourceFiles &files;
  llvm::DenseMap<Value, HostTensor> values;
};

const HostTensor &Interpreter::value(Value value) {
  auto found = values.find(value);
  if (found == values.end())
    throw HostEvaluationError("an operand has no value");
  return found->second;
}

std::optional<HostTensor> Interpreter::launchStep(graph::LaunchStepOp op) {
  isa::LaunchStep step;
  step.op = graph::stringifyStepKind(op.getKind()).str();
  if (op.getAxis())
    step.attributes["axis"] = *op.getAxis();
  if (op.getDims())
    step.attributes["dims"] = op.getDims()->vec();
  step.attributes["exclusive"] = op.getExclusive();
  step.attributes["reverse"] = op.getReverse();
  std::vector<HostTensor> in;
  for (Value input : op.getInputs())
    in.push_back(value(input));
  const auto type = cast<RankedTensorType>(op.getType());
  return evaluateLaunchStep(step, in, hostType(type.getElementType()),
                            type.getShape().vec());
}

std::optional<HostTensor> Interpreter::evaluate(Operation *op) {
  const Value result = op->getResult(0);
  const Shape shape = shapeOf(result);
  const DataType type =
      hostType(cast<RankedTensorType>(result.getType()).getElementType());
  auto in = [&](unsigned i) -> const HostTensor & {
    return value(op->getOperand(i));
  };
  auto operand = [&](Value v) -> const HostTensor & { return value(v); };
  auto rows = [&](auto &&row) {
    Doubles x = in(0).floatValues();
    eachRow(x, shape.back(), row);
    return dense(shape, std::move(x));
  };
  if (mlir::isa<graph::WeightOp, arith::ConstantOp>(op))
    return constantOf(result, files);
  if (auto step = dyn_cast<graph::LaunchStepOp>(op))
    return launchStep(step);
  if (auto product = dyn_cast<graph::MatmulOp>(op))
    return matmul(product, operand);
  if (auto scores = dyn_cast<graph::AttentionOp>(op))
    return attention(scores, operand);
  if (mlir::isa<graph::EmbeddingOp>(op))
    return embedding(in(0), in(1), shape);
  if (auto gather = dyn_cast<graph::GatherOp>(op))
    return in(0).gather(in(1), gather.getAxis());
  if (auto unary = dyn_cast<graph::UnaryOp>(op))
    return HostTensor::unary(unary.getKind(), in(0));
  if (auto binary = dyn_cast<graph::BinaryOp>(op))
    return HostTensor::binary(binary.getKind(), in(0), in(1));
  if (mlir::isa<graph::SelectOp>(op))
    return HostTensor::select(in(0), in(1), in(2));
  if (mlir::isa<graph::CastOp>(op))
    return in(0).cast(type);
  if (auto reduce = dyn_cast<graph::ReduceOp>(op))
    return in(0).reduce(reduce.getKind(), reduce.getAxes().vec());
  if (auto sum = dyn_cast<graph::CumSumOp>(op))
    return in(0).cumSum(sum.getAxis(), sum.getExclusive(), sum.getReverse());
  if (mlir::isa<graph::ReshapeOp>(op))
    return in(0).reshape(shape);
  if (auto transpose = dyn_cast<graph::TransposeOp>(op))
    return in(0).transpose(transpose.getPermutation().vec());
  if (auto slice = dyn_cast<graph::SliceOp>(op))
    return in(0).slice(slice.getOffsets().vec(), slice.getSizes().vec(),
                       slice.getStrides().vec());
  if (auto window = dyn_cast<graph::WindowOp>(op))
    return in(0).window(window.getAxis(), window.getOffset(),
                        window.getSizes().vec(), window.getStrides().vec());
  if (mlir::isa<graph::BroadcastOp>(op))
    return in(0).broadcastTo(shape);
  if (auto concat = dyn_cast<graph::ConcatOp>(op)) {
    std::vector<HostTensor> parts;
    for (Value input : concat.getInputs())
      parts.push_back(value(input));
    return HostTensor::concat(parts, concat.getAxis());
  }
  if (auto softmax = dyn_cast<graph::SoftmaxOp>(op))
    return rows([&](double *x) {
      softmaxRow(x, shape.back(), softmax.getZeroHidden());
    });
  if (auto gelu = dyn_cast<graph::GeluOp>(op)) {
    const auto kind = gelu.getForm() == graph::GeluForm::Erf
                          ? graph::Activation::GeluErf
                          : graph::Activation::GeluTanh;
    Doubles x = in(0).floatValues();
    for (double &element : x)
      element = activate(kind, element);
    return dense(shape, std::move(x));
  }
  if (auto norm = dyn_cast<graph::LayerNormOp>(op)) {
    Doubles x = in(0).floatValues();
    normalise(x, shape.back(), graph::Norm::LayerNorm, in(1).floatValues(),
              norm.getShift() ? in(2).floatValues() : Doubles(),
              norm.getEpsilon().convertToFloat());
    return dense(shape, std::move(x));
  }
  if (auto norm = dyn_cast<graph::RmsNormOp>(op)) {
    Doubles x = in(0).floatValues();
    normalise(x, shape.back(), graph::Norm::RmsNorm, in(1).floatValues(), {},
              norm.getEpsilon().convertToFloat());
    return dense(shape, std::move(x));
  }
  throw HostEvaluationError("the host interpreter has no meaning for it");
}

std::vector<HostTensor>
Interpreter::run(func::FuncOp main,
                 const std::map<std::string, HostTensor> &inputs,
                 const HostVisitor &visitor) {
  for (BlockArgument argument : main.getArguments()) {
    auto name = main.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                  graph::kNameAttrName);
    auto given = inputs.find(name ? name.str() : std::string());
    if (given == inputs.end())
      throw HostEvaluationError("input " +
                                std::to_string(argument.getArgNumber()) +
                                " of the module has no value");
    values[argument] = given->second;
  }
  // Constants and intermediates go with their last use.
  llvm::DenseMap<Value, unsigned> uses;
  for (Operation &op : main.getBody().front()) {
    if (auto end = dyn_cast<func::ReturnOp>(op)) {
      std::vector<HostTensor> results;
      for (Value result : end.getOperands())
        results.push_back(value(result));
      return results;
    }
    std::string reason;
    try {
      std::optional<HostTensor> result = evaluate(&op);
      // Values are fp32: a large mask leaves nothing of a score that is added
      // to it, which a row shows that is masked whole.
      if (result && result->type() == DataType::Double)
        if ((result = result->cast(DataType::Float)))
          result = result->cast(DataType::Double);
      if (result && result->shape() == shapeOf(op.getResult(0))) {
        if (visitor && !mlir::isa<graph::WeightOp, arith::ConstantOp>(op))
          visitor(op.getResult(0), *result);
        values[op.getResult(0)] = std::move(*result);
      } else {
        reason = "it is too large for the host, or its operands do not fit";
      }
    } catch (const HostEvaluationError &error) {
      reason = error.what();
    }
    if (!reason.empty())
      throw HostEvaluationError(op.getName().getStringRef().str() +
                                " of node '" + modelNodes(&op).front() +
                                "' cannot be evaluated: " + reason);
    for (Value operand : op.getOperands()) {
      unsigned &seen = uses[operand];
      if (++seen == std::distance(operand.use_begin(), operand.use_end()))
        values.erase(operand);
    }
  }
  throw HostEvaluationError("the function 'main' has no return");
}

void collectNames(Location loc, std::vector<std::string> &names) {
  if (auto name = dyn_cast<NameLoc>(loc))
    names.push_back(name.getName().str());
  else if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location inner : fused.getLocations())
      collectNames(inner, names);
}

} // namespace

std::vector<std::string> modelNodes(Operation *op) {
  std::vector<std::string> names;
  collectNames(op->getLoc(), names);
  if (names.empty())
    names.push_back(op->getName().getStringRef().str());
  return names;
}

std::vector<HostTensor>
interpretGraph(ModuleOp module, const SourceFiles &files,
               const std::map<std::string, HostTensor> &inputs,
               const HostVisitor &visitor) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main || !main.getBody().hasOneBlock())
    throw HostEvaluationError("the module has no function 'main'");
  return Interpreter(files).run(main, inputs, visitor);
}

} // namespace tilework
