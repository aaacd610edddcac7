# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Finds every library and tool that the build uses and gives each one an
# imported target: MLIR, LLVM, SystemC::systemc, hwy::hwy, yaml-cpp,
# nlohmann_json::nlohmann_json, protozero::protozero, GTest::gtest_main,
# pybind11::module. tools/setup/apt.txt lists the packages they come from.

# Generators and the Python module use the interpreter of the virtual
# environment, which carries the Python packages that they need.
if(NOT Python3_EXECUTABLE AND NOT SKBUILD)
  foreach(candidate "${PROJECT_SOURCE_DIR}/.venv/bin/python" /usr/bin/python3)
    if(EXISTS "${candidate}")
      set(Python3_EXECUTABLE "${candidate}" CACHE FILEPATH "Python interpreter")
      break()
    endif()
  endforeach()
endif()
if(TILEWORK_BUILD_PYTHON)
  find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter Development.Module)
else()
  find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
endif()

find_package(Threads REQUIRED)

# The package accepts its exact version alone, so the major is checked here.
find_package(MLIR REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/mlir)
if(NOT LLVM_VERSION_MAJOR EQUAL 22)
  message(FATAL_ERROR "Tilework needs MLIR 22, found ${LLVM_PACKAGE_VERSION} in "
    "${MLIR_DIR}: install libmlir-22-dev or set MLIR_DIR")
endif()
list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
include(TableGen)
include(AddLLVM)
include(AddMLIR)
message(STATUS "MLIR ${LLVM_PACKAGE_VERSION} in ${MLIR_DIR}")

find_package(hwy REQUIRED CONFIG)
find_package(yaml-cpp REQUIRED CONFIG)
find_package(nlohmann_json REQUIRED CONFIG)

find_path(SystemC_INCLUDE_DIR systemc REQUIRED)
find_library(SystemC_LIBRARY systemc REQUIRED)
add_library(SystemC::systemc UNKNOWN IMPORTED)
set_target_properties(SystemC::systemc PROPERTIES
  IMPORTED_LOCATION "${SystemC_LIBRARY}"
  INTERFACE_INCLUDE_DIRECTORIES "${SystemC_INCLUDE_DIR}"
  INTERFACE_LINK_LIBRARIES Threads::Threads)

find_path(protozero_INCLUDE_DIR protozero/pbf_reader.hpp REQUIRED)
add_library(protozero::protozero INTERFACE IMPORTED)
set_target_properties(protozero::protozero PROPERTIES
  INTERFACE_INCLUDE_DIRECTORIES "${protozero_INCLUDE_DIR}")

find_program(VERILATOR_EXECUTABLE verilator REQUIRED)
find_program(LLVM_TBLGEN_EXECUTABLE llvm-tblgen REQUIRED
  HINTS "${LLVM_TOOLS_BINARY_DIR}" NO_DEFAULT_PATH)

if(TILEWORK_BUILD_TESTS)
  find_package(GTest REQUIRED CONFIG)
  include(GoogleTest)
endif()

if(TILEWORK_BUILD_PYTHON)
  # The package index's pybind11 knows newer Pythons and NumPy 2; Debian's
  # serves where the interpreter has none.
  execute_process(
    COMMAND "${Python3_EXECUTABLE}" -m pybind11 --cmakedir
    OUTPUT_VARIABLE pybind11_hint OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  find_package(pybind11 2.10 REQUIRED CONFIG HINTS "${pybind11_hint}")
endif()
