// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Register file entries of the sequencer and the footprints that its check stage measures.

package tw_sequencer_pkg;

  import tw_unit_pkg::*;
  import tw_isa_pkg::*;

  typedef struct packed {
    space_e                      space;
    logic [5:0]                  segment;
    logic [DramAddressWidth-1:0] value;
    logic signed [31:0]          stride;
    logic signed [31:0]          block_stride;
    logic [31:0]                 wrap;
    logic [DramAddressWidth-1:0] limit;
  } address_register_t;

  typedef struct packed {
    logic [ExtentWidth-1:0] tile;
    logic [ExtentWidth-1:0] total;
    logic [ExtentWidth-1:0] remaining;
  } extent_register_t;

  localparam int unsigned UpdateCount = 6;

  typedef struct packed {
    logic [PcWidth-1:0]                            start;         // body [start, stop)
    logic [PcWidth:0]                              stop;
    logic                                          by_extent;
    logic [3:0]                                    extent_index;
    logic [31:0]                                   trips_left;    // with the present one
    logic                                          first;
    optional_extent_t [1:0]                        extents;
    update_t [UpdateCount-1:0]                     updates;
  } loop_t;

  typedef struct packed {
    logic [PcWidth-1:0]      return_pc;
    logic [2:0]              loop_depth;  // of the caller
    logic [ContextWidth-1:0] context_id;  // of the caller
  } frame_t;

  // A footprint [start, start + span), span = count_a · stride_a + count_b · stride_b + extra, counts from zero: the number
  // of strides from the first row to the last.
  localparam int unsigned StartWidth = DramAddressWidth + 2;
  localparam int unsigned CountOfStridesWidth = BytesWidth;
  typedef struct packed {
    logic                           active;
    logic signed [StartWidth-1:0]   start;
    logic [CountOfStridesWidth-1:0] count_a;
    logic [30:0]                    stride_a;
    logic [CountOfStridesWidth-1:0] count_b;
    logic [30:0]                    stride_b;
    logic [BytesWidth-1:0]          extra;
    logic [31:0]                    wrap;
    logic [DramAddressWidth-1:0]    limit;
  } footprint_t;

  // 0 … 2: tiles (0 may be in DRAM); 3 … 5: column operands, which have no count_a. A load or store has its outer slices,
  // in rows, as count_a of footprint 2 and joins them to footprint 1.
  localparam int unsigned FootprintCount = 6;

endpackage
