// RUN: tilework-opt %s | tilework-opt | FileCheck %s
// RUN: tilework-opt %s --mlir-print-op-generic | tilework-opt | FileCheck %s
// RUN: tilework-opt %s --emit-bytecode | tilework-opt | FileCheck %s

// CHECK-LABEL: isa.program @every_kind_of_field
isa.program @every_kind_of_field {
  // CHECK: isa.set_address destination = a3, space = scratchpad, value = 1024, stride = -1, limit = 4096
  isa.set_address destination = a3, space = scratchpad, value = 1024, stride = -1, limit = 4096
  // CHECK: isa.copy_address destination = a4, source = a3, offset = -549755813888
  isa.copy_address destination = a4, source = a3, offset = -549755813888
  // CHECK: isa.offset_address destination = a4, launch_parameter = p15, multiplier = -2
  isa.offset_address destination = a4, launch_parameter = p15, multiplier = -2
  // CHECK: isa.set_extent destination = e2, tile = 16, total_source = parameter, launch_parameter = p1
  isa.set_extent destination = e2, tile = 16, total_source = parameter, launch_parameter = p1
  // CHECK: isa.set_scalar destination = s1, value = 0.1
  isa.set_scalar destination = s1, value = 0.1
  // CHECK: isa.set_scalar destination = s2, value = bits_ff800000
  isa.set_scalar destination = s2, value = bits_ff800000
  // CHECK: isa.set_scalar destination = s3, value = -1.0e-20
  isa.set_scalar destination = s3, value = -1.0e-20
  // CHECK: isa.loop trip_source = extent, index = 2, length = 2, extent0 = e2, update5 = a4 by -64
  isa.loop trip_source = extent, index = 2, length = 2, extent0 = e2, update5 = a4 by -64
  // CHECK: isa.load wait_load = 0, wait_vector = 30, dram = a1, dram_offset = -64, tile = a31, outer = 1, rows = e2, elements = 65535
  isa.load wait_vector = 30, wait_load = 0, dram = a1, dram_offset = -64, tile = a31, outer = 1, rows = e2, elements = 65535
  // CHECK: isa.vector {{.*}}source_type = int8, {{.*}}func = gelu_tanh, {{.*}}reduce_accumulate = true
  isa.vector source_type = int8, func = gelu_tanh, reduce_accumulate = true
  // CHECK: isa.null unit = vector
  isa.null unit = vector, wait_load = none
  // CHECK: isa.call target = 12, context_id = 7 {note = "kept"}
  isa.call target = 12, context_id = 7 {note = "kept"}
  // CHECK: isa.return
  isa.return
  // CHECK: isa.halt
  isa.halt
}

// Loops may end together; the inner one ends first.
// CHECK-LABEL: isa.program @nested
isa.program @nested {
  isa.loop trip_source = immediate, count = 2, length = 3
  isa.null unit = load
  isa.loop trip_source = parameter, index = 3, length = 1
  isa.null unit = store
  isa.halt
}
