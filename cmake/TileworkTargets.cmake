# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# The functions that every folder declares its targets with.
#
#   tilework_add_folders(a b ...)
#   tilework_add_inner_folders([parent])
#   tilework_add_library(name SOURCES ... [LINK ...])
#   tilework_add_mlir_library(name SOURCES ... [LINK ...] [TABLEGEN ...])
#   tilework_compile_lightly(name)
#   tilework_add_executable(name SOURCES ... [LINK ...] [MLIR_ARCHIVES ...])
#   tilework_add_unittest(name SOURCES ... [LINK ...] [LABELS ...])
#   tilework_tablegen(name DEFINITIONS file.td OUTPUT out.inc <flags> ...)
#   tilework_recordgen(name GENERATOR script DEFINITIONS file.td OUTPUT kind=file ...
#                      [ARGUMENTS ...] [DEPENDS ...])
#
# Includes are written from the root of the repository or of the build folder:
# `#include "sim/memory/Dram.h"`, `#include "dialects/npu/NPUOps.h.inc"`.

# Adds each folder; of one without a CMakeLists.txt, the folders in it.
function(tilework_add_folders)
  foreach(folder IN LISTS ARGN)
    if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${folder}/CMakeLists.txt")
      add_subdirectory(${folder})
    else()
      tilework_add_inner_folders(${folder})
    endif()
  endforeach()
endfunction()

# Adds every folder of `parent` (default: this one) that has a CMakeLists.txt.
function(tilework_add_inner_folders)
  if(ARGC EQUAL 0)
    set(ARGV0 .)
  endif()
  cmake_path(ABSOLUTE_PATH ARGV0 NORMALIZE OUTPUT_VARIABLE parent)
  file(GLOB inner CONFIGURE_DEPENDS RELATIVE "${CMAKE_CURRENT_SOURCE_DIR}"
    "${parent}/*/CMakeLists.txt")
  foreach(file IN LISTS inner)
    cmake_path(GET file PARENT_PATH folder)
    add_subdirectory(${folder})
  endforeach()
endfunction()

function(_tilework_common_settings name)
  target_include_directories(${name} PUBLIC
    "${PROJECT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}")
  target_compile_options(${name} PRIVATE
    -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers)
  if(TILEWORK_WERROR)
    target_compile_options(${name} PRIVATE -Werror)
  endif()
endfunction()

# A static, position-independent library. LINK is public.
function(tilework_add_library name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "SOURCES;LINK")
  add_library(${name} STATIC ${ARG_SOURCES})
  _tilework_common_settings(${name})
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
endfunction()

# The usage requirements of MLIR: its headers as system headers, its shared
# libraries. The precompiled header belongs to one object library and is shared
# by all users, which therefore compile with the same flags.
function(_tilework_mlir_settings name)
  target_include_directories(${name} SYSTEM PUBLIC
    ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  separate_arguments(definitions UNIX_COMMAND "${LLVM_DEFINITIONS}")
  list(TRANSFORM definitions REPLACE "^-D" "")
  target_compile_definitions(${name} PUBLIC ${definitions})
endfunction()

# Made here, in the scope of the top folder, so that no folder's own options
# reach the header that all of them share.
if(TILEWORK_USE_PCH)
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/cmake/MlirPch.cpp" CONTENT "")
  add_library(TileworkMlirPch STATIC "${PROJECT_BINARY_DIR}/cmake/MlirPch.cpp")
  _tilework_common_settings(TileworkMlirPch)
  _tilework_mlir_settings(TileworkMlirPch)
  target_precompile_headers(TileworkMlirPch PRIVATE
    <optional> <string> <vector>
    <mlir/Dialect/Func/IR/FuncOps.h>
    <mlir/Dialect/Tensor/IR/Tensor.h>
    <mlir/IR/Builders.h>
    <mlir/IR/BuiltinOps.h>
    <mlir/IR/BuiltinTypes.h>
    <mlir/IR/OpImplementation.h>
    <mlir/IR/PatternMatch.h>
    <mlir/Pass/Pass.h>)
endif()

# libMLIR and libLLVM; in a target with the property TILEWORK_STATIC what it
# needs of their archives, which refer to each other in every direction.
file(GLOB archives "${LLVM_LIBRARY_DIR}/libMLIR*.a")
list(FILTER archives EXCLUDE REGEX "CAPI")
list(JOIN archives " " archives)
set(script "${PROJECT_BINARY_DIR}/cmake/libMlirArchives.a")
file(CONFIGURE OUTPUT "${script}" CONTENT
  "GROUP ( ${archives} ${LLVM_LIBRARY_DIR}/libLLVMSupport.a ${LLVM_LIBRARY_DIR}/libLLVMDemangle.a )\n" @ONLY)
set(static "$<BOOL:$<TARGET_PROPERTY:TILEWORK_STATIC>>")
add_library(TileworkMlirLibraries INTERFACE)
target_link_libraries(TileworkMlirLibraries INTERFACE
  "$<${static}:${script}>" "$<$<NOT:${static}>:MLIR>" "$<$<NOT:${static}>:LLVM>")

# A library that uses MLIR. TABLEGEN names the targets made by
# tilework_tablegen (or add_public_tablegen_target) whose output it includes.
function(tilework_add_mlir_library name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "NO_PCH" "" "SOURCES;LINK;TABLEGEN")
  tilework_add_library(${name} SOURCES ${ARG_SOURCES} LINK ${ARG_LINK} TileworkMlirLibraries)
  _tilework_mlir_settings(${name})
  if(TILEWORK_USE_PCH AND NOT ARG_NO_PCH)
    target_precompile_headers(${name} REUSE_FROM TileworkMlirPch)
  endif()
  if(ARG_TABLEGEN)
    add_dependencies(${name} ${ARG_TABLEGEN})
  endif()
  # Half of the time goes into headers and the templates that they instantiate.
  # The preset dev compiles each file alone.
  set_target_properties(${name} PROPERTIES UNITY_BUILD ${TILEWORK_UNITY} UNITY_BUILD_BATCH_SIZE 8)
endfunction()

# For a target without loops over data (generated accessors, a command line,
# reports), where optimising takes longer than it ever gives back.
function(tilework_compile_lightly name)
  target_compile_options(${name} PRIVATE "$<$<CONFIG:Release>:-O1>")
endfunction()

# A program in build/bin. MLIR_ARCHIVES names MLIR's tool libraries
# (MLIROptLib, MLIRLspServerLib, ...), which are no part of libMLIR.so: they are
# linked as files, because their exported targets would bring static copies of
# everything that libMLIR.so already has.
function(tilework_add_executable name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "SOURCES;LINK;MLIR_ARCHIVES")
  add_executable(${name} ${ARG_SOURCES})
  _tilework_common_settings(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LINK})
  if(ARG_MLIR_ARCHIVES)
    _tilework_mlir_settings(${name})
    foreach(archive IN LISTS ARG_MLIR_ARCHIVES)
      target_link_libraries(${name} PRIVATE "$<TARGET_FILE:${archive}>")
    endforeach()
    target_link_libraries(${name} PRIVATE MLIR LLVM)
  endif()
endfunction()

# A GoogleTest program with its own main, each case registered with ctest.
function(tilework_add_unittest name)
  if(NOT TILEWORK_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "TIMEOUT" "SOURCES;LINK;LABELS")
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  tilework_add_executable(${name}
    SOURCES ${ARG_SOURCES} LINK ${ARG_LINK} GTest::gtest_main)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/test/bin")
  gtest_discover_tests(${name}
    DISCOVERY_MODE PRE_TEST
    TEST_PREFIX "${name}."
    PROPERTIES LABELS "unit;${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
endfunction()

# Runs mlir-tblgen on one .td file, once per OUTPUT group, into the build
# folder beside it; `name` becomes the target to depend on.
#
#   tilework_tablegen(NPUOpsIncGen DEFINITIONS NPUOps.td
#     OUTPUT NPUOps.h.inc -gen-op-decls
#     OUTPUT NPUOps.cpp.inc -gen-op-defs)
function(tilework_tablegen name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "DEFINITIONS" "DEPENDS")
  include_directories("${PROJECT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}"
                      ${MLIR_INCLUDE_DIRS})
  set(LLVM_TARGET_DEFINITIONS "${ARG_DEFINITIONS}")
  set(output "")
  set(flags "")
  set(expect_file FALSE)
  foreach(word IN LISTS ARG_UNPARSED_ARGUMENTS ITEMS OUTPUT)
    if(word STREQUAL "OUTPUT")
      if(output)
        mlir_tablegen(${output} ${flags} DEPENDS ${ARG_DEPENDS})
      endif()
      set(expect_file TRUE)
      set(flags "")
    elseif(expect_file)
      set(output "${word}")
      set(expect_file FALSE)
    else()
      list(APPEND flags "${word}")
    endif()
  endforeach()
  add_custom_target(${name} DEPENDS ${TABLEGEN_OUTPUT})
endfunction()

# Files that dialects/recordgen makes from records: each OUTPUT is a kind of
# `script` and a file in this folder's build folder. The kind `python` becomes
# part of the Python package. Like
#
#   tilework_recordgen(TileworkEventGen GENERATOR eventgen
#     DEFINITIONS Events.td DEPENDS EventBase.td
#     OUTPUT header=Events.h page=Events.md)
function(tilework_recordgen name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "GENERATOR;DEFINITIONS" "OUTPUT;ARGUMENTS;DEPENDS")
  set(folder "${PROJECT_SOURCE_DIR}/dialects/recordgen")
  file(GLOB generator CONFIGURE_DEPENDS "${folder}/*.py" "${folder}/templates/*.in")
  set(arguments "")
  set(files "")
  foreach(output IN LISTS ARG_OUTPUT)
    string(REGEX MATCH "^([a-z_]+)=(.+)$" output "${output}")
    set(file "${CMAKE_CURRENT_BINARY_DIR}/${CMAKE_MATCH_2}")
    list(APPEND files "${file}")
    list(APPEND arguments --output "${CMAKE_MATCH_1}=${file}")
    if(CMAKE_MATCH_1 STREQUAL "python" AND TILEWORK_BUILD_PYTHON)
      tilework_add_python_data(FILES "${file}" TARGETS ${name})
    endif()
  endforeach()
  add_custom_command(
    OUTPUT ${files}
    COMMAND "${Python3_EXECUTABLE}" -B "${folder}/${ARG_GENERATOR}.py"
      --tblgen "${LLVM_TBLGEN_EXECUTABLE}" --root "${PROJECT_SOURCE_DIR}"
      --definitions "${CMAKE_CURRENT_SOURCE_DIR}/${ARG_DEFINITIONS}"
      ${ARG_ARGUMENTS} ${arguments}
    DEPENDS ${ARG_DEFINITIONS} ${ARG_DEPENDS} ${generator}
    COMMENT "Generating from ${ARG_DEFINITIONS}"
    VERBATIM)
  add_custom_target(${name} DEPENDS ${files})
endfunction()
