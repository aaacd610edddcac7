// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Many tensors from one place: an .npz file or a folder of .npy files.

#pragma once

#include "runtime/Tensor.h"

#include <string>

namespace tilework {

/// Tensors by name: of an archive its members without `.npy`; of a folder the
/// files' paths in it, with and without a leading slash, as model values are
/// often named. Throws UserError naming the file and what is wrong with it.
TensorMap readTensors(const std::string &path);

} // namespace tilework
