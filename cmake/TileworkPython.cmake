# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# The Python package as the build sees it.
#
#   tilework_add_python_package(tilework)
#   tilework_add_python_module(_native SOURCES ... [LINK ...] [PACKAGE tilework])
#   tilework_add_python_data(FILES ... [TARGETS ...] [PACKAGE tilework])
#
# build/python/tilework is the importable package: links to the sources in the
# folder that declares it, beside the compiled module and generated files, so
# that an edit needs no build. `pip install .` collects the same files through
# the install component `python`.

set(TILEWORK_PYTHON_DIR "${PROJECT_BINARY_DIR}/python")

# Links ${CMAKE_CURRENT_SOURCE_DIR}/<package>/**.py, **.pyi and py.typed.
function(tilework_add_python_package package)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS
    RELATIVE "${CMAKE_CURRENT_SOURCE_DIR}"
    "${CMAKE_CURRENT_SOURCE_DIR}/${package}/*.py"
    "${CMAKE_CURRENT_SOURCE_DIR}/${package}/*.pyi"
    "${CMAKE_CURRENT_SOURCE_DIR}/${package}/py.typed")
  file(GLOB_RECURSE stale LIST_DIRECTORIES FALSE "${TILEWORK_PYTHON_DIR}/${package}/*.py")
  foreach(link IN LISTS stale)
    if(IS_SYMLINK "${link}" AND NOT EXISTS "${link}")
      file(REMOVE "${link}")
    endif()
  endforeach()
  foreach(file IN LISTS files)
    cmake_path(GET file PARENT_PATH folder)
    file(MAKE_DIRECTORY "${TILEWORK_PYTHON_DIR}/${folder}")
    file(CREATE_LINK "${CMAKE_CURRENT_SOURCE_DIR}/${file}"
      "${TILEWORK_PYTHON_DIR}/${file}" SYMBOLIC)
    install(FILES "${file}" DESTINATION "${folder}" COMPONENT python)
  endforeach()
endfunction()

# A pybind11 module; PythonModule.map says which of its symbols are visible.
# Python loads modules apart from each other, so imports go in any order.
function(tilework_add_python_module name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "PACKAGE" "SOURCES;LINK")
  if(NOT ARG_PACKAGE)
    set(ARG_PACKAGE tilework)
  endif()
  pybind11_add_module(${name} MODULE NO_EXTRAS ${ARG_SOURCES})
  _tilework_common_settings(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LINK})
  set(map "${PROJECT_SOURCE_DIR}/cmake/PythonModule.map")
  target_link_options(${name} PRIVATE "LINKER:--version-script=${map}")
  set_target_properties(${name} PROPERTIES
    LINK_DEPENDS "${map}"
    LIBRARY_OUTPUT_DIRECTORY "${TILEWORK_PYTHON_DIR}/${ARG_PACKAGE}")
  install(TARGETS ${name} LIBRARY DESTINATION "${ARG_PACKAGE}" COMPONENT python)
endfunction()

# Generated files that belong into the package; TARGETS make them. The targets
# that copy them are in the global property TILEWORK_PYTHON_DATA.
function(tilework_add_python_data)
  cmake_parse_arguments(PARSE_ARGV 0 ARG "" "PACKAGE" "FILES;TARGETS")
  if(NOT ARG_PACKAGE)
    set(ARG_PACKAGE tilework)
  endif()
  foreach(file IN LISTS ARG_FILES)
    cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}")
    cmake_path(GET file FILENAME base)
    set(copy "${TILEWORK_PYTHON_DIR}/${ARG_PACKAGE}/${base}")
    if(NOT file STREQUAL copy)
      string(MAKE_C_IDENTIFIER "python_data_${ARG_PACKAGE}_${base}" target)
      add_custom_command(OUTPUT "${copy}"
        COMMAND "${CMAKE_COMMAND}" -E copy_if_different "${file}" "${copy}"
        DEPENDS "${file}" ${ARG_TARGETS})
      add_custom_target(${target} ALL DEPENDS "${copy}")
      set_property(GLOBAL APPEND PROPERTY TILEWORK_PYTHON_DATA ${target})
    endif()
    install(FILES "${file}" DESTINATION "${ARG_PACKAGE}" COMPONENT python)
  endforeach()
endfunction()

# Makes a target one of the wheel: without libMLIR and libLLVM, with the other
# libraries in the folder lib beside it, for glibc 2.34. Built by TileworkWheel.
function(tilework_for_wheel name output)
  target_sources(${name} PRIVATE "${PROJECT_SOURCE_DIR}/runtime/python/Arc4random.cpp")
  target_link_options(${name} PRIVATE LINKER:--gc-sections -s)
  set_target_properties(${name} PROPERTIES
    TILEWORK_STATIC ON
    EXCLUDE_FROM_ALL ON
    OUTPUT_NAME "${output}"
    BUILD_WITH_INSTALL_RPATH ON
    INSTALL_RPATH "$ORIGIN/lib"
    INSTALL_RPATH_USE_LINK_PATH OFF
    LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/wheel"
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/wheel")
endfunction()

# A program that `pip install` puts on the path.
function(tilework_install_program name)
  set(folder bin)
  if(SKBUILD)
    set(folder "${SKBUILD_SCRIPTS_DIR}")
  endif()
  install(TARGETS ${name} RUNTIME DESTINATION "${folder}" COMPONENT python)
endfunction()
