// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One sweep over the retire records of all units.

#include "runtime/Attribution.h"

#include "runtime/Error.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <unordered_map>

namespace tilework {

namespace {

using sim::Unit;

constexpr std::array<Unit, sim::kUnitCount> kOwners = {
    Unit::Array, Unit::Vector, Unit::Load, Unit::Store};

/// Cycles [begin, end) in which one instruction is the oldest of its unit.
struct Span {
  uint64_t begin, end;
  size_t row;
};

/// Rows of an attribution, found by their node.
class Rows {
public:
  Rows(const isa::Image &image, Attribution &attribution)
      : image(image), provenance(image), attribution(attribution) {}

  size_t of(const sim::RetireRecord &record) {
    const uint32_t range = provenance.rangeOf(record.pc, record.context);
    const uint32_t node = range == Provenance::kNone
                              ? Provenance::kNone
                              : image.provenance[range].nodes.front();
    auto [found, inserted] = index.try_emplace(node, attribution.rows.size());
    if (inserted) {
      attribution.rows.emplace_back();
      attribution.rows.back().node = node;
    }
    if (range != Provenance::kNone && seen.insert(range).second)
      addNodes(attribution.rows[found->second].nodes,
               image.provenance[range].nodes);
    return found->second;
  }

private:
  static void addNodes(std::vector<uint32_t> &nodes,
                       const std::vector<uint32_t> &more) {
    for (uint32_t node : more)
      if (std::find(nodes.begin(), nodes.end(), node) == nodes.end())
        nodes.push_back(node);
  }

  const isa::Image &image;
  Provenance provenance;
  Attribution &attribution;
  std::unordered_map<uint32_t, size_t> index;
  std::set<uint32_t> seen;
};

/// The nearest cycle behind `now` in which a span of any unit begins or ends,
/// at most `end`.
uint64_t nextChange(const std::array<std::vector<Span>, sim::kUnitCount> &spans,
                    const std::array<size_t, sim::kUnitCount> &at, uint64_t now,
                    uint64_t end) {
  for (unsigned unit = 0; unit < sim::kUnitCount; ++unit)
    if (at[unit] < spans[unit].size()) {
      const Span &span = spans[unit][at[unit]];
      end = std::min(end, span.begin > now ? span.begin : span.end);
    }
  return end;
}

void sweep(const std::array<std::vector<Span>, sim::kUnitCount> &spans,
           uint64_t cycles, Attribution &attribution) {
  std::array<size_t, sim::kUnitCount> at{};
  for (uint64_t now = 0; now < cycles;) {
    for (unsigned unit = 0; unit < sim::kUnitCount; ++unit)
      while (at[unit] < spans[unit].size() && spans[unit][at[unit]].end <= now)
        ++at[unit];
    const uint64_t next = nextChange(spans, at, now, cycles);
    uint64_t *owner = &attribution.idle;
    for (Unit candidate : kOwners) {
      const auto unit = static_cast<unsigned>(candidate);
      if (at[unit] < spans[unit].size() && spans[unit][at[unit]].begin <= now) {
        owner = &attribution.rows[spans[unit][at[unit]].row].cycles[unit];
        break;
      }
    }
    *owner += next - now;
    now = next;
  }
}

} // namespace

Provenance::Provenance(const isa::Image &image) : image(image) {
  for (uint32_t i = 0; i < image.provenance.size(); ++i) {
    const isa::ProvenanceRange &range = image.provenance[i];
    if (range.nodes.empty())
      continue;
    if (byContext.size() <= range.context)
      byContext.resize(range.context + 1u);
    byContext[range.context].push_back(i);
  }
}

uint32_t Provenance::rangeOf(uint32_t pc, uint16_t context) const {
  if (context >= byContext.size())
    return kNone;
  const std::vector<uint32_t> &ranges = byContext[context];
  auto found = std::upper_bound(ranges.begin(), ranges.end(), pc,
                                [this](uint32_t at, uint32_t range) {
                                  return at < image.provenance[range].end;
                                });
  return found != ranges.end() && image.provenance[*found].begin <= pc ? *found
                                                                       : kNone;
}

uint32_t Provenance::nodeOf(uint32_t pc, uint16_t context) const {
  const uint32_t range = rangeOf(pc, context);
  return range == kNone ? kNone : image.provenance[range].nodes.front();
}

uint64_t NodeCycles::total() const {
  return std::accumulate(cycles.begin(), cycles.end(), uint64_t(0));
}

Attribution attribute(const isa::Image &image, const sim::RunResult &result) {
  if (!result.hasTimes())
    throw UserError("there are no cycles to attribute: run the engine systemc "
                    "or rtl, and keep its records");
  Attribution attribution;
  Rows rows(image, attribution);
  // Records stand in order of their end, units retire in order.
  std::array<std::vector<Span>, sim::kUnitCount> spans;
  for (const sim::RetireRecord &record : result.records) {
    const size_t index = rows.of(record);
    NodeCycles &row = attribution.rows[index];
    ++row.retired;
    (record.unit == static_cast<unsigned>(Unit::Store) ? row.writeBytes
                                                       : row.readBytes) +=
        record.bytes;
    std::vector<Span> &unit = spans[record.unit];
    const uint64_t begin =
        std::max(record.start, unit.empty() ? 0 : unit.back().end);
    if (begin <= record.end)
      unit.push_back({begin, record.end + 1, index});
  }
  sweep(spans, result.cycles, attribution);
  return attribution;
}

} // namespace tilework
