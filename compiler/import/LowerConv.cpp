// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions as products over patches: the input is padded and cut into one
// strided view for each position of the kernel, the views stand side by side
// as the columns of a matrix, and the weights are its other operand.

#include "compiler/import/Lowering.h"

#include <algorithm>

using namespace tilework;
using Shape = NodeContext::Shape;

namespace {

/// Where the kernel stands along one spatial dimension; sizes in elements.
struct Axis {
  int64_t input, kernel, stride, dilation, before, after, output;
};

/// One entry a spatial dimension, or all ones (zeros).
Shape perAxis(NodeContext &c, std::string_view name, size_t count,
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

std::vector<Axis> axesOf(NodeContext &c, const Val &x, const Val &w) {
  size_t count = x.rank() - 2;
  Shape strides = perAxis(c, "strides", count, 1);
  Shape dilations = perAxis(c, "dilations", count, 1);
  Shape pads = perAxis(c, "pads", 2 * count, 0);
  Shape kernel = c.integers("kernel_shape").value_or(Shape());
  std::string_view automatic = c.text("auto_pad", "NOTSET");
  std::vector<Axis> axes;
  for (size_t i = 0; i < count; ++i) {
    Axis a{x.dim(i + 2), w.dim(i + 2),    strides[i], dilations[i],
           pads[i],      pads[count + i], 0};
    if (!kernel.empty() && (kernel.size() != count || kernel[i] != a.kernel))
      throw InvalidNode("its kernel_shape is not that of its weights");
    int64_t span = (a.kernel - 1) * a.dilation + 1;
    if (automatic == "VALID")
      a.before = a.after = 0;
    if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
      int64_t steps = (a.input + a.stride - 1) / a.stride;
      int64_t total =
          std::max<int64_t>((steps - 1) * a.stride + span - a.input, 0);
      a.before = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
      a.after = total - a.before;
    }
    int64_t padded = a.input + a.before + a.after;
    if (a.kernel < 1 || padded < span)
      throw InvalidNode("its kernel is larger than its padded input");
    a.output = (padded - span) / a.stride + 1;
    axes.push_back(a);
  }
  return axes;
}

Val pad(NodeContext &c, Val x, const std::vector<Axis> &axes) {
  for (size_t i = 0; i < axes.size(); ++i) {
    std::vector<Val> parts;
    auto zeros = [&](int64_t size) {
      Shape shape = x.shape().vec();
      shape[i + 2] = size;
      if (size > 0)
        parts.push_back(c.b.broadcast(c.b.scalar(0, x.element()), shape));
    };
    zeros(axes[i].before);
    parts.push_back(x);
    zeros(axes[i].after);
    if (parts.size() > 1)
      x = c.b.concat(parts, i + 2);
  }
  return x;
}

/// Whether the patches cover the padded input side by side.
bool areTiles(const std::vector<Axis> &axes) {
  return llvm::all_of(axes, [](const Axis &a) {
    return a.stride == a.kernel && (a.dilation == 1 || a.kernel == 1);
  });
}

/// [batch, channels, ...] as [batch, positions, columns]. A column is one
/// element of the kernel in one channel: channels first where patches are
/// tiles, else elements first.
Val patches(NodeContext &c, const Val &x, const std::vector<Axis> &axes) {
  int64_t batch = x.dim(0), channels = x.dim(1);
  int64_t rank = x.rank(), places = 1, elements = 1;
  Shape outputs, taps;
  for (const Axis &a : axes) {
    places *= a.output;
    elements *= a.kernel;
    outputs.push_back(a.output);
    taps.push_back(a.kernel);
  }
  if (areTiles(axes)) {
    // Patches side by side are a view: split each dimension, then transpose.
    Shape offsets(rank, 0), sizes = x.shape().vec(), ones(rank, 1);
    Shape split = {batch, channels};
    Shape order = {0};
    for (size_t i = 0; i < axes.size(); ++i) {
      sizes[i + 2] = axes[i].output * axes[i].kernel;
      split.insert(split.end(), {axes[i].output, axes[i].kernel});
      order.push_back(2 + 2 * i);
    }
    order.push_back(1);
    for (size_t i = 0; i < axes.size(); ++i)
      order.push_back(3 + 2 * i);
    Val whole = c.b.slice(x, offsets, sizes, ones);
    return c.b.reshape(c.b.transpose(c.b.reshape(whole, split), order),
                       {batch, places, channels * elements});
  }
  // One strided view for each element of the kernel, positions before channels.
  Shape last = {0};
  for (int64_t i = 2; i < rank; ++i)
    last.push_back(i);
  last.push_back(1);
  Val inner = c.b.transpose(x, last);
  std::vector<Val> views;
  for (int64_t tap = 0; tap < elements; ++tap) {
    Shape offsets(rank, 0), sizes = inner.shape().vec(), steps(rank, 1);
    for (size_t i = axes.size(), rest = tap; i-- > 0; rest /= taps[i]) {
      offsets[i + 1] = static_cast<int64_t>(rest % taps[i]) * axes[i].dilation;
      sizes[i + 1] = outputs[i];
      steps[i + 1] = outputs[i] > 1 ? axes[i].stride : 1;
    }
    views.push_back(c.b.reshape(c.b.slice(inner, offsets, sizes, steps),
                                {batch, places, channels}));
  }
  return views.size() == 1 ? views[0] : c.b.concat(views, 2);
}

/// Weights [filters, channels, ...] as [columns of patches, filters].
Val filters(NodeContext &c, const Val &w, const std::vector<Axis> &axes) {
  int64_t count = w.dim(0), channels = w.dim(1), elements = 1;
  for (const Axis &a : axes)
    elements *= a.kernel;
  Val flat = c.b.reshape(w, {count, channels, elements});
  if (!areTiles(axes))
    flat = c.b.transpose(flat, {0, 2, 1});
  return c.b.transpose(c.b.reshape(flat, {count, channels * elements}), {1, 0});
}

} // namespace

void tilework::lowerConv(NodeContext &c) {
  const Val &x = c.in(0), &w = c.in(1);
  if (x.rank() < 3 || w.rank() != x.rank())
    throw InvalidNode("its input and weights do not fit each other");
  int64_t groups = c.integer("group", 1);
  if (groups < 1 || w.dim(0) % groups || w.dim(1) * groups != x.dim(1))
    throw InvalidNode("its channels cannot be split into its groups");
  std::vector<Axis> axes = axesOf(c, x, w);
  Val padded = pad(c, x, axes);
  int64_t filtersEach = w.dim(0) / groups;
  std::vector<Val> parts;
  for (int64_t g = 0; g < groups; ++g) {
    Val own =
        groups == 1 ? padded : c.b.range(padded, 1, g * w.dim(1), w.dim(1));
    Val weights =
        groups == 1 ? w : c.b.range(w, 0, g * filtersEach, filtersEach);
    parts.push_back(c.matmul(patches(c, own, axes), filters(c, weights, axes),
                             false, false));
  }
  Val result = parts.size() == 1 ? parts[0] : c.b.concat(parts, 2);
  if (c.has(2))
    result = c.b.add(result, c.in(2));
  // [batch, positions, filters] to [batch, filters, ...].
  Shape shape = {x.dim(0), w.dim(0)};
  for (const Axis &a : axes)
    shape.push_back(a.output);
  c.set(0, c.b.reshape(c.b.transpose(result, {0, 2, 1}), shape));
}
