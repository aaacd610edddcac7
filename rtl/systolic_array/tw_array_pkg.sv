// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the parts of the systolic array hand each other. Positions in a scratchpad row are in lanes of 16 bits: windows of
// the array begin at even bytes and blocks at multiples of a power of two.

package tw_array_pkg;
  import tw_isa_pkg::*;
  import tw_unit_pkg::*;
  import tw_config_pkg::*;

  localparam int unsigned LaneWidth = $clog2(Lanes);
  localparam int unsigned CountedLaneWidth = $clog2(Lanes + 1);      // 0 … Lanes
  localparam int unsigned CountedByteWidth = $clog2(2 * Lanes + 1);  // 0 … 2 · Lanes
  localparam int unsigned DepthWidth = ExtentWidth + 1;              // K in bytes
  localparam int unsigned RowWaves = Rows / WeightRows;              // waves of a block by side
  localparam int unsigned ColumnWaves = Columns / WeightRows;
  localparam int unsigned MaxWaves = Lanes / WeightRows;
  localparam int unsigned WaveWidth = MaxWaves > 1 ? $clog2(MaxWaves) : 1;
  localparam int unsigned SlotWidth = WeightRows > 1 ? $clog2(WeightRows) : 1;
  localparam int unsigned Diagonals = Rows + Columns;

  // An operand of a job.
  typedef struct packed {
    logic [RowWidth-1:0]  row;
    logic [RowWidth-1:0]  stride;
    logic [RowWidth-1:0]  block_stride;
    logic [LaneWidth-1:0] first;
  } operand_t;

  // An instruction as its two processes see it; empty: nothing to read or write.
  typedef struct packed {
    logic                   empty;
    operand_t               activations;
    operand_t               weights;
    logic [SumRowWidth-1:0] sums_row;
    logic [SumRowWidth-1:0] sums_stride;
    logic [SumRowWidth-1:0] sums_block_stride;
    logic [ExtentWidth-1:0] rows;
    logic [ExtentWidth-1:0] columns;
    logic [DepthWidth-1:0]  depth_bytes;
    logic                   weights_by_column;
    matmul_type_e           operand_type;
    logic                   accumulate;
  } job_t;

  // Control of an anti-diagonal in one cycle: a row of activations, the swap, a wave of weights.
  typedef struct packed {
    logic                 row_valid;
    matmul_type_e         operand_type;
    logic                 swap;
    logic                 wave_valid;
    logic                 wave_by_column;
    logic [WaveWidth-1:0] wave;
  } diagonal_t;

  // A row of activations on its way to the sums.
  typedef struct packed {
    logic [SumRowWidth-1:0]         sums_row;
    logic [$clog2(Columns+1)-1:0]   columns;  // written from lane 0 on; 0: nothing, the row only ends an instruction
    logic                           accumulate;
    matmul_type_e                   operand_type;
    logic                           last;     // of the instruction
  } sum_tag_t;

  // Place of a processing element: which wave and which of its elements are for it, by side.
  typedef struct packed {
    logic [WaveWidth-1:0] row_wave;
    logic [SlotWidth-1:0] row_slot;
    logic [WaveWidth-1:0] column_wave;
    logic [SlotWidth-1:0] column_slot;
  } place_t;

endpackage
