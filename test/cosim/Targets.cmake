# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Targets of random co-simulation and of the lint, by name: cosim_<name>.

set(cosim_nano nano)
set(cosim_edge edge)
# Everything as small as it may be.
set(cosim_tiny "nano,systolic_array.rows=2,systolic_array.columns=2,systolic_array.weight_rows_per_cycle=2,\
vector_unit.lanes=1,vector_unit.statistics_rows=8,scratchpad.banks=5,scratchpad.size_bytes=5120,\
accumulator.banks=3,accumulator.size_bytes=1536,axi.data_bytes=8,dma.buffer_bytes=64,dma.burst_bytes=8,\
dma.outstanding_bursts=2,dma.write_batch_bytes=64,dma.interleave_bytes=128,sequencer.queue_depth=1,\
sequencer.buffer_lines=4,sequencer.watchdog_cycles=1024")
# More rows than columns, several ports, channels that are no power of two.
set(cosim_tall "nano,systolic_array.rows=16,systolic_array.columns=4,systolic_array.weight_rows_per_cycle=4,\
vector_unit.lanes=2,scratchpad.banks=16,accumulator.banks=2,axi.ports=4,axi.data_bytes=8,dma.buffer_bytes=128,\
dma.burst_bytes=64,dma.interleave_bytes=128,dma.outstanding_bursts=3,sequencer.queue_depth=2,dram.channels=3,\
dram.interleave_bytes=256")
# More columns than rows, beats wider than a row, a clock that divides no second; a slow memory, which takes longer for all
# outstanding bursts than the watchdog waits.
set(cosim_wide "nano,systolic_array.rows=4,systolic_array.columns=16,systolic_array.weight_rows_per_cycle=2,\
vector_unit.lanes=4,scratchpad.banks=32,accumulator.banks=8,axi.ports=2,axi.data_bytes=128,dma.buffer_bytes=1024,\
dma.burst_bytes=128,dram.channel_bandwidth_bytes_per_s=1G,sequencer.watchdog_cycles=1024,\
dma.interleave_bytes=256,sequencer.queue_depth=5,dma.write_batch_bytes=256,clock.frequency_hz=733M")
# More rows than columns in memories of one bank, a long queue.
set(cosim_one_bank "nano,systolic_array.rows=8,systolic_array.columns=4,systolic_array.weight_rows_per_cycle=4,\
vector_unit.lanes=4,scratchpad.banks=1,scratchpad.size_bytes=16384,accumulator.banks=1,accumulator.size_bytes=2048,\
axi.data_bytes=16,dma.buffer_bytes=64,dma.burst_bytes=16,dma.outstanding_bursts=1024,sequencer.queue_depth=64")
# Banked memory: refresh bank by bank; all banks, with channels that are no power of two and a clock that divides nothing.
set(cosim_banked "nano,dram.model=banked")
set(cosim_banked_odd "nano,dram.model=banked,dram.standard=HBM2E-3600,dram.channels=3,clock.frequency_hz=733M,\
dram.controller_latency_ps=0")
