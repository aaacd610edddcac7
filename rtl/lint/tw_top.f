// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The chip's sources in the order in which tools read them, relative to this folder. The generated packages tw_config_pkg,
// tw_isa_pkg and tw_special_function_pkg come before.
../common/tw_unit_pkg.sv
../common/tw_float_pkg.sv
../sequencer/tw_sequencer_pkg.sv
../dma/tw_dma_pkg.sv
../systolic_array/tw_array_pkg.sv
../top/tw_register_pkg.sv
../common/tw_queue.sv
../common/tw_fp32_add.sv
../common/tw_fp32_multiply.sv
../common/tw_bf16_multiply.sv
../sequencer/tw_footprint_check.sv
../sequencer/tw_instruction_buffer.sv
../sequencer/tw_sequencer.sv
../sequencer/tw_sequencer_resolve.sv
../dma/tw_axi_arbiter.sv
../dma/tw_dma.sv
../dma/tw_dma_buffer.sv
../dma/tw_dma_walker.sv
../dma/tw_load_dma.sv
../dma/tw_load_drain.sv
../dma/tw_load_request.sv
../dma/tw_store_dma.sv
../dma/tw_store_port.sv
../scratchpad/tw_scratchpad.sv
../scratchpad/tw_scratchpad_bank.sv
../scratchpad/tw_scratchpad_memory.sv
../systolic_array/tw_array_align.sv
../systolic_array/tw_array_grid.sv
../systolic_array/tw_array_rows.sv
../systolic_array/tw_array_sums.sv
../systolic_array/tw_array_weights.sv
../systolic_array/tw_processing_element.sv
../systolic_array/tw_sum_lane.sv
../systolic_array/tw_systolic_array.sv
../accumulator/tw_accumulator.sv
../accumulator/tw_accumulator_bank.sv
../vector_unit/tw_vector_function.sv
../vector_unit/tw_vector_lane.sv
../vector_unit/tw_vector_reduce.sv
../vector_unit/tw_vector_statistics.sv
../top/tw_counters.sv
../top/tw_registers.sv
../top/tw_top.sv
