// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elements of stored constants: read as fp32, and what a step does to a run of
// them. Private to the weight reader.

#ifndef TILEWORK_COMPILER_IMPORT_WEIGHTELEMENTS_H
#define TILEWORK_COMPILER_IMPORT_WEIGHTELEMENTS_H

#include "compiler/import/WeightReader.h"

namespace tilework::weights_detail {

/// Converts `count` elements, `stride` apart, from element `first`.
void loadAs(ElementType type, const char *bytes, int64_t first, int64_t stride,
            int64_t count, float *out);

/// In place.
void apply(graph::UnaryKind kind, float *values, int64_t count);
/// a = a kind b.
void apply(graph::BinaryKind kind, float *a, const float *b, int64_t count);

/// Rounds values as a cast to `type` would; the reader keeps them in fp32.
void castTo(ElementType type, float *values, int64_t count);

} // namespace tilework::weights_detail

#endif // TILEWORK_COMPILER_IMPORT_WEIGHTELEMENTS_H
