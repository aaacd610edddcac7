// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pools and resizing, one spatial dimension after the other: sums are products
// with a constant matrix, maxima are taken over views, and what only moves
// elements is a gather by constant indices.

#include "compiler/import/Sampling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

using namespace tilework;
using namespace tilework::graph;
using onnx::DataType;
using Shape = NodeContext::Shape;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

Shape tilework::perAxis(NodeContext &c, std::string_view name, size_t count,
                        int64_t otherwise) {
  Shape given = c.integers(name).value_or(Shape(count, otherwise));
  if (given.size() != count)
    throw InvalidNode("its " + std::string(name) + " do not fit its rank");
  for (int64_t value : given)
    if (value < otherwise || value > HostTensor::kMaxElements)
      throw InvalidNode("its " + std::string(name) + " hold " +
                        std::to_string(value));
  return given;
}

std::vector<Windows> tilework::windowsOf(NodeContext &c, const Val &x,
                                         llvm::ArrayRef<int64_t> kernel) {
  const size_t count = kernel.size();
  if (x.rank() != static_cast<int64_t>(count) + 2)
    throw InvalidNode("its kernel does not fit the rank of its input");
  Shape strides = perAxis(c, "strides", count, 1);
  Shape dilations = perAxis(c, "dilations", count, 1);
  Shape pads = perAxis(c, "pads", 2 * count, 0);
  std::string_view automatic = c.text("auto_pad", "NOTSET");
  const bool roundsUp = c.integer("ceil_mode", 0) != 0;
  std::vector<Windows> result;
  for (size_t i = 0; i < count; ++i) {
    Windows w{x.dim(i + 2), kernel[i],       strides[i], dilations[i],
              pads[i],      pads[count + i], 0};
    if (w.kernel < 1 || w.kernel > HostTensor::kMaxElements)
      throw InvalidNode("its kernel has a size of " + std::to_string(w.kernel));
    if (automatic == "VALID")
      w.before = w.after = 0;
    if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
      int64_t steps = (w.input + w.stride - 1) / w.stride;
      int64_t total =
          std::max<int64_t>((steps - 1) * w.stride + w.span() - w.input, 0);
      w.before = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
      w.after = total - w.before;
    }
    const int64_t room = w.input + w.before + w.after - w.span();
    if (room < 0)
      throw InvalidNode("its kernel is larger than its padded input");
    w.output = (room + (roundsUp ? w.stride - 1 : 0)) / w.stride + 1;
    // A window begins before the padding behind the input.
    if (roundsUp && w.first(w.output - 1) >= w.input)
      --w.output;
    result.push_back(w);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Products along a dimension
//===----------------------------------------------------------------------===//

Sampling::Sampling(int64_t inputs, int64_t outputs)
    : inputs(inputs), outputs(outputs) {
  if (inputs > HostTensor::kMaxElements / std::max<int64_t>(outputs, 1))
    throw UnsupportedNode("sums of " + std::to_string(inputs) +
                          " elements in " + std::to_string(outputs) +
                          " ways along one dimension");
  weights.assign(inputs * outputs, 0);
}

static int64_t sizeOf(llvm::ArrayRef<int64_t> sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), int64_t(1),
                         std::multiplies<int64_t>());
}

/// `x` as [before, inputs, after].
static Val aroundAxis(NodeContext &c, const Val &x, int64_t axis) {
  return c.b.reshape(x, {sizeOf(x.shape().take_front(axis)), x.dim(axis),
                         sizeOf(x.shape().drop_front(axis + 1))});
}

/// The product of [before, inputs, after] with the weights that `chosen` makes
/// of the sampling's, as [before, outputs, after].
static Val product(NodeContext &c, const Val &x, const Sampling &sampling,
                   llvm::function_ref<double(double)> chosen) {
  std::vector<double> weights = sampling.weights;
  for (double &weight : weights)
    weight = chosen(weight);
  Val matrix = c.b.cast(
      c.b.fromHost(HostTensor::fromFloats(
          DataType::Float, {sampling.inputs, sampling.outputs}, weights)),
      x.element());
  const int64_t before = x.dim(0), after = x.dim(2);
  if (after == 1)
    return c.b.reshape(
        c.matmul(c.b.reshape(x, {before, x.dim(1)}), matrix, false, false),
        {before, sampling.outputs, 1});
  return c.matmul(c.b.transpose(matrix, {1, 0}), x, false, false);
}

static double itself(double weight) { return weight; }

Val tilework::combine(NodeContext &c, const Val &x, int64_t axis,
                      const Sampling &sampling) {
  Shape shape = x.shape().vec();
  shape[axis] = sampling.outputs;
  return c.b.reshape(product(c, aroundAxis(c, x, axis), sampling, itself),
                     shape);
}

Val tilework::sample(NodeContext &c, const Val &given, int64_t axis,
                     const Sampling &sampling) {
  Shape shape = given.shape().vec();
  Val x = aroundAxis(c, given, axis);
  mlir::Type element = x.element();
  auto constant = [&](double value) { return c.b.scalar(value, element); };
  Val below = c.b.binary(BinaryKind::Lt, x, constant(kInfinity));
  Val above = c.b.binary(BinaryKind::Gt, x, constant(-kInfinity));
  Val finite =
      c.b.select(c.b.binary(BinaryKind::And, below, above), x, constant(0));
  Val result = product(c, finite, sampling, itself);
  // How many infinities of each sign, and NaNs as both, a sum takes.
  Val high = c.b.cast(c.b.unary(UnaryKind::Not, below), element);
  Val low = c.b.cast(c.b.unary(UnaryKind::Not, above), element);
  const bool subtracts =
      llvm::any_of(sampling.weights, [](double weight) { return weight < 0; });
  auto taken = [&](const Val &same, const Val &opposite, double infinity) {
    Val sum =
        product(c, same, sampling, [](double weight) { return weight > 0; });
    if (subtracts)
      sum = c.b.add(sum, product(c, opposite, sampling,
                                 [](double weight) { return weight < 0; }));
    return c.b.select(c.b.binary(BinaryKind::Gt, sum, constant(0)),
                      constant(infinity), constant(0));
  };
  result = c.b.add(result, taken(high, low, kInfinity));
  result = c.b.add(result, taken(low, high, -kInfinity));
  shape[axis] = sampling.outputs;
  return c.b.reshape(result, shape);
}

//===----------------------------------------------------------------------===//
// Pools
//===----------------------------------------------------------------------===//

static std::vector<Windows> poolWindows(NodeContext &c) {
  std::optional<Shape> kernel = c.integers("kernel_shape");
  if (!kernel)
    throw InvalidNode("its kernel_shape is missing");
  return windowsOf(c, c.in(0), *kernel);
}

void tilework::lowerAveragePool(NodeContext &c) {
  Val x = c.in(0);
  std::vector<Windows> windows = poolWindows(c);
  const bool counted = c.integer("count_include_pad", 0) != 0;
  for (size_t i = 0; i < windows.size(); ++i) {
    const Windows &w = windows[i];
    Sampling ones(w.input, w.output);
    Shape divisor(x.rank(), 1);
    std::vector<double> parts;
    for (int64_t to = 0; to < w.output; ++to) {
      int64_t count = 0;
      for (int64_t k = 0; k < w.kernel; ++k) {
        const int64_t from = w.first(to) + k * w.dilation;
        if (from >= 0 && from < w.input)
          ones.at(from, to) = 1;
        if (counted ? from < w.input + w.after : from >= 0 && from < w.input)
          ++count;
      }
      parts.push_back(count ? 1.0 / static_cast<double>(count)
                            : std::numeric_limits<double>::quiet_NaN());
    }
    divisor[i + 2] = w.output;
    x = sample(c, x, i + 2, ones);
    x = c.b.mul(x, c.b.cast(c.b.fromHost(HostTensor::fromFloats(
                                DataType::Float, divisor, parts)),
                            x.element()));
  }
  c.set(0, x);
}

void tilework::lowerMaxPool(NodeContext &c) {
  Val x = c.in(0);
  std::vector<Windows> windows = poolWindows(c);
  c.integer("storage_order", 0); // of the indices, which nothing reads
  if (c.wants(1))
    throw UnsupportedNode("its output of indices is read");
  if (!x.isFloat())
    throw UnsupportedNode("a pool of integers");
  const int64_t last = x.rank() - 1;
  for (size_t i = 0; i < windows.size(); ++i) {
    const Windows &w = windows[i];
    const int64_t axis = i + 2;
    const int64_t reach = w.first(w.output - 1) + w.span();
    auto nothing = [&](int64_t size) {
      Shape shape = x.shape().vec();
      shape[axis] = size;
      return c.b.broadcast(c.b.scalar(-kInfinity, x.element()), shape);
    };
    std::vector<Val> parts;
    if (w.before > 0)
      parts.push_back(nothing(w.before));
    parts.push_back(x);
    if (reach > w.input)
      parts.push_back(nothing(reach - w.input));
    Val padded = parts.size() == 1 ? x : c.b.concat(parts, axis);
    // Neighbours in memory are a row to take the maximum of; the elements of a
    // window across rows are views of many.
    constexpr int64_t kMostViews = 8;
    if (axis == last || w.kernel > kMostViews) {
      Val view = c.b.grid(padded, axis, 0, {w.output, w.kernel},
                          {w.stride, w.dilation});
      Val most = c.b.reduce(ReduceKind::Max, view, {axis + 1});
      Shape shape = x.shape().vec();
      shape[axis] = w.output;
      x = c.b.reshape(most, shape);
      continue;
    }
    Val most;
    for (int64_t k = 0; k < w.kernel; ++k) {
      Val view = c.b.grid(padded, axis, k * w.dilation, {w.output}, {w.stride});
      most = most.isAbsent() ? view : c.b.binary(BinaryKind::Max, most, view);
    }
    x = most;
  }
  c.set(0, x);
}

void tilework::lowerGlobalPool(NodeContext &c) {
  const Val &x = c.in(0);
  if (x.rank() < 3)
    throw InvalidNode("its input has no spatial dimension");
  if (!x.isFloat() || x.type.getNumElements() == 0)
    throw UnsupportedNode("a pool of no elements or of integers");
  Shape axes(x.rank() - 2);
  std::iota(axes.begin(), axes.end(), 2);
  c.set(0, c.b.reduce(c.node.op == "GlobalMaxPool" ? ReduceKind::Max
                                                   : ReduceKind::Mean,
                      x, axes));
}

//===----------------------------------------------------------------------===//
// Resizing
//===----------------------------------------------------------------------===//

namespace {

/// One dimension of a Resize and what its attributes say of all.
struct Resizing {
  std::string_view mode, coordinates;
  std::string_view nearest; ///< empty before version 11, which had no choice
  double a = -0.75, extrapolation = 0;
  bool antialias = false, excludesOutside = false;
  int64_t input = 1, output = 1;
  double scale = 1;
  double begin = 0, end = 1; ///< region of interest, in parts of the input

  /// Where output `i` stands among the inputs.
  double at(int64_t i) const;
  /// The input that is nearest to it, within the input.
  int64_t nearestTo(double x) const;
  /// Adds the weights of output `i`, which stands at x.
  void weigh(Sampling &sampling, int64_t i, double x) const;
  bool crops() const {
    return coordinates == "tf_crop_and_resize" && (begin != 0 || end != 1);
  }
  bool isExtrapolated(double x) const {
    return coordinates == "tf_crop_and_resize" &&
           (x < 0 || x > static_cast<double>(input - 1));
  }
};

} // namespace

double Resizing::at(int64_t i) const {
  // In fp32, as ONNX Runtime has it: a nearest input may depend on it.
  const auto last = static_cast<float>(input - 1), x = static_cast<float>(i),
             by = static_cast<float>(scale), first = static_cast<float>(begin),
             part = static_cast<float>(end) - first;
  if (coordinates == "asymmetric")
    return x / by;
  if (coordinates == "align_corners")
    return output == 1 ? 0 : x * last / static_cast<float>(output - 1);
  if (coordinates == "tf_crop_and_resize")
    return output == 1 ? static_cast<float>(0.5 * (begin + end) * last)
                       : first * last +
                             x * part * last / static_cast<float>(output - 1);
  const float half = (x + 0.5f) / by - 0.5f;
  if (coordinates == "pytorch_half_pixel")
    return output == 1 ? 0 : half;
  if (coordinates == "half_pixel_symmetric") {
    const float width = by * static_cast<float>(input);
    const float offset = static_cast<float>(input) / 2 *
                         (1 - static_cast<float>(output) / width);
    return static_cast<float>(offset + (x + 0.5) / by - 0.5);
  }
  if (coordinates == "tf_half_pixel_for_nn")
    return (x + 0.5f) / by;
  return half;
}

int64_t Resizing::nearestTo(double x) const {
  // A half that fp32 misses is one, as ONNX Runtime has it.
  constexpr double kHalf = 1e-6;
  const double down = std::floor(x), beyondHalf = x - down - 0.5;
  const bool goesUp = nearest == "round_prefer_ceil"    ? beyondHalf >= -kHalf
                      : nearest == "round_prefer_floor" ? beyondHalf > kHalf
                      : nearest == "ceil" || (nearest.empty() && scale < 1)
                          ? x > down
                          : false;
  return std::clamp<int64_t>(static_cast<int64_t>(down) + goesUp, 0, input - 1);
}

void Resizing::weigh(Sampling &sampling, int64_t i, double x) const {
  const bool cubic = mode == "cubic";
  auto kernel = [&](double distance) {
    const double d = std::abs(distance);
    if (!cubic)
      return std::max(1 - d, 0.0);
    if (d <= 1)
      return ((a + 2) * d - (a + 3)) * d * d + 1;
    return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0.0;
  };
  // Against aliasing the kernel is as wide as what an output stands for.
  const double narrow = antialias ? std::min(scale, 1.0) : 1.0;
  const double reach = (cubic ? 2 : 1) / narrow;
  const auto first = static_cast<int64_t>(std::floor(x - reach)) + 1;
  const auto last = static_cast<int64_t>(std::ceil(x + reach)) - 1;
  double sum = 0;
  for (int64_t from = first; from <= last; ++from)
    if (!excludesOutside || (from >= 0 && from < input))
      sum += kernel((static_cast<double>(from) - x) * narrow);
  for (int64_t from = first; from <= last; ++from) {
    if (excludesOutside && (from < 0 || from >= input))
      continue;
    const double weight = kernel((static_cast<double>(from) - x) * narrow);
    sampling.at(std::clamp<int64_t>(from, 0, input - 1), i) +=
        antialias || excludesOutside ? weight / sum : weight;
  }
}

/// One dimension of `x` in another size.
static Val resized(NodeContext &c, const Val &x, int64_t axis,
                   const Resizing &r) {
  std::vector<double> at(r.output);
  bool outside = false;
  for (int64_t i = 0; i < r.output; ++i) {
    at[i] = r.at(i);
    outside |= r.isExtrapolated(at[i]);
  }
  Val result;
  if (r.mode == "nearest") {
    Shape from;
    for (double place : at)
      from.push_back(r.nearestTo(place));
    result = c.b.gather(x, c.b.ints(from), axis);
  } else {
    if (!x.isFloat())
      throw UnsupportedNode("a resize of integers that interpolates");
    Sampling sampling(r.input, r.output);
    for (int64_t i = 0; i < r.output; ++i)
      if (!r.isExtrapolated(at[i]))
        r.weigh(sampling, i, at[i]);
    result = sample(c, x, axis, sampling);
  }
  if (!outside)
    return result;
  Shape along(x.rank(), 1), inside;
  along[axis] = r.output;
  for (double place : at)
    inside.push_back(!r.isExtrapolated(place));
  return c.b.select(
      c.b.cast(c.b.reshape(c.b.ints(inside), along), c.b.builder.getI1Type()),
      result, c.b.scalar(r.extrapolation, x.element()));
}

static std::vector<double> reals(NodeContext &c, size_t i, const char *what) {
  std::optional<HostTensor> given = c.b.known(c.in(i));
  if (!given)
    throw UnsupportedNode(std::string(what) +
                          " depend on the data of an input, so shapes would "
                          "change from run to run");
  return given->floatValues();
}

/// Resizes each dimension that `scales` or `sizes` name. Where all keep their
/// sizes nothing moves, whatever the scales are: so does ONNX Runtime.
static void resizeAll(NodeContext &c, Resizing r, const Shape &axes,
                      std::vector<double> scales,
                      const std::optional<Shape> &sizes,
                      const std::vector<double> &roi) {
  Val x = c.in(0);
  const size_t count = axes.size();
  if ((sizes ? sizes->size() : scales.size()) != count)
    throw InvalidNode("its scales or sizes do not fit its axes");
  std::string_view policy = c.text("keep_aspect_ratio_policy", "stretch");
  const bool stretches = policy == "stretch" || !sizes;
  if (sizes) {
    scales.assign(count, 1);
    for (size_t i = 0; i < count; ++i)
      scales[i] = static_cast<float>((*sizes)[i]) /
                  static_cast<float>(std::max<int64_t>(x.dim(axes[i]), 1));
    if (!stretches && count)
      scales.assign(count, policy == "not_larger" ? *llvm::min_element(scales)
                                                  : *llvm::max_element(scales));
  }
  if (r.coordinates == "tf_crop_and_resize" && roi.size() != 2 * count)
    throw InvalidNode("its roi does not fit its axes");
  std::vector<Resizing> each;
  for (size_t i = 0; i < count; ++i) {
    r.input = x.dim(axes[i]);
    r.scale = scales[i];
    // Scales are floats, and so are the products that ONNX rounds down.
    const double width =
        static_cast<float>(r.scale) * static_cast<float>(r.input);
    if (!(r.scale > 0) || !(width < HostTensor::kMaxElements))
      throw InvalidNode("it scales a dimension by " + std::to_string(r.scale));
    r.output = sizes && stretches ? (*sizes)[i]
               : !stretches       ? static_cast<int64_t>(width + 0.5)
                                  : static_cast<int64_t>(std::floor(width));
    // ONNX's tests divide by the size before it is rounded, ONNX Runtime by the
    // size itself.
    if (r.coordinates == "align_corners" && !sizes &&
        std::abs(width - std::round(width)) > 1e-4)
      throw UnsupportedNode(
          "align_corners with a scale of " + std::to_string(r.scale) +
          " that gives no whole size, which readers of ONNX take in two ways: "
          "give sizes instead of scales");
    r.begin = roi.empty() ? 0 : roi[i];
    r.end = roi.empty() ? 1 : roi[count + i];
    each.push_back(r);
  }
  if (llvm::any_of(each, [](const Resizing &r) {
        return r.output != r.input || r.crops();
      }))
    for (size_t i = 0; i < count; ++i) {
      if (each[i].scale == 1 && !each[i].crops())
        continue;
      if (each[i].output < 1 || each[i].input < 1)
        throw UnsupportedNode("a resize from or to nothing");
      x = resized(c, x, axes[i], each[i]);
    }
  c.set(0, x);
}

void tilework::lowerResize(NodeContext &c) {
  const bool old = c.opset < 11;
  Resizing r;
  r.mode = c.text("mode", "nearest");
  r.coordinates = old ? "asymmetric"
                      : c.text("coordinate_transformation_mode", "half_pixel");
  r.nearest = old ? "" : c.text("nearest_mode", "round_prefer_floor");
  r.a = c.real("cubic_coeff_a", -0.75f);
  r.extrapolation = c.real("extrapolation_value", 0);
  r.antialias = c.integer("antialias", 0) != 0;
  r.excludesOutside = c.integer("exclude_outside", 0) != 0;
  if (r.mode != "nearest" && r.mode != "linear" && r.mode != "cubic")
    throw InvalidNode("its mode is none of nearest, linear and cubic");
  static const char *const kCoordinates[] = {
      "half_pixel",          "half_pixel_symmetric", "pytorch_half_pixel",
      "align_corners",       "asymmetric",           "tf_crop_and_resize",
      "tf_half_pixel_for_nn"};
  if (!llvm::is_contained(kCoordinates, r.coordinates))
    throw InvalidNode("its coordinate_transformation_mode is not known");
  Shape axes = c.integers("axes").value_or(Shape());
  for (int64_t &axis : axes)
    axis = c.axis(axis, c.in(0).rank());
  if (axes.empty()) {
    axes.resize(c.in(0).rank());
    std::iota(axes.begin(), axes.end(), 0);
  }
  const size_t at = old ? 1 : 2;
  std::vector<double> scales, roi;
  std::optional<Shape> sizes;
  if (c.has(at) && c.in(at).type.getNumElements() > 0)
    scales = reals(c, at, "its scales");
  else if (c.has(3))
    sizes = c.b.requireInts(c.in(3), "its sizes");
  else
    throw InvalidNode("it has neither scales nor sizes");
  if (!old && c.has(1) && r.coordinates == "tf_crop_and_resize")
    roi = reals(c, 1, "its region");
  resizeAll(c, r, axes, scales, sizes, roi);
}

void tilework::lowerUpsample(NodeContext &c) {
  Resizing r;
  r.mode = c.text("mode", "nearest");
  r.coordinates = "asymmetric";
  r.nearest = "floor";
  if (r.mode != "nearest" && r.mode != "linear")
    throw InvalidNode("its mode is neither nearest nor linear");
  std::vector<double> scales;
  if (c.has(1))
    scales = reals(c, 1, "its scales");
  else if (const onnx::Attribute *given = c.attribute("scales"))
    scales.assign(given->floats.begin(), given->floats.end());
  Shape axes(c.in(0).rank());
  std::iota(axes.begin(), axes.end(), 0);
  resizeAll(c, r, axes, scales, std::nullopt, {});
}
