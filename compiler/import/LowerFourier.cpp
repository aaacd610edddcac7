// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Discrete Fourier transforms, whole and of windows over a signal: products of
// real and imaginary parts with constant matrices of cosines and sines.

#include "compiler/import/Sampling.h"

#include <algorithm>
#include <cmath>

using namespace tilework;
using namespace tilework::graph;
using Shape = NodeContext::Shape;

namespace {

/// A complex tensor as its parts; an absent imaginary part is zeros.
struct Parts {
  Val real, imaginary;
};

/// Which transform, of how many elements.
struct Transform {
  int64_t length;
  bool inverse = false, oneSided = false;
  /// What the inputs are multiplied with first; empty for ones.
  std::vector<double> window;

  /// One-sided spectra hold the frequencies from 0 to that of length / 2.
  int64_t half() const { return length / 2 + 1; }
  int64_t inputs() const { return inverse && oneSided ? half() : length; }
  int64_t outputs() const { return !inverse && oneSided ? half() : length; }
};

} // namespace

/// The matrix of `wave`, cosines or sines, from `inputs` elements.
static Sampling matrixOf(const Transform &t, int64_t inputs,
                         double (*wave)(double)) {
  constexpr double circle = 6.283185307179586;
  Sampling matrix(inputs, t.outputs());
  for (int64_t from = 0; from < inputs; ++from) {
    double factor = t.window.empty() ? 1 : t.window[from];
    if (t.inverse)
      factor /= static_cast<double>(t.length);
    // What a one-sided spectrum leaves out is conjugate to what it holds.
    if (t.inverse && t.oneSided && from > 0 && 2 * from != t.length)
      factor *= 2;
    for (int64_t to = 0; to < t.outputs(); ++to)
      matrix.at(from, to) =
          factor * wave(circle * static_cast<double>(from * to % t.length) /
                        static_cast<double>(t.length));
  }
  return matrix;
}

/// The parts of `x`, whose last dimension holds them.
static Parts partsOf(NodeContext &c, const Val &x) {
  if (!x.isFloat())
    throw InvalidNode("its input is no tensor of floats");
  if (x.rank() < 2 || x.dim(-1) < 1 || x.dim(-1) > 2)
    throw InvalidNode("its input's last dimension holds no real and imaginary "
                      "parts: " +
                      shapeText(x.shape()));
  Shape shape = x.shape().drop_back().vec();
  Parts parts;
  parts.real = c.b.reshape(c.b.range(x, x.rank() - 1, 0, 1), shape);
  if (x.dim(-1) == 2) {
    Val imaginary = c.b.reshape(c.b.range(x, x.rank() - 1, 1, 1), shape);
    std::optional<HostTensor> known = c.b.known(imaginary);
    if (!known || !known->isSplat() || known->floatValue() != 0)
      parts.imaginary = imaginary;
  }
  return parts;
}

/// Transforms dimension `axis`, and joins the parts in a new last one.
static Val transformed(NodeContext &c, Parts x, int64_t axis,
                       const Transform &t) {
  if (t.length < 1)
    throw InvalidNode("a transform of " + std::to_string(t.length) +
                      " elements");
  if (t.oneSided && !t.inverse && !x.imaginary.isAbsent())
    throw UnsupportedNode("a one-sided transform of complex numbers");
  // Elements beyond the length are not read, those that are missing are zeros.
  const int64_t inputs = std::min(x.real.dim(axis), t.inputs());
  x.real = c.b.range(x.real, axis, 0, inputs);
  if (!x.imaginary.isAbsent())
    x.imaginary = c.b.range(x.imaginary, axis, 0, inputs);
  // (a + ib)(cos ± i sin): minus forwards, plus backwards.
  auto minusSine = [](double angle) { return -std::sin(angle); };
  auto sine = [](double angle) { return std::sin(angle); };
  auto cosine = [](double angle) { return std::cos(angle); };
  using Wave = double (*)(double);
  auto sum = [&](Wave ofReal, Wave ofImaginary) {
    Val result = combine(c, x.real, axis, matrixOf(t, inputs, ofReal));
    if (x.imaginary.isAbsent())
      return result;
    return c.b.add(result, combine(c, x.imaginary, axis,
                                   matrixOf(t, inputs, ofImaginary)));
  };
  Val real = t.inverse ? sum(cosine, minusSine) : sum(cosine, sine);
  Shape shape = real.shape().vec();
  shape.push_back(1);
  if (t.inverse && t.oneSided)
    return c.b.reshape(real, shape);
  Val imaginary = t.inverse ? sum(sine, cosine) : sum(minusSine, cosine);
  return c.b.concat({c.b.reshape(real, shape), c.b.reshape(imaginary, shape)},
                    real.rank());
}

/// The one element of an integer input.
static int64_t integerOf(NodeContext &c, size_t i, const char *what) {
  Shape values = c.b.requireInts(c.in(i), what);
  if (values.size() != 1)
    throw InvalidNode("its " + std::string(what) + " is no scalar");
  return values.front();
}

void tilework::lowerFourier(NodeContext &c) {
  const Val &x = c.in(0);
  Parts parts = partsOf(c, x);
  // The axis was an attribute before operator set 20.
  int64_t axis = c.opset < 20 ? c.integer("axis", 1) : -2;
  if (c.has(2))
    axis = integerOf(c, 2, "axis");
  axis = c.axis(axis, x.rank());
  if (axis == x.rank() - 1)
    throw InvalidNode("its axis is the one of real and imaginary parts");
  Transform t;
  t.inverse = c.integer("inverse", 0) != 0;
  t.oneSided = c.integer("onesided", 0) != 0;
  if (t.inverse && t.oneSided && x.dim(-1) == 1)
    throw InvalidNode("it asks for a one-sided inverse transform of real "
                      "numbers: half of a spectrum is complex");
  t.length = t.inverse && t.oneSided ? 2 * (x.dim(axis) - 1) : x.dim(axis);
  if (c.has(1))
    t.length = integerOf(c, 1, "dft_length");
  c.set(0, transformed(c, parts, axis, t));
}

void tilework::lowerShortFourier(NodeContext &c) {
  const Val &x = c.in(0);
  Parts parts = partsOf(c, x);
  if (parts.real.rank() != 2)
    throw InvalidNode("its signal has no rank of 3: " + shapeText(x.shape()));
  const int64_t step = integerOf(c, 1, "frame_step");
  Val window = c.optional(2);
  if (!window.isAbsent() && window.rank() != 1)
    throw InvalidNode("its window is no vector");
  Transform t;
  t.oneSided = c.integer("onesided", 1) != 0;
  t.length = c.has(3)            ? integerOf(c, 3, "frame_length")
             : window.isAbsent() ? x.dim(1)
                                 : window.dim(0);
  if (step < 1 || t.length < 1 || t.length > x.dim(1))
    throw InvalidNode("no frame of " + std::to_string(t.length) +
                      " elements in steps of " + std::to_string(step) +
                      " fits its signal of " + std::to_string(x.dim(1)));
  if (!window.isAbsent() && window.dim(0) != t.length)
    throw InvalidNode("its window does not fit its frames");
  // A known window joins the matrices.
  if (std::optional<HostTensor> known =
          window.isAbsent() ? std::nullopt : c.b.known(window)) {
    t.window = known->floatValues();
    window = Val();
  }
  const int64_t frames = (x.dim(1) - t.length) / step + 1;
  for (Val *part : {&parts.real, &parts.imaginary}) {
    if (part->isAbsent())
      continue;
    *part = c.b.grid(*part, 1, 0, {frames, t.length}, {step, 1});
    if (!window.isAbsent())
      *part = c.b.mul(*part, window);
  }
  c.set(0, transformed(c, parts, 2, t));
}
