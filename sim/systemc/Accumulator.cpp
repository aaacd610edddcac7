// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The accumulator's priorities.

#include "sim/systemc/Accumulator.h"

namespace tilework::sim {

namespace {

bool meets(const ScratchpadPort &first, const ScratchpadPort &second) {
  return first.request && first.bank == second.bank;
}

} // namespace

void Accumulator::arbitrate() {
  ScratchpadPort &read = port(AccumulatorClient::SumsRead);
  ScratchpadPort &write = port(AccumulatorClient::SumsWrite);
  ScratchpadPort &source = port(AccumulatorClient::Source);
  ScratchpadPort &element = port(AccumulatorClient::Element);
  ScratchpadPort &result = port(AccumulatorClient::Result);
  read.granted = read.request;
  write.granted = write.request;
  source.granted = source.request && !meets(read, source);
  // A source that is refused still keeps the element from its bank: that bank
  // is the array's.
  element.granted =
      element.request && !meets(read, element) && !meets(source, element);
  result.granted = result.request && !meets(write, result);
  sink.count(Counter::AccumulatorSource, source.granted);
  sink.count(Counter::AccumulatorElement, element.granted);
  sink.count(Counter::AccumulatorResult, result.granted);
}

} // namespace tilework::sim
