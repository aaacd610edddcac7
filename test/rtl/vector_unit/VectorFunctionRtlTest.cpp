// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Does the function stage of the RTL give the bits of applyFunction, for every
// bf16 value and a million fp32 values of each function?

#include "VVectorFunction.h"
#include "test/unit/vector/RandomVector.h"

#include "sim/functional/SpecialFunctions.h"

#include <deque>
#include <gtest/gtest.h>

using namespace tilework;
using namespace tilework::sim;

namespace {

constexpr unsigned kLatency = 7;

struct Operands {
  uint32_t x, y, scalar;
};

class FunctionModel {
public:
  ~FunctionModel() { model.final(); }

  /// Takes x, y and a scalar, gives what was taken seven cycles ago.
  uint32_t step(unsigned function, const Operands &in) {
    model.func_i = 0;
    for (unsigned i = 0; i < kLatency; ++i)
      model.func_i |= uint64_t(function) << (5 * i);
    model.valid_i = 0x7f;
    model.x_i = in.x;
    model.y_i = in.y;
    model.scalar_i = in.scalar;
    model.clk_i = 0;
    model.eval();
    model.clk_i = 1;
    model.eval();
    return model.result_o;
  }

private:
  VVectorFunction model;
};

void compare(unsigned function, size_t count,
             const std::function<uint32_t(size_t)> &input) {
  RandomVector random(Geometry(), function);
  FunctionModel model;
  std::deque<Operands> inFlight;
  for (size_t i = 0; i < count + kLatency - 1; ++i) {
    Operands in = {flushF32(i < count ? input(i) : 0), flushF32(random.value()),
                   flushF32(random.value())};
    if (i % 4 == 0) // equal operands, both zeros and NaN among them
      in.y = in.x ^ (i % 8 == 0 && in.x != kNaNF32 ? 0x80000000u : 0);
    inFlight.push_back(in);
    const uint32_t result = model.step(function, in);
    if (inFlight.size() < kLatency)
      continue;
    const Operands was = inFlight.front();
    inFlight.pop_front();
    ASSERT_EQ(result, applyFunction(static_cast<isa::VectorFunction>(function),
                                    was.x, was.y, was.scalar))
        << "function " << function << " of bits " << std::hex << was.x << ", "
        << was.y << ", " << was.scalar;
  }
}

TEST(VectorFunctionRtl, EveryBf16Value) {
  for (unsigned function = 0; function < kFunctions; ++function)
    compare(function, 65536,
            [](size_t i) { return static_cast<uint32_t>(i << 16); });
}

TEST(VectorFunctionRtl, AMillionFp32Values) {
  RandomVector random(Geometry(), 1);
  for (unsigned function = 0; function < kFunctions; ++function)
    compare(function, 1 << 20, [&](size_t) { return random.value(); });
}

} // namespace
