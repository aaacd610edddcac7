// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Places buffers. The scratchpad is filled from both ends: what the array
// streams as activations from one, what the DMA fills for its other side from
// the other, what the vector unit touches in between on a bank boundary if
// there is room.

#include "compiler/planning/Allocator.h"

#include <algorithm>

namespace tilework::planning {

static int64_t scratchpadPitch(const Buffer &buffer, const Machine &machine) {
  return roundUp(std::max<int64_t>(buffer.slotRows, 1), machine.weightRows);
}

int64_t scratchpadRowsNeeded(const Schedule &schedule, const Machine &machine) {
  int64_t rows = 0;
  for (const Buffer &buffer : schedule.buffers)
    if (buffer.space == Space::scratchpad)
      rows += scratchpadPitch(buffer, machine) * buffer.slots;
  return rows;
}

int64_t accumulatorRowsNeeded(const Schedule &schedule) {
  int64_t rows = 0;
  for (const Buffer &buffer : schedule.buffers)
    if (buffer.space == Space::accumulator)
      rows += buffer.slotRows * buffer.slots;
  return rows;
}

bool fits(const Schedule &schedule, const Machine &machine) {
  return scratchpadRowsNeeded(schedule, machine) <= machine.scratchpadRows &&
         accumulatorRowsNeeded(schedule) <= machine.accumulatorRows;
}

static void allocateAccumulator(Schedule &schedule, const Machine &machine) {
  int64_t bankRows = machine.accumulatorRowsPerBank();
  // Slots on bank boundaries where all of them fit that way; otherwise packed.
  int64_t aligned = 0;
  for (const Buffer &buffer : schedule.buffers)
    if (buffer.space == Space::accumulator)
      aligned += roundUp(buffer.slotRows, bankRows) * buffer.slots;
  bool align = aligned <= machine.accumulatorRows;
  int64_t next = 0;
  for (Buffer &buffer : schedule.buffers) {
    if (buffer.space != Space::accumulator)
      continue;
    buffer.pitchRows =
        align ? roundUp(buffer.slotRows, bankRows) : buffer.slotRows;
    buffer.base = next;
    next += buffer.totalRows();
  }
}

static void allocateScratchpad(Schedule &schedule, const Machine &machine,
                               bool mirror) {
  std::vector<Buffer *> low, middle, high;
  int64_t middleRows = 0;
  for (Buffer &buffer : schedule.buffers) {
    if (buffer.space != Space::scratchpad)
      continue;
    buffer.pitchRows = scratchpadPitch(buffer, machine);
    if (buffer.streams & ArrayWeights)
      high.push_back(&buffer);
    else if (buffer.streams & ArrayActivations)
      low.push_back(&buffer);
    else {
      middle.push_back(&buffer);
      middleRows += buffer.totalRows();
    }
  }
  int64_t bottom = 0, top = machine.scratchpadRows;
  for (Buffer *buffer : low) {
    buffer->base = bottom;
    bottom += buffer->totalRows();
  }
  for (Buffer *buffer : high) {
    top -= buffer->totalRows();
    buffer->base = top;
  }
  int64_t aligned = roundUp(bottom, machine.scratchpadRowsPerBank());
  if (aligned + middleRows <= top)
    bottom = aligned;
  for (Buffer *buffer : middle) {
    buffer->base = bottom;
    bottom += buffer->totalRows();
  }
  if (mirror)
    for (Buffer &buffer : schedule.buffers)
      if (buffer.space == Space::scratchpad)
        buffer.base = machine.scratchpadRows - buffer.base - buffer.totalRows();
}

bool allocate(Schedule &schedule, const Machine &machine, bool mirror) {
  if (!fits(schedule, machine))
    return false;
  findStreams(schedule);
  allocateAccumulator(schedule, machine);
  allocateScratchpad(schedule, machine, mirror);
  return true;
}

} // namespace tilework::planning
