// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The JSON sections of a program image.

#pragma once

#include "dialects/isa/Image.h"

namespace tilework::isa {

/// All of the image but text, weights and provenance.
nlohmann::json metaToJson(const Image &image);
/// Fills `image`; throws ImageError or nlohmann::json::exception for what does
/// not fit the schema.
void metaFromJson(const nlohmann::json &meta, Image &image);

nlohmann::json provenanceToJson(const Image &image);
void provenanceFromJson(const nlohmann::json &provenance, Image &image);

} // namespace tilework::isa
