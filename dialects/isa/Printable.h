// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names from files are whatever bytes their author wrote. What a terminal or a
// report gets of them passes through here.

#pragma once

#include <string>
#include <string_view>

namespace tilework {

/// The text in UTF-8: bytes that are none become \xNN, so that two names that
/// differ still do. Legal text stays as it is, control characters too.
std::string legalUtf8(std::string_view text);

/// As above, and everything that a terminal might obey instead of showing
/// becomes an escape: control characters of both ranges (\x1b, \u009b), marks
/// that turn the direction of writing (\u202e), line and paragraph separators.
/// `lines`: newlines and tabs stay, as in a message of several lines.
std::string printable(std::string_view text, bool lines = false);

} // namespace tilework
