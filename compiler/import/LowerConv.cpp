// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions as one product over patches, whatever the kernel and the groups:
// patches are windows of the padded input with channels last, so that those of
// one dimension overlap in memory and are not copied, and groups are the batch
// of the product. A transposed convolution is one over its input spread apart.

#include "compiler/import/Sampling.h"

#include <algorithm>

using namespace tilework;
using Shape = NodeContext::Shape;

/// `before` and `after` zeros along a dimension; less than none cut, of the
/// other side's zeros too where that is more than there are elements.
static Val padZeros(NodeContext &c, const Val &x, int64_t axis, int64_t before,
                    int64_t after) {
  const int64_t size = x.dim(axis);
  if (size + before + after < 0)
    throw InvalidNode("its pads cut more than there is");
  const int64_t cut = std::clamp<int64_t>(-before, 0, size);
  const int64_t kept = size - cut - std::clamp<int64_t>(-after, 0, size - cut);
  const int64_t zeros = size + before + after - kept;
  const int64_t front = std::clamp<int64_t>(before, 0, zeros);
  return padded(c, c.b.range(x, axis, cut, kept), axis, front, zeros - front,
                c.b.scalar(0, x.element()));
}

/// Whether the patches cover the input side by side, in rows worth a transfer.
static bool areTiles(const std::vector<Windows> &windows) {
  constexpr int64_t kLeastRow = 4;
  return windows.back().kernel >= kLeastRow &&
         llvm::all_of(windows, [](const Windows &w) {
           return w.stride == w.kernel && (w.dilation == 1 || w.kernel == 1) &&
                  w.before == 0 && w.after == 0;
         });
}

/// [batch, channels, ...] as [batch, groups, positions, columns]. A column is
/// one element of the kernel in one channel: channels first where patches are
/// tiles, since then the rows of a patch are runs of memory, else last.
static Val patches(NodeContext &c, const Val &x,
                   const std::vector<Windows> &windows, int64_t groups) {
  const int64_t batch = x.dim(0), channels = x.dim(1) / groups;
  const int64_t count = windows.size();
  const bool tiles = areTiles(windows);
  int64_t places = 1, elements = 1;
  Shape split = {batch, groups, channels}, last = {0, 1};
  for (int64_t i = 0; i < count; ++i) {
    places *= windows[i].output;
    elements *= windows[i].kernel;
    split.push_back(x.dim(i + 2));
    last.push_back(i + 3);
  }
  last.push_back(2);
  Val view = c.b.reshape(x, split);
  int64_t first = 3;
  if (!tiles) {
    view = c.b.transpose(view, last);
    first = 2;
    for (int64_t i = 0; i < count; ++i)
      view = padZeros(c, view, first + i, windows[i].before, windows[i].after);
  }
  // Dimension i becomes the positions of the windows and what is in one.
  for (int64_t i = count; i-- > 0;) {
    const Windows &w = windows[i];
    view = c.b.grid(view, first + i, 0, {w.output, w.kernel},
                    {w.stride, w.dilation});
  }
  Shape order = {0, 1};
  auto append = [&](int64_t at) {
    for (int64_t i = 0; i < count; ++i)
      order.push_back(first + 2 * i + at);
  };
  append(0);
  if (tiles)
    order.push_back(2);
  append(1);
  if (!tiles)
    order.push_back(view.rank() - 1);
  return c.b.reshape(c.b.transpose(view, order),
                     {batch, groups, places, channels * elements});
}

/// Weights [filters, channels of a group, ...] as [groups, columns of patches,
/// filters of a group], or without the first where there is one group.
static Val filters(NodeContext &c, const Val &w,
                   const std::vector<Windows> &windows, int64_t groups) {
  const int64_t each = w.dim(0) / groups, channels = w.dim(1);
  int64_t elements = 1;
  for (const Windows &window : windows)
    elements *= window.kernel;
  Val flat = c.b.reshape(w, {w.dim(0), channels, elements});
  if (!areTiles(windows))
    flat = c.b.transpose(flat, {0, 2, 1});
  if (groups == 1)
    return c.b.transpose(c.b.reshape(flat, {each, channels * elements}),
                         {1, 0});
  return c.b.transpose(c.b.reshape(flat, {groups, each, channels * elements}),
                       {0, 2, 1});
}

/// The convolution of `x` with `w` and the bias that may be input 2.
static Val convolve(NodeContext &c, const Val &x, const Val &w,
                    const std::vector<Windows> &windows, int64_t groups) {
  Shape shape = {x.dim(0), w.dim(0)};
  int64_t places = 1;
  for (const Windows &window : windows) {
    shape.push_back(window.output);
    places *= window.output;
  }
  if (elementCount(shape) == 0 || x.type.getNumElements() == 0)
    throw UnsupportedNode("a convolution of an empty tensor");
  Val columns = patches(c, x, windows, groups);
  if (groups == 1)
    columns = c.b.reshape(columns, {x.dim(0), places, columns.dim(3)});
  // [batch, groups, positions, filters] to [batch, positions, all filters].
  Val result = c.matmul(columns, filters(c, w, windows, groups), false, false);
  if (groups > 1)
    result = c.b.reshape(c.b.transpose(result, {0, 2, 1, 3}),
                         {x.dim(0), places, w.dim(0)});
  if (c.has(2))
    result = c.b.add(result, c.in(2));
  return c.b.reshape(c.b.transpose(result, {0, 2, 1}), shape);
}

static int64_t groupsOf(NodeContext &c, const Val &x, const Val &w) {
  if (x.rank() < 3 || w.rank() != x.rank())
    throw InvalidNode("its input and weights do not fit each other");
  const int64_t groups = c.integer("group", 1);
  if (groups < 1 || x.dim(1) % groups || x.dim(1) < 1 || w.dim(1) < 1)
    throw InvalidNode("its channels cannot be split into its groups");
  std::optional<Shape> kernel = c.integers("kernel_shape");
  if (kernel && llvm::ArrayRef<int64_t>(*kernel) != w.shape().drop_front(2))
    throw InvalidNode("its kernel_shape is not that of its weights");
  return groups;
}

void tilework::lowerConv(NodeContext &c) {
  const Val &x = c.in(0), &w = c.in(1);
  const int64_t groups = groupsOf(c, x, w);
  if (w.dim(0) % groups || w.dim(1) * groups != x.dim(1))
    throw InvalidNode("its channels cannot be split into its groups");
  c.set(0, convolve(c, x, w, windowsOf(c, x, w.shape().drop_front(2)), groups));
}

void tilework::lowerConvTranspose(NodeContext &c) {
  Val x = c.in(0);
  const Val &w = c.in(1);
  const int64_t groups = groupsOf(c, x, w), count = x.rank() - 2;
  if (w.dim(0) != x.dim(1))
    throw InvalidNode("its channels do not fit its weights");
  Shape strides = perAxis(c, "strides", count, 1);
  Shape dilations = perAxis(c, "dilations", count, 1);
  Shape pads = perAxis(c, "pads", 2 * count, 0);
  Shape more = perAxis(c, "output_padding", count, 0);
  std::optional<Shape> wanted = c.integers("output_shape");
  std::string_view automatic = c.text("auto_pad", "NOTSET");
  const bool same = automatic == "SAME_UPPER" || automatic == "SAME_LOWER";
  if (wanted && static_cast<int64_t>(wanted->size()) != count)
    throw InvalidNode("its output_shape does not fit its rank");
  std::vector<Windows> windows;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t size = x.dim(i + 2), stride = strides[i];
    const int64_t span = (w.dim(i + 2) - 1) * dilations[i] + 1;
    const int64_t whole = (size - 1) * stride + span + more[i];
    int64_t before = automatic == "VALID" ? 0 : pads[i];
    int64_t output =
        whole - before - (automatic == "VALID" ? 0 : pads[count + i]);
    if (wanted || same) {
      output = wanted ? (*wanted)[i] : size * stride;
      const int64_t cut = std::max<int64_t>(whole - output, 0);
      before = automatic == "SAME_UPPER" ? cut / 2 : cut - cut / 2;
    }
    if (size < 1 || output < 1 || output > HostTensor::kMaxElements)
      throw InvalidNode("its pads or its output_shape do not fit its input");
    if (stride > 1) {
      // Elements `stride` apart, zeros between them.
      Shape apart = x.shape().vec();
      apart.insert(apart.begin() + i + 3, 1);
      x = padZeros(c, c.b.reshape(x, apart), i + 3, 0, stride - 1);
      apart.erase(apart.begin() + i + 3);
      apart[i + 2] = size * stride;
      x = c.b.range(c.b.reshape(x, apart), i + 2, 0, (size - 1) * stride + 1);
    }
    windows.push_back({x.dim(i + 2), w.dim(i + 2), 1, dilations[i],
                       span - 1 - before, output + before - x.dim(i + 2),
                       output});
  }
  // [channels, filters of a group, ...] turned round, as a convolution's.
  Shape split = {groups, w.dim(0) / groups, w.dim(1)}, order = {0, 2, 1};
  Shape joined = {groups * w.dim(1), w.dim(0) / groups};
  Shape offsets(w.rank(), 0), sizes = w.shape().vec(), steps(w.rank(), 1);
  for (int64_t i = 2; i < w.rank(); ++i) {
    split.push_back(w.dim(i));
    order.push_back(i + 1);
    joined.push_back(w.dim(i));
    offsets[i] = w.dim(i) - 1;
    steps[i] = w.dim(i) > 1 ? -1 : 1;
  }
  Val turned = c.b.reshape(c.b.slice(w, offsets, sizes, steps), split);
  turned = c.b.reshape(c.b.transpose(turned, order), joined);
  c.set(0, convolve(c, x, turned, windows, groups));
}
