// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Execute stage of unit instructions: reads the registers that the instruction names, fills the unit's packet, finds the
// traps that need no footprint and hands the footprints to the check stage. Combinational; with enable_i low everything
// is zero. trap_o is the first cause in order of priority (dialects/isa/RationaleISA.md lists them), TrapNone otherwise;
// the counts of waits are filled in at dispatch, from wait_fields_o.
//
//   instruction_i ─┬─▶ addresses_i, extents_i, scalars_i ─▶ packets, footprints ─▶ check stage
//                  └─▶ rules ─▶ trap_o

module tw_sequencer_resolve
  import tw_config_pkg::*;
  import tw_event_pkg::*;
  import tw_unit_pkg::*;
  import tw_isa_pkg::*;
  import tw_sequencer_pkg::*;
(
  input  logic                                            enable_i,
  input  instruction_t                                    instruction_i,
  input  logic [PcWidth-1:0]                              pc_i,
  input  logic [ContextWidth-1:0]                         context_i,
  input  address_register_t                               addresses_i [AddressRegisters],
  input  logic [AddressRegisters-1:0]                     addresses_set_i,
  input  extent_register_t                                extents_i [ExtentRegisters],
  input  logic [ExtentRegisters-1:0]                      extents_set_i,
  input  logic [31:0]                                     scalars_i [ScalarRegisters],
  input  logic [ScalarRegisters-1:0]                      scalars_set_i,
  input  logic [DramAddressWidth-1:0]                     segment_base_i [Segments],
  input  logic [LoopDepth-1:0]                            loop_active_i,
  input  logic [LoopDepth-1:0]                            loop_first_i,

  output trap_e                                           trap_o,
  output dma_packet_t                                     dma_packet_o,
  output array_packet_t                                   array_packet_o,
  output vector_packet_t                                  vector_packet_o,
  output logic [UnitCount-1:0][WaitBits-1:0]              wait_fields_o,
  output footprint_t [FootprintCount-1:0]                 footprints_o,
  output logic                                            join_outer_o
);

  localparam int unsigned RowBytesLog2 = $clog2(RowBytes);
  localparam int unsigned ColumnsLog2 = $clog2(Columns);

  typedef logic signed [StartWidth-1:0] start_t;
  typedef logic [CountOfStridesWidth-1:0] strides_t;

  // Causes as they are found; the lowest number wins.
  logic bad_register, bad_nesting, bad_shape, bad_bounds;

  function automatic logic [ExtentWidth-1:0] read_extent(extent_t operand);
    extent_register_t register_value;
    register_value = extents_i[operand.value[3:0]];
    if (!operand.is_register) return ExtentWidth'(operand.value);
    return register_value.tile < register_value.remaining ? register_value.tile : register_value.remaining;
  endfunction

  function automatic strides_t less_one(strides_t count);
    return count - 1'b1;
  endfunction

  function automatic logic extent_unset(extent_t operand);
    return operand.is_register && !extents_set_i[operand.value[3:0]];
  endfunction

  function automatic logic wrong_address(logic [4:0] index, space_e space);
    return !addresses_set_i[index] || addresses_i[index].space != space;
  endfunction

  function automatic start_t start_of(address_register_t register_value, start_t offset);
    return start_t'({2'b00, register_value.value}) + offset;
  endfunction

  function automatic tile_t tile_of(address_register_t register_value, start_t offset, logic [8:0] first);
    tile_t  tile;
    start_t start;
    start             = start_of(register_value, offset);
    tile              = '0;
    tile.in_accumulator = register_value.space == SpaceAccumulator;
    tile.row          = start[RowWidth-1:0];
    tile.stride       = register_value.stride[RowWidth-1:0];
    tile.block_stride = register_value.block_stride[RowWidth-1:0];
    tile.first        = first;
    return tile;
  endfunction

  // Rows of a tile from the first to one past the last.
  function automatic footprint_t tile_footprint(address_register_t register_value, start_t offset,
                                                strides_t rows, strides_t blocks);
    footprint_t footprint;
    footprint          = '0;
    footprint.active   = 1'b1;
    footprint.start    = start_of(register_value, offset);
    footprint.count_a  = rows;
    footprint.stride_a = register_value.stride[30:0];
    footprint.count_b  = blocks;
    footprint.stride_b = register_value.block_stride[30:0];
    footprint.extra    = BytesWidth'(1);
    footprint.wrap     = register_value.wrap;
    footprint.limit    = register_value.limit;
    return footprint;
  endfunction

  function automatic logic [DramAddressWidth-1:0] dram_address(address_register_t register_value, start_t offset);
    start_t start;
    start = start_of(register_value, offset);
    return segment_base_i[register_value.segment] + start[DramAddressWidth-1:0];
  endfunction

  function automatic logic [DramAddressWidth-1:0] extend(logic signed [31:0] stride);
    return DramAddressWidth'(stride);
  endfunction

  opcode_e opcode;
  header_t header;
  assign opcode = opcode_of(instruction_i.word);
  always_comb begin
    header            = '0;
    header.null_op    = opcode == OpNull;
    header.pc         = pc_i;
    header.context_id = context_i;
  end

  // Every unit instruction has its waits at one place.
  assign wait_fields_o = {instruction_i.null_inst.wait_vector, instruction_i.null_inst.wait_array,
                          instruction_i.null_inst.wait_store, instruction_i.null_inst.wait_load};

  // Copies: a load's fields stand for a store's too.
  load_inst_t   copy;
  gather_inst_t gather;
  matmul_inst_t matmul;
  vector_inst_t vector;
  assign copy   = instruction_i.load_inst;
  assign gather = instruction_i.gather_inst;
  assign matmul = instruction_i.matmul_inst;
  assign vector = instruction_i.vector_inst;

  address_register_t [2:0] tiles;    // operands, by their footprint
  address_register_t [2:0] columns;
  logic [ExtentWidth-1:0]  extent_m, extent_n, extent_k;
  logic [BytesWidth-1:0]   row_bytes;
  logic [1:0]              log2_bytes;
  logic                    is_gather, moves;
  logic [8:0]              first;
  logic [BytesWidth:0]     window_bytes;
  start_t                  weights_start, dram_offset, tile_offset;
  logic                    is_int8, by_column;
  logic [LoopDepth-1:0]    loop_bit;
  logic                    uses_element, uses_scalar, uses_statistic, along_rows, reduces;
  logic [2:0]              uses_column, clash, used_statistic, has_tile, has_wide, is_statistic, no_statistic;
  logic [2:0][StatisticWidth-1:0] row_statistic, operand_statistic;
  logic [2:0][7:0]         firsts;
  logic [2:0][13:0]        offsets;
  vector_type_t [2:0] types;
  logic [2:0][12:0]        column_offsets;
  logic [15:0]             statistics_row;
  logic [ExtentWidth-1:0]  entries;
  tile_t [2:0]             vector_tiles;
  logic [CountOfStridesWidth-1:0] extra_rows;

  function automatic logic is_scratchpad_type(vector_type_t value);
    return value == VectorTypeBf16 || value == VectorTypeInt8;
  endfunction
  function automatic logic is_accumulator_type(vector_type_t value);
    return value == VectorTypeFp32 || value == VectorTypeInt32;
  endfunction

  always_comb begin
    bad_register    = 1'b0;
    bad_nesting     = 1'b0;
    bad_shape       = 1'b0;
    bad_bounds      = 1'b0;
    dma_packet_o    = '0;
    array_packet_o  = '0;
    vector_packet_o = '0;
    footprints_o    = '0;
    join_outer_o    = 1'b0;
    tiles           = '0;
    columns         = '0;
    extent_m        = '0;
    extent_n        = '0;
    extent_k        = '0;
    row_bytes       = '0;
    log2_bytes      = '0;
    is_gather       = 1'b0;
    moves           = 1'b0;
    first           = '0;
    window_bytes    = '0;
    weights_start   = '0;
    dram_offset     = '0;
    tile_offset     = '0;
    is_int8         = 1'b0;
    by_column       = 1'b0;
    loop_bit        = '0;
    uses_element    = 1'b0;
    uses_scalar     = 1'b0;
    uses_statistic  = 1'b0;
    along_rows      = 1'b0;
    reduces         = 1'b0;
    uses_column     = '0;
    clash           = '0;
    used_statistic  = '0;
    has_tile        = '0;
    has_wide        = '0;
    row_statistic   = '0;
    is_statistic    = '0;
    no_statistic    = '0;
    operand_statistic = '0;
    firsts          = '0;
    offsets         = '0;
    types           = '0;
    column_offsets  = '0;
    statistics_row  = '0;
    entries         = '0;
    vector_tiles    = '0;
    extra_rows      = '0;

    if (enable_i) begin
      unique case (opcode)
        OpNull: begin
          dma_packet_o.header    = header;
          array_packet_o.header  = header;
          vector_packet_o.header = header;
        end

        OpLoad, OpStore, OpGather: begin
          is_gather  = opcode == OpGather;
          tiles[0]   = addresses_i[is_gather ? gather.dram : copy.dram];
          tiles[1]   = addresses_i[is_gather ? gather.tile : copy.tile];
          tiles[2]   = addresses_i[gather.indices];
          first      = is_gather ? gather.tile_first : copy.tile_first;
          dram_offset = is_gather ? start_t'(gather.dram_offset) : start_t'(copy.dram_offset);
          tile_offset = is_gather ? start_t'(gather.tile_offset) : start_t'(copy.tile_offset);
          log2_bytes = is_gather ? gather.element_log2_bytes : copy.element_log2_bytes;
          extent_m   = read_extent(is_gather ? gather.rows : copy.rows);
          extent_n   = read_extent(is_gather ? gather.elements : copy.elements);
          extent_k   = is_gather ? ExtentWidth'(1) : read_extent(copy.outer);
          row_bytes  = BytesWidth'(extent_n) << log2_bytes;
          moves      = extent_m != '0 && extent_k != '0 && row_bytes != '0;
          window_bytes = (BytesWidth + 1)'(first) + (BytesWidth + 1)'(row_bytes);

          bad_register = wrong_address(is_gather ? gather.dram : copy.dram, SpaceDram) ||
                         wrong_address(is_gather ? gather.tile : copy.tile, SpaceScratchpad) ||
                         (is_gather && wrong_address(gather.indices, SpaceDram)) ||
                         extent_unset(is_gather ? gather.rows : copy.rows) ||
                         extent_unset(is_gather ? gather.elements : copy.elements) ||
                         (!is_gather && extent_unset(copy.outer));
          bad_shape = log2_bytes == 2'd3 || tiles[0].stride < 0 || tiles[1].stride < 0 ||
                      tiles[1].block_stride < 0 || (!is_gather && tiles[0].block_stride < 0) ||
                      (opcode != OpStore && extent_m > 1 && tiles[1].stride == 0) ||
                      (first != '0 && window_bytes > (BytesWidth + 1)'(RowBytes));

          dma_packet_o.header       = header;
          dma_packet_o.gather       = is_gather;
          dma_packet_o.dram_address = dram_address(tiles[0], dram_offset);
          dma_packet_o.dram_stride  = extend(tiles[0].stride);
          dma_packet_o.tile         = tile_of(tiles[1], tile_offset,
                                              first);
          dma_packet_o.outer        = extent_k;
          dma_packet_o.rows         = extent_m;
          dma_packet_o.row_bytes    = row_bytes;

          footprints_o[0]         = tile_footprint(tiles[0], dram_offset, '0, '0);
          footprints_o[0].extra   = row_bytes;
          footprints_o[1]         = tile_footprint(tiles[1], tile_offset,
                                                   less_one(strides_t'(extent_m)),
                                                   first != '0 ? '0 : less_one(row_bytes) >> RowBytesLog2);
          footprints_o[1].active  = moves;
          if (is_gather) begin
            bad_shape = bad_shape ||
                        ((segment_base_i[tiles[2].segment][1:0] + tiles[2].value[1:0] + gather.indices_offset[1:0])
                         != 2'b00);
            dma_packet_o.index_address = dram_address(tiles[2], StartWidth'(gather.indices_offset));
            dma_packet_o.bound         = gather.bound;
            footprints_o[0].active     = moves && gather.bound != '0;
            footprints_o[0].count_a    = less_one(strides_t'(gather.bound));
            footprints_o[2]            = tile_footprint(tiles[2], StartWidth'(gather.indices_offset), '0,
                                                        less_one(strides_t'(extent_m)));
            footprints_o[2].stride_b   = 31'd4;
            footprints_o[2].extra      = BytesWidth'(4);
            footprints_o[2].active     = moves;
          end else begin
            dma_packet_o.dram_outer_stride = extend(tiles[0].block_stride);
            dma_packet_o.tile_outer_stride = copy.outer_stride;
            footprints_o[0].active         = moves;
            footprints_o[0].count_a        = less_one(strides_t'(extent_m));
            footprints_o[0].count_b        = less_one(strides_t'(extent_k));
            footprints_o[2].count_a        = less_one(strides_t'(extent_k));
            footprints_o[2].stride_a       = 31'(copy.outer_stride);
            join_outer_o                   = moves;
          end
        end

        OpMatmul: begin
          tiles[0]      = addresses_i[matmul.activations];
          tiles[1]      = addresses_i[matmul.weights];
          tiles[2]      = addresses_i[matmul.sums];
          extent_m      = read_extent(matmul.rows);
          extent_n      = read_extent(matmul.columns);
          extent_k      = read_extent(matmul.depth);
          is_int8       = matmul.operand_type == MatmulTypeInt8;
          by_column     = matmul.side == WeightSideColumns;
          moves         = extent_m != '0 && extent_n != '0 && extent_k != '0;
          row_bytes     = is_int8 ? BytesWidth'(extent_k) : BytesWidth'(extent_k) << 1;  // of the activations
          window_bytes  = by_column ? (BytesWidth + 1)'(row_bytes) : (BytesWidth + 1)'(extent_n) << 1;  // of the weights
          weights_start = start_of(tiles[1], StartWidth'(matmul.weights_offset));
          loop_bit      = LoopDepth'(1) << matmul.accumulate_loop;
          extra_rows    = by_column ? strides_t'(extent_n)
                                    : is_int8 ? (strides_t'(extent_k) + 1'b1) >> 1 : strides_t'(extent_k);

          bad_register = wrong_address(matmul.activations, SpaceScratchpad) ||
                         wrong_address(matmul.weights, SpaceScratchpad) ||
                         wrong_address(matmul.sums, SpaceAccumulator) || extent_unset(matmul.rows) ||
                         extent_unset(matmul.columns) || extent_unset(matmul.depth);
          bad_nesting  = matmul.accumulate == AccumulateAfterFirst && (loop_bit & loop_active_i) == '0;
          bad_shape    = tiles[0].stride < 0 || tiles[0].block_stride < 0 || tiles[1].block_stride < 0 ||
                         tiles[2].stride < 0 || tiles[2].block_stride < 0 || tiles[1].stride != 1 ||
                         (weights_start & (StartWidth'(WeightRows) - 1'b1)) != '0 ||
                         (tiles[1].block_stride & (32'(WeightRows) - 1)) != '0 ||
                         matmul.activations_first[0] || matmul.weights_first[0] ||
                         (matmul.activations_first != '0 &&
                          (BytesWidth + 1)'(matmul.activations_first) + (BytesWidth + 1)'(row_bytes) >
                          (BytesWidth + 1)'(RowBytes)) ||
                         (matmul.weights_first != '0 &&
                          (BytesWidth + 1)'(matmul.weights_first) + window_bytes > (BytesWidth + 1)'(RowBytes)) ||
                         (extent_m > 1 && tiles[2].stride == 0);

          array_packet_o.header            = header;
          array_packet_o.activations       = tile_of(tiles[0], StartWidth'(matmul.activations_offset),
                                                     matmul.activations_first);
          array_packet_o.weights           = tile_of(tiles[1], StartWidth'(matmul.weights_offset),
                                                     matmul.weights_first);
          array_packet_o.sums              = tile_of(tiles[2], StartWidth'(matmul.sums_offset), '0);
          array_packet_o.rows              = extent_m;
          array_packet_o.columns           = extent_n;
          array_packet_o.depth             = extent_k;
          array_packet_o.weights_by_column = by_column;
          array_packet_o.operand_type      = matmul.operand_type;
          array_packet_o.accumulate        = matmul.accumulate == AccumulateAlways ||
                                             (matmul.accumulate == AccumulateAfterFirst &&
                                              (loop_bit & loop_first_i) == '0);

          footprints_o[0] = tile_footprint(tiles[0], StartWidth'(matmul.activations_offset),
                                           less_one(strides_t'(extent_m)),
                                           matmul.activations_first != '0
                                           ? '0 : less_one(row_bytes) >> RowBytesLog2);
          footprints_o[1] = tile_footprint(tiles[1], StartWidth'(matmul.weights_offset), less_one(extra_rows),
                                           matmul.weights_first != '0
                                           ? '0 : less_one(strides_t'(window_bytes)) >> RowBytesLog2);
          footprints_o[2] = tile_footprint(tiles[2], StartWidth'(matmul.sums_offset), less_one(strides_t'(extent_m)),
                                           less_one(strides_t'(extent_n)) >> ColumnsLog2);
          for (int unsigned i = 0; i < 3; i++) footprints_o[i].active = moves;
        end

        OpVector: begin
          tiles          = {addresses_i[vector.destination], addresses_i[vector.element], addresses_i[vector.source]};
          columns        = {addresses_i[vector.column2], addresses_i[vector.column1], addresses_i[vector.column0]};
          firsts         = {vector.destination_first, vector.element_first, vector.source_first};
          offsets        = {vector.destination_offset, vector.element_offset, vector.source_offset};
          column_offsets = {vector.column2_offset, vector.column1_offset, vector.column0_offset};
          uses_element   = vector.add0 == Add0Element || vector.add1 == Add1Element ||
                           function_reads(vector.func, vector.operand, FunctionOperandElement) ||
                           vector.multiply1 == Multiply1Element;
          uses_scalar    = vector.add0 == Add0Scalar ||
                           function_reads(vector.func, vector.operand, FunctionOperandScalar);
          types          = {vector.destination_type, uses_element ? vector.element_type : VectorTypeNone,
                            vector.source_type};
          uses_column    = {vector.add2 == Add2Column,
                            vector.multiply1 == Multiply1Column ||
                            function_reads(vector.func, vector.operand, FunctionOperandColumn),
                            vector.add0 == Add0Column};
          used_statistic = {vector.multiply1 == Multiply1Statistic ||
                            function_reads(vector.func, vector.operand, FunctionOperandStatistic),
                            vector.add1 == Add1Statistic || vector.add1 == Add1MinusStatistic,
                            vector.multiply0 == Multiply0Statistic};
          row_statistic  = {vector.multiply1_statistic, vector.add1_statistic, vector.multiply0_statistic};
          reduces        = vector.reduce != ReduceNone;
          uses_statistic = used_statistic != '0;
          extent_m       = read_extent(vector.rows);
          extent_n       = read_extent(vector.columns);
          moves          = extent_m != '0 && extent_n != '0;
          statistics_row = 16'(vector.statistics_base) << $clog2(VectorLanes);

          bad_register = extent_unset(vector.rows) || extent_unset(vector.columns) ||
                         (vector.multiply0 == Multiply0Scalar && !scalars_set_i[vector.multiply0_scalar]) ||
                         (uses_scalar && !scalars_set_i[vector.add0_scalar]) ||
                         (uses_column[0] && wrong_address(vector.column0, SpaceScratchpad)) ||
                         (uses_column[1] && wrong_address(vector.column1, SpaceScratchpad)) ||
                         (uses_column[2] && wrong_address(vector.column2, SpaceScratchpad));
          if (is_scratchpad_type(types[0]) || is_accumulator_type(types[0])) begin
            bad_register = bad_register || wrong_address(vector.source, is_scratchpad_type(types[0]) ? SpaceScratchpad
                                                                                                     : SpaceAccumulator);
          end
          if (is_scratchpad_type(types[1]) || is_accumulator_type(types[1])) begin
            bad_register = bad_register || wrong_address(vector.element, is_scratchpad_type(types[1]) ? SpaceScratchpad
                                                                                                      : SpaceAccumulator);
          end
          if (is_scratchpad_type(types[2]) || is_accumulator_type(types[2])) begin
            bad_register = bad_register || wrong_address(vector.destination,
                                                         is_scratchpad_type(types[2]) ? SpaceScratchpad
                                                                                      : SpaceAccumulator);
          end

          for (int unsigned i = 0; i < 3; i++) begin
            is_statistic[i]      = types[i] == VectorTypeStatistics;
            operand_statistic[i] = is_statistic[i] ? offsets[i][StatisticWidth-1:0] : '0;
            no_statistic[i]      = is_statistic[i] && offsets[i] >= 14'(Statistics);
          end
          for (int unsigned i = 0; i < 3; i++) begin
            clash[i] = used_statistic[i] &&
                       ((is_statistic[2] && row_statistic[i] == operand_statistic[2]) ||
                        (reduces && row_statistic[i] == vector.reduce_statistic) ||
                        (vector.reduce == ReduceSumAndSquares &&
                         row_statistic[i] == vector.reduce_statistic + 2'd1));
          end
          along_rows = is_statistic != '0;
          bad_shape = types[0] == VectorTypeNone || no_statistic != '0 || (uses_element && types[1] == VectorTypeNone) ||
                      (along_rows && (extent_m > 1 || reduces)) || clash != '0;
          for (int unsigned i = 0; i < 3; i++) begin
            has_tile[i] = is_scratchpad_type(types[i]) || is_accumulator_type(types[i]);
            has_wide[i] = types[i] == VectorTypeInt8;
            if (has_tile[i]) begin
              bad_shape = bad_shape || tiles[i].stride < 0 || tiles[i].block_stride < 0 ||
                          (firsts[i] != '0 &&
                           (is_accumulator_type(types[i]) ||
                            (ExtentWidth + 1)'(firsts[i]) + (ExtentWidth + 1)'(extent_n) >
                            (has_wide[i] ? (ExtentWidth + 1)'(2 * Lanes) : (ExtentWidth + 1)'(Lanes)) ||
                            (extent_n > ExtentWidth'(VectorLanes) &&
                             (32'(firsts[i]) & 32'(VectorLanes - 1)) != '0)));
              vector_tiles[i] = tile_of(tiles[i], StartWidth'(offsets[i]), 9'(firsts[i]));
              footprints_o[i] = tile_footprint(tiles[i], StartWidth'(offsets[i]), less_one(strides_t'(extent_m)),
                                               firsts[i] != '0 ? '0 :
                                               less_one(strides_t'(extent_n)) >>
                                                         (is_accumulator_type(types[i]) ? ColumnsLog2
                                                           : has_wide[i] ? RowBytesLog2 : RowBytesLog2 - 1));
              footprints_o[i].active = moves;
            end
            if (uses_column[i]) begin
              bad_shape = bad_shape || columns[i].block_stride < 0;
              vector_packet_o.columns[i] = tile_of(columns[i], StartWidth'(column_offsets[i]), '0);
              footprints_o[3+i] = tile_footprint(columns[i], StartWidth'(column_offsets[i]), '0,
                                                 less_one(strides_t'(extent_n)) >> (RowBytesLog2 - 1));
              footprints_o[3+i].active = moves;
            end
          end
          bad_shape = bad_shape || (has_tile[2] && extent_m > 1 && tiles[2].stride == 0);

          if (along_rows) entries = extent_n;
          if ((uses_statistic || reduces) && extent_m > entries) entries = extent_m;
          bad_bounds = moves && entries != '0 &&
                       (ExtentWidth + 1)'(statistics_row) + (ExtentWidth + 1)'(entries) >
                       (ExtentWidth + 1)'(StatisticsRows);

          vector_packet_o.header                = header;
          vector_packet_o.source                = vector_tiles[0];
          vector_packet_o.element               = vector_tiles[1];
          vector_packet_o.destination           = vector_tiles[2];
          vector_packet_o.rows                  = extent_m;
          vector_packet_o.elements              = extent_n;
          vector_packet_o.source_type           = types[0];
          vector_packet_o.element_type          = types[1];
          vector_packet_o.destination_type      = types[2];
          vector_packet_o.multiply0             = vector.multiply0;
          vector_packet_o.add0                  = vector.add0;
          vector_packet_o.add1                  = vector.add1;
          vector_packet_o.func                  = vector.func;
          vector_packet_o.operand               = vector.operand;
          vector_packet_o.multiply1             = vector.multiply1;
          vector_packet_o.add2                  = vector.add2;
          vector_packet_o.reduce                = vector.reduce;
          vector_packet_o.reduce_accumulate     = vector.reduce_accumulate;
          vector_packet_o.multiply0_scalar      = vector.multiply0 == Multiply0Scalar
                                                  ? scalars_i[vector.multiply0_scalar] : '0;
          vector_packet_o.add0_scalar           = uses_scalar ? scalars_i[vector.add0_scalar] : '0;
          vector_packet_o.source_statistic      = operand_statistic[0];
          vector_packet_o.element_statistic     = operand_statistic[1];
          vector_packet_o.destination_statistic = operand_statistic[2];
          vector_packet_o.multiply0_statistic   = vector.multiply0_statistic;
          vector_packet_o.add1_statistic        = vector.add1_statistic;
          vector_packet_o.multiply1_statistic   = vector.multiply1_statistic;
          vector_packet_o.reduce_statistic      = vector.reduce_statistic;
          vector_packet_o.statistics_row        = statistics_row;
        end

        default: ;
      endcase
    end
  end

  always_comb begin
    if (bad_register) trap_o = TrapBadRegister;
    else if (bad_nesting) trap_o = TrapNesting;
    else if (bad_shape) trap_o = TrapShape;
    else if (bad_bounds) trap_o = TrapBounds;
    else trap_o = TrapNone;
  end

endmodule
