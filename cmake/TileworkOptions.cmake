# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Language standard, build types, flags and output folders of the whole tree.

option(TILEWORK_BUILD_TESTS "Build the tests" ON)
option(TILEWORK_BUILD_PYTHON "Build the Python module" ON)
option(TILEWORK_USE_PCH "Precompile the MLIR headers" ON)
option(TILEWORK_UNITY "Compile files that share MLIR's headers several at a time" ON)
option(TILEWORK_WERROR "Treat compiler warnings as errors" OFF)
option(TILEWORK_ASSERTIONS "Keep assertions, the standard library's among them, in an optimised build" ON)
set(TILEWORK_SANITIZE "" CACHE STRING
    "Sanitizers for every target, as -fsanitize= takes them (address,undefined)")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")

# -O2 and no -march: host SIMD is chosen at run time by Highway.
if(TILEWORK_ASSERTIONS)
  set(assertions "-D_GLIBCXX_ASSERTIONS")
else()
  set(assertions "-DNDEBUG")
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 ${assertions}")
set(CMAKE_C_FLAGS_RELEASE "-O2 ${assertions}")

# GCC contracts a*b+c into one rounding where the target has FMA. The engines
# agree on bytes, so a product and a sum are always two roundings unless the
# code says fma.
add_compile_options(-ffp-contract=off)

if(TILEWORK_SANITIZE)
  add_compile_options(-fsanitize=${TILEWORK_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${TILEWORK_SANITIZE})
endif()

# Precompiled headers confuse ccache unless it ignores macros and times in them.
find_program(CCACHE_EXECUTABLE ccache)
if(CCACHE_EXECUTABLE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(launcher "${CMAKE_COMMAND}" -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros "${CCACHE_EXECUTABLE}")
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()
