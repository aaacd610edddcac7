// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A run by the nodes of its model: rows whose cycles add up to those of the
// run, each with the work that it did and the least that it could have taken;
// the same rows summed; and both as text.

#pragma once

#include "runtime/Executable.h"

#include <nlohmann/json.hpp>
#include <string>

namespace tilework {

/// What stands for a node in a row that has none.
inline constexpr const char *kNoNode = "(no node)";
inline constexpr const char *kIdle = "(nothing in flight)";

/// One object for each node that instructions worked for, in the order of their
/// first instruction: node; op; block (the name with every number a star, so
/// that the layers of a stack have one); shape (the compiler's text,
/// compiler/codegen/ModelWork.h); nodes (all that were fused into it); cycles
/// and how systolic_array, vector_unit, load_dma and store_dma share them
/// (runtime/Attribution.h); share (of the run's cycles); macs; bound_cycles and
/// bound_limit (of the node alone; null where the program does not say its
/// work); retired; read_bytes; write_bytes. Instructions without a node have a
/// row of their own; the last row has the cycles with nothing in flight. Names
/// are printable. Throws UserError as attribute() does.
nlohmann::json layersReport(const Executable &executable,
                            const RunReport &report);

/// The rows summed by "block" (and op and shape: the same node of each layer of
/// a stack), "op" or "shape", in order of cycles. A sum has the columns of a
/// row and `count`, how many rows it is. Throws UserError for another key.
nlohmann::json groupLayers(const nlohmann::json &rows, const std::string &key);

/// Groups as lines for people; as CSV with a header (RFC 4180).
std::string layersTable(const nlohmann::json &groups);
std::string layersCsv(const nlohmann::json &rows);

} // namespace tilework
