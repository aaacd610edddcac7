// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What blocks report to tw_counters beside activities: by how much each counter of tw_event_pkg grows in a cycle. A counter
// belongs to one block; the others report 0.

package tw_counter_pkg;
  import tw_config_pkg::*;
  import tw_event_pkg::*;

  localparam int unsigned CounterStepWidth = $clog2(4096 * AxiPorts + 1);  // at most the longest burst on every port

  typedef logic [CounterStepWidth-1:0] counts_t [CounterCount];

endpackage
