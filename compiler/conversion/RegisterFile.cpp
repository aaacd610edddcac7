// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The register files of a program in the making, as caches: an instruction that
// wants a content finds the register that has it, or sets the one unused
// longest.

#include "compiler/conversion/Lowering.h"

#include <cstring>

namespace tilework {

template <typename Entry> static int leastRecent(std::vector<Entry> &entries) {
  int best = -1;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].pinned)
      continue;
    if (!entries[i].valid)
      return static_cast<int>(i);
    if (best < 0 || entries[i].used < entries[best].used)
      best = static_cast<int>(i);
  }
  return best;
}

int Lowering::addressRegister(const AddressKey &key, bool exclusive, bool pin,
                              LoweredProgram &into) {
  ++clock;
  std::vector<AddressEntry> &addresses = registers.addresses;
  if (!exclusive)
    for (size_t i = 0; i < addresses.size(); ++i)
      if (addresses[i].valid && addresses[i].key == key &&
          !(addresses[i].pinned && pin)) {
        addresses[i].used = clock;
        addresses[i].pinned |= pin;
        return static_cast<int>(i);
      }
  int index = leastRecent(addresses);
  if (index < 0)
    return -1;
  setAddress(index, key, into);
  addresses[index].pinned = pin;
  return index;
}

void Lowering::setAddress(int index, const AddressKey &key,
                          LoweredProgram &into) {
  AddressEntry &entry = registers.addresses[index];
  entry = {key, true, false, clock};
  if (key.base >= 0) {
    isa::CopyAddress copy;
    copy.destination = static_cast<uint8_t>(index);
    copy.source = static_cast<uint8_t>(key.base);
    copy.offset = key.value;
    into.instructions.push_back({copy, group, source, primary});
    return;
  }
  isa::SetAddress set;
  set.destination = static_cast<uint8_t>(index);
  set.space = key.space;
  set.segment = static_cast<uint8_t>(key.segment);
  set.value = static_cast<uint64_t>(key.value);
  set.stride = static_cast<int32_t>(key.stride);
  set.block_stride = static_cast<int32_t>(key.blockStride);
  set.wrap = static_cast<uint32_t>(key.wrap);
  set.limit = static_cast<uint64_t>(key.limit);
  into.instructions.push_back({set, group, source, primary});
}

int Lowering::extentRegister(int64_t tile, int64_t total, bool exclusive,
                             bool pin, LoweredProgram &into) {
  ++clock;
  std::vector<ExtentEntry> &extents = registers.extents;
  if (!exclusive)
    for (size_t i = 0; i < extents.size(); ++i)
      if (extents[i].valid && extents[i].tile == tile &&
          extents[i].total == total && !extents[i].pinned) {
        extents[i].used = clock;
        extents[i].pinned |= pin;
        return static_cast<int>(i);
      }
  int index = leastRecent(extents);
  if (index < 0)
    return -1;
  ExtentEntry &entry = extents[index];
  entry = {tile, total, true, pin, clock};
  isa::SetExtent set;
  set.destination = static_cast<uint8_t>(index);
  set.tile = static_cast<uint32_t>(tile);
  set.total = static_cast<uint32_t>(total);
  into.instructions.push_back({set, group, source, primary});
  return index;
}

int Lowering::scalarRegister(float value, bool pin, LoweredProgram &into) {
  ++clock;
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  std::vector<ScalarEntry> &scalars = registers.scalars;
  for (size_t i = 0; i < scalars.size(); ++i)
    if (scalars[i].valid && scalars[i].bits == bits) {
      scalars[i].used = clock;
      scalars[i].pinned |= pin;
      return static_cast<int>(i);
    }
  int index = leastRecent(scalars);
  if (index < 0)
    return -1;
  scalars[index] = {bits, true, pin, clock};
  isa::SetScalar set;
  set.destination = static_cast<uint8_t>(index);
  set.value = value;
  into.instructions.push_back({set, group, source, primary});
  return index;
}

} // namespace tilework
