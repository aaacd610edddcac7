# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Writes who links whom, for test/lint to hold against the table of allowed
# directions: a line `target folder link link ...` for each target.

function(_tilework_targets_below folder result)
  get_property(targets DIRECTORY "${folder}" PROPERTY BUILDSYSTEM_TARGETS)
  get_property(inner DIRECTORY "${folder}" PROPERTY SUBDIRECTORIES)
  foreach(next IN LISTS inner)
    _tilework_targets_below("${next}" more)
    list(APPEND targets ${more})
  endforeach()
  set(${result} "${targets}" PARENT_SCOPE)
endfunction()

function(tilework_write_link_graph)
  _tilework_targets_below("${PROJECT_SOURCE_DIR}" targets)
  set(text "")
  foreach(target IN LISTS targets)
    get_target_property(folder ${target} SOURCE_DIR)
    file(RELATIVE_PATH folder "${PROJECT_SOURCE_DIR}" "${folder}")
    set(links "")
    foreach(property LINK_LIBRARIES INTERFACE_LINK_LIBRARIES)
      get_target_property(value ${target} ${property})
      if(value)
        list(APPEND links ${value})
      endif()
    endforeach()
    list(REMOVE_DUPLICATES links)
    list(JOIN links " " links)
    string(APPEND text "${target} ${folder} ${links}\n")
  endforeach()
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/link-graph.txt" CONTENT "${text}" @ONLY)
endfunction()
