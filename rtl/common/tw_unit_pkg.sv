// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What blocks hand each other: dispatch packets (an instruction after the sequencer has resolved it), waits and retire
// records. Widths that depend on the target come from the generated tw_config_pkg, encodings from tw_isa_pkg; units and what
// they do in a cycle come from tw_event_pkg.

package tw_unit_pkg;

  import tw_event_pkg::*;
  import tw_isa_pkg::*;

  localparam int unsigned DramAddressWidth = SetAddressValueWidth;
  localparam int unsigned RowWidth = LoadTileOffsetWidth;       // scratchpad row
  localparam int unsigned SumRowWidth = MatmulSumsOffsetWidth;  // accumulator row
  localparam int unsigned ExtentWidth = SetExtentTotalWidth;    // extents in elements
  localparam int unsigned BytesWidth = ExtentWidth + 2;         // bytes of a tile row, of elements of up to four
  localparam int unsigned CountWidth = 32;                      // retire counts
  localparam int unsigned PcWidth = CallTargetWidth;            // instruction index
  localparam int unsigned ContextWidth = CallContextIdWidth;
  localparam int unsigned TileFirstWidth = LoadTileFirstWidth;  // byte or element in a row
  localparam int unsigned StatisticWidth = VectorReduceStatisticWidth;

  // A value of vector_type_e.
  typedef logic [$bits(vector_type_e)-1:0] vector_type_t;

  // A wait is satisfied once the unit has retired `count` instructions (signed difference ≥ 0).
  typedef struct packed {
    logic                  valid;
    logic [CountWidth-1:0] count;
  } wait_t;

  // Every packet opens with this.
  typedef struct packed {
    logic                    null_op;  // carries waits only
    logic [PcWidth-1:0]      pc;
    logic [ContextWidth-1:0] context_id;
    wait_t [UnitCount-1:0]   waits;    // index = unit
  } header_t;

  // A tile; `first` in bytes for DMA and array, in elements for the vector unit. Rows fit RowWidth in both memories.
  typedef struct packed {
    logic                      in_accumulator;
    logic [RowWidth-1:0]       row;
    logic [RowWidth-1:0]       stride;        // modulo 2^RowWidth: negative strides wrap
    logic [RowWidth-1:0]       block_stride;
    logic [TileFirstWidth-1:0] first;
  } tile_t;

  typedef struct packed {
    header_t                     header;
    logic                        gather;
    logic [DramAddressWidth-1:0] dram_address;
    logic [DramAddressWidth-1:0] dram_stride;        // modulo 2^40
    logic [DramAddressWidth-1:0] dram_outer_stride;  // modulo 2^40
    logic [DramAddressWidth-1:0] index_address;
    logic [ExtentWidth-1:0]      bound;
    tile_t                       tile;
    logic [RowWidth-1:0]         tile_outer_stride;
    logic [ExtentWidth-1:0]      outer;
    logic [ExtentWidth-1:0]      rows;
    logic [BytesWidth-1:0]       row_bytes;
  } dma_packet_t;

  typedef struct packed {
    header_t                header;
    tile_t                  activations;
    tile_t                  weights;
    tile_t                  sums;
    logic [ExtentWidth-1:0] rows;
    logic [ExtentWidth-1:0] columns;
    logic [ExtentWidth-1:0] depth;
    logic                   weights_by_column;
    matmul_type_e           operand_type;
    logic                   accumulate;
  } array_packet_t;

  // Stage selectors have the values of the enumerations in tw_isa_pkg, and their widths.
  typedef struct packed {
    header_t                              header;
    tile_t                                source;
    tile_t                                element;
    tile_t                                destination;
    tile_t [2:0]                          columns;
    logic [ExtentWidth-1:0]               rows;
    logic [ExtentWidth-1:0]               elements;
    vector_type_t                         source_type;
    vector_type_t                         element_type;
    vector_type_t                         destination_type;
    logic [$bits(multiply0_e)-1:0]        multiply0;
    logic [$bits(add0_e)-1:0]             add0;
    logic [$bits(add1_e)-1:0]             add1;
    logic [$bits(vector_function_e)-1:0]  func;
    logic [$bits(function_operand_e)-1:0] operand;
    logic [$bits(multiply1_e)-1:0]        multiply1;
    logic [$bits(add2_e)-1:0]             add2;
    logic [$bits(reduce_e)-1:0]           reduce;
    logic                                 reduce_accumulate;
    logic [31:0]                          multiply0_scalar;
    logic [31:0]                          add0_scalar;
    logic [StatisticWidth-1:0]            source_statistic;
    logic [StatisticWidth-1:0]            element_statistic;
    logic [StatisticWidth-1:0]            destination_statistic;
    logic [StatisticWidth-1:0]            multiply0_statistic;
    logic [StatisticWidth-1:0]            add1_statistic;
    logic [StatisticWidth-1:0]            multiply1_statistic;
    logic [StatisticWidth-1:0]            reduce_statistic;
    logic [15:0]                          statistics_row;
  } vector_packet_t;

  // One a cycle and unit at most, in the cycle in which the instruction ends; start is a cycle number, bytes counts DRAM bytes
  // moved.
  typedef struct packed {
    logic                    valid;
    logic [PcWidth-1:0]      pc;
    logic [ContextWidth-1:0] context_id;
    logic [63:0]             start;
    logic [63:0]             bytes;
  } retire_t;

  // Units whose retires the instruction still waits for.
  function automatic logic [UnitCount-1:0] blocked_by(wait_t [UnitCount-1:0] waits,
                                                      logic [UnitCount-1:0][CountWidth-1:0] retired);
    logic [UnitCount-1:0] blocked;
    for (int unsigned u = 0; u < UnitCount; u++) begin
      blocked[u] = waits[u].valid && $signed(retired[u] - waits[u].count) < 0;
    end
    return blocked;
  endfunction

endpackage
