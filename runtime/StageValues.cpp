// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fusion changes which values exist and in which order their elements stand. A
// value agrees with the model if it is one of its nodes' values as it stands,
// in another order of its elements, or several side by side.

#include "runtime/StageValues.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace tilework {

Distance distance(const std::vector<double> &value,
                  const std::vector<double> &reference) {
  Distance d;
  double errors = 0, squares = 0;
  for (size_t i = 0; i < value.size(); ++i) {
    const double is = value[i], was = reference[i];
    if (std::isnan(is) && std::isnan(was))
      continue;
    if (std::fabs(is) >= kInfinite && std::fabs(was) >= kInfinite &&
        (is > 0) == (was > 0))
      continue;
    double error = std::fabs(is - was);
    if (!(error < kInfinite))
      error = kInfinite;
    if (std::fabs(was) < kInfinite) {
      squares += was * was;
      d.magnitude = std::max(d.magnitude, std::fabs(was));
    }
    errors += error * error;
    if (error > d.largest || d.at < 0) {
      d.largest = error;
      d.at = static_cast<int64_t>(i);
      d.is = is;
      d.was = was;
    }
  }
  const double count = std::max<double>(1, double(value.size()));
  d.magnitude = std::max(d.magnitude, kLeastMagnitude);
  d.rms = std::sqrt(errors / count) /
          std::max(std::sqrt(squares / count), kLeastMagnitude);
  return d;
}

std::string describe(const Distance &d, const std::vector<int64_t> &shape) {
  std::string index;
  int64_t rest = std::max<int64_t>(d.at, 0);
  for (size_t i = shape.size(); i-- > 0;) {
    index =
        std::to_string(rest % shape[i]) + (index.empty() ? "" : ", ") + index;
    rest /= shape[i];
  }
  char text[256];
  std::snprintf(text, sizeof(text),
                "largest error %.3g at [%s] (%.6g instead of %.6g), relative "
                "RMS error %.3g",
                d.largest, index.c_str(), d.is, d.was, d.rms);
  return text;
}

void ReferenceValues::add(StageValue value) {
  byNode[value.nodes.front()].push_back(std::move(value.tensor));
}

static std::vector<double> sorted(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values;
}

/// Columns [begin, begin + width) of rows of `columns`.
static std::vector<double> window(const std::vector<double> &values,
                                  int64_t columns, int64_t begin,
                                  int64_t width) {
  std::vector<double> part;
  for (size_t row = 0; row + columns <= values.size(); row += columns)
    part.insert(part.end(), values.begin() + row + begin,
                values.begin() + row + begin + width);
  return part;
}

std::optional<Distance>
ReferenceValues::nearest(const StageValue &value,
                         const Tolerance &tolerance) const {
  std::optional<Distance> best;
  auto consider = [&](const Distance &d) {
    if (!best || d.rms < best->rms)
      best = d;
    return best->within(tolerance);
  };
  const std::vector<double> mine = value.tensor.floatValues();
  const std::vector<double> order = sorted(mine);
  std::vector<std::vector<double>> parts;
  const int64_t columns = value.tensor.rank() ? value.tensor.shape().back() : 1;
  for (const std::string &node : value.nodes) {
    auto found = byNode.find(node);
    if (found == byNode.end())
      continue;
    for (auto it = found->second.rbegin(); it != found->second.rend(); ++it) {
      const std::vector<double> theirs = it->floatValues();
      if (theirs.size() == mine.size()) {
        if (consider(distance(mine, theirs)))
          return best;
        const Distance d = distance(order, sorted(theirs));
        if (d.within(tolerance))
          return d;
      } else if (columns > 0 && !theirs.empty() &&
                 theirs.size() < mine.size() &&
                 theirs.size() % (mine.size() / columns) == 0) {
        parts.push_back(theirs);
      }
    }
  }
  // Side by side: each window of columns is one of the parts.
  int64_t at = 0;
  Distance worst;
  const int64_t rows = columns > 0 ? mine.size() / columns : 0;
  while (at < columns && !parts.empty()) {
    auto part = std::find_if(parts.begin(), parts.end(), [&](const auto &p) {
      const int64_t width = p.size() / rows;
      if (at + width > columns)
        return false;
      const Distance d =
          distance(sorted(window(mine, columns, at, width)), sorted(p));
      if (!d.within(tolerance))
        return false;
      if (d.rms >= worst.rms)
        worst = d;
      return true;
    });
    if (part == parts.end())
      return best;
    at += part->size() / rows;
  }
  if (at == columns && at > 0)
    return worst;
  return best;
}

} // namespace tilework
