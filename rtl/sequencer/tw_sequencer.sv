// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sequencer: walks the program, keeps its registers, and hands resolved instructions in order to the units' queues.
// Contract, cycle by cycle (sim/systemc/Sequencer.h is the same):
//
//   fetch ─▶ [word] ─▶ execute ─▶ [check] ─▶ bounds ─▶ [dispatch] ─▶ queue of a unit
//
//   fetch     the word register takes the instruction at the fetch address when the instruction buffer has it (or the
//             address is past the program), the register is free or being executed, and no redirect happens in this cycle.
//   execute   one instruction a cycle, when the check register is free or moves on. Sequencer instructions take effect
//             here; unit instructions, halt and traps go to the check register. Next instruction: a call, a return and a
//             loop without iterations redirect fetch, which costs one cycle.
//   loop      a loop instruction with n > 1 updates holds execute for n − 1 more cycles (it saves one register a cycle).
//             When the next instruction is the end of the innermost loop of the routine, fetch is redirected to its start
//             and the level takes max(1, n) cycles: extents and trips in the first, one update a cycle. In the last of
//             them a loop that is done is left: fetch is redirected behind it, unless the next level ends there too; that
//             one then follows with cycles of its own.
//   check     a trap, a halt, or an instruction whose footprint leaves its region stops everything behind it in the cycle in
//             which it stands in the check register: it never leaves it.
//   dispatch  an instruction waits until its unit's queue has room, then leaves; its waits become retire counts here.
//   stop      with a stop in the check register, dispatch empty and as many retires as dispatches of every unit, stop_o
//             holds: this cycle's number is the length of the run. The watchdog stops at once.
//
// Sustains one instruction a cycle in straight code. The run is on from the cycle after start_i (cycle 0) until stop_o.
// start_i puts everything into the state after reset; it comes when no line is asked for or under way.

module tw_sequencer
  import tw_config_pkg::*;
  import tw_event_pkg::*;
  import tw_unit_pkg::*;
  import tw_isa_pkg::*;
  import tw_sequencer_pkg::*;
(
  input  logic                                 clk_i,
  input  logic                                 rst_ni,

  input  logic                                 start_i,
  input  logic                                 run_i,
  input  logic [DramAddressWidth-1:0]          program_base_i,
  input  logic [PcWidth-1:0]                   instruction_count_i,
  input  logic [PcWidth-1:0]                   entry_i,
  input  logic [31:0]                          parameters_i [LaunchParameters],
  input  logic [DramAddressWidth-1:0]          segment_base_i [Segments],
  input  logic [DramAddressWidth:0]            segment_size_i [Segments],

  output logic                                 fetch_req_o,
  output logic [DramAddressWidth-1:0]          fetch_address_o,
  input  logic                                 fetch_gnt_i,
  input  logic                                 fetch_valid_i,
  input  logic [8*AxiDataBytes-1:0]            fetch_data_i,

  output logic [UnitCount-1:0]                 dispatch_valid_o,
  input  logic [UnitCount-1:0]                 dispatch_ready_i,
  output dma_packet_t                          dma_packet_o,
  output array_packet_t                        array_packet_o,
  output vector_packet_t                       vector_packet_o,
  input  logic [UnitCount-1:0][CountWidth-1:0] retired_i,

  input  logic                                 watchdog_i,
  output logic                                 stop_o,
  output trap_e                                trap_o,
  output logic [PcWidth-1:0]                   trap_pc_o,
  output logic [ContextWidth-1:0]              trap_context_o,
  output activity_e                            activity_o
);

  typedef enum logic [1:0] {Run, Save, Iterate} state_e;

  // ---------------------------------------------------------------------------------------------------------------------
  // State
  // ---------------------------------------------------------------------------------------------------------------------

  state_e                      state_q;
  logic [PcWidth-1:0]          fetch_pc_q;
  logic                        word_valid_q, word_inside_q;
  logic [PcWidth-1:0]          word_pc_q;
  instruction_t                word_q;

  address_register_t           addresses_q [AddressRegisters];
  logic [AddressRegisters-1:0] addresses_set_q;
  extent_register_t            extents_q [ExtentRegisters];
  logic [ExtentRegisters-1:0]  extents_set_q;
  logic [31:0]                 scalars_q [ScalarRegisters];
  logic [ScalarRegisters-1:0]  scalars_set_q;

  loop_t                       loops_q [LoopDepth];
  logic [DramAddressWidth-1:0] saved_q [LoopDepth*UpdateCount];
  logic [2:0]                  loop_depth_q;
  frame_t                      frames_q [CallDepth];
  logic [2:0]                  call_depth_q;
  logic [2:0]                  loop_base_q;  // loops of the callers
  logic [ContextWidth-1:0]     context_q;
  logic [UpdateCount-1:0]      todo_q;       // updates to save or apply
  logic                        first_step_q, again_q;

  logic                        check_valid_q, check_stop_q, dispatch_valid_q;
  trap_e                       check_trap_q;
  unit_name_e                  check_unit_q, dispatch_unit_q;
  dma_packet_t                 check_dma_q, dispatch_dma_q;
  array_packet_t               check_array_q, dispatch_array_q;
  vector_packet_t              check_vector_q, dispatch_vector_q;
  logic [UnitCount-1:0][WaitBits-1:0] check_waits_q, dispatch_waits_q;
  footprint_t [FootprintCount-1:0] check_footprints_q;
  logic                        check_join_q;
  logic [PcWidth-1:0]          check_pc_q;
  logic [ContextWidth-1:0]     check_context_q;

  logic [UnitCount-1:0][CountWidth-1:0] dispatched_q;

  // ---------------------------------------------------------------------------------------------------------------------
  // Check and dispatch
  // ---------------------------------------------------------------------------------------------------------------------

  logic                 outside, stopping, dispatch_leaves, check_leaves, check_free;
  wait_t [UnitCount-1:0] waits;

  tw_footprint_check u_footprint_check (
    .footprints_i(check_footprints_q),
    .join_outer_i(check_join_q),
    .outside_o   (outside)
  );

  logic [$clog2(UnitCount)-1:0] dispatch_index;  // the unit among those with a queue
  assign dispatch_index  = $bits(dispatch_index)'(dispatch_unit_q);
  assign stopping        = check_valid_q && (check_stop_q || outside);
  assign dispatch_leaves = dispatch_valid_q && dispatch_ready_i[dispatch_index];
  assign check_leaves    = check_valid_q && !stopping && (!dispatch_valid_q || dispatch_leaves);
  assign check_free      = !check_valid_q || check_leaves;

  always_comb begin
    for (int unsigned u = 0; u < UnitCount; u++) begin
      waits[u].valid = dispatch_waits_q[u] != '0;
      waits[u].count = dispatched_q[u] - CountWidth'(dispatch_waits_q[u]) + 1'b1;
    end
    dispatch_valid_o             = '0;
    dispatch_valid_o[dispatch_index] = dispatch_leaves;
    dma_packet_o                 = dispatch_dma_q;
    dma_packet_o.header.waits    = waits;
    array_packet_o               = dispatch_array_q;
    array_packet_o.header.waits  = waits;
    vector_packet_o              = dispatch_vector_q;
    vector_packet_o.header.waits = waits;
  end

  assign stop_o         = run_i && ((stopping && !dispatch_valid_q && dispatched_q == retired_i) || watchdog_i);
  assign trap_o         = watchdog_i ? TrapWatchdog : outside ? TrapBounds : check_trap_q;
  assign trap_pc_o      = stopping ? check_pc_q : word_valid_q ? word_pc_q : fetch_pc_q;
  assign trap_context_o = stopping ? check_context_q : context_q;

  // ---------------------------------------------------------------------------------------------------------------------
  // Fetch
  // ---------------------------------------------------------------------------------------------------------------------

  logic               hit, fetch_inside, execute, redirect, take_word;
  logic [PcWidth-1:0] redirect_pc;
  instruction_t       fetched;

  tw_instruction_buffer u_instruction_buffer (
    .clk_i,
    .rst_ni,
    .clear_i            (start_i),
    .hold_i             (!run_i || stopping),
    .program_base_i,
    .instruction_count_i,
    .pc_i               (fetch_pc_q),
    .hit_o              (hit),
    .instruction_o      (fetched),
    .fetch_req_o,
    .fetch_address_o,
    .fetch_gnt_i,
    .fetch_valid_i,
    .fetch_data_i
  );

  assign fetch_inside = fetch_pc_q < instruction_count_i;
  assign take_word    = run_i && !stopping && (!word_valid_q || execute) && !redirect && (hit || !fetch_inside);

  // ---------------------------------------------------------------------------------------------------------------------
  // Execute
  // ---------------------------------------------------------------------------------------------------------------------

  opcode_e                         opcode;
  logic                            legal, for_unit;
  trap_e                           resolve_trap, control_trap, trap;
  dma_packet_t                     dma_packet;
  array_packet_t                   array_packet;
  vector_packet_t                  vector_packet;
  logic [UnitCount-1:0][WaitBits-1:0] wait_fields;
  footprint_t [FootprintCount-1:0] footprints;
  logic                            join_outer;
  logic [LoopDepth-1:0]            loop_active, loop_first;

  assign execute  = run_i && word_valid_q && state_q == Run && check_free;
  assign opcode   = opcode_of(word_q.word);
  assign legal    = word_inside_q && is_legal(word_q.word);
  assign for_unit = legal && !is_sequencer_instruction(word_q.word);

  always_comb begin
    for (int unsigned d = 0; d < LoopDepth; d++) begin
      loop_active[d] = 3'(d) < loop_depth_q;
      loop_first[d]  = loops_q[d].first;
    end
  end

  tw_sequencer_resolve u_resolve (
    .enable_i       (execute && for_unit),
    .instruction_i  (word_q),
    .pc_i           (word_pc_q),
    .context_i      (context_q),
    .addresses_i    (addresses_q),
    .addresses_set_i(addresses_set_q),
    .extents_i      (extents_q),
    .extents_set_i  (extents_set_q),
    .scalars_i      (scalars_q),
    .scalars_set_i  (scalars_set_q),
    .segment_base_i (segment_base_i),
    .loop_active_i  (loop_active),
    .loop_first_i   (loop_first),
    .trap_o         (resolve_trap),
    .dma_packet_o   (dma_packet),
    .array_packet_o (array_packet),
    .vector_packet_o(vector_packet),
    .wait_fields_o  (wait_fields),
    .footprints_o   (footprints),
    .join_outer_o   (join_outer)
  );

  // Sequencer instructions.
  set_address_inst_t    set_address;
  copy_address_inst_t   copy_address;
  offset_address_inst_t offset_address;
  set_extent_inst_t     set_extent;
  loop_inst_t           loop_inst;
  call_inst_t           call_inst;
  assign set_address    = word_q.set_address_inst;
  assign copy_address   = word_q.copy_address_inst;
  assign offset_address = word_q.offset_address_inst;
  assign set_extent     = word_q.set_extent_inst;
  assign loop_inst      = word_q.loop_inst;
  assign call_inst      = word_q.call_inst;

  update_t [UpdateCount-1:0] new_updates;
  logic [UpdateCount-1:0]    new_mask, new_unset;
  logic [PcWidth:0]          new_stop;
  logic [31:0]               new_trips;
  logic                      extents_unset, extent_unlisted;
  loop_t                     top;
  frame_t                    frame;
  logic [2:0]                top_index, frame_index;
  logic [DramAddressWidth:0] space_size;

  assign top_index   = loop_depth_q == '0 ? '0 : loop_depth_q - 1'b1;
  assign frame_index = call_depth_q == '0 ? '0 : call_depth_q - 1'b1;
  assign top         = loops_q[top_index];
  assign frame       = frames_q[frame_index[1:0]];
  assign new_updates = {loop_inst.update5, loop_inst.update4, loop_inst.update3,
                        loop_inst.update2, loop_inst.update1, loop_inst.update0};
  assign new_stop    = (PcWidth + 1)'(word_pc_q) + (PcWidth + 1)'(loop_inst.length) + 1'b1;

  always_comb begin
    for (int unsigned i = 0; i < UpdateCount; i++) begin
      new_mask[i]  = new_updates[i].step != '0;
      new_unset[i] = new_mask[i] && !addresses_set_q[new_updates[i].register_index];
    end
    extents_unset   = (loop_inst.extent0.valid && !extents_set_q[loop_inst.extent0.index]) ||
                      (loop_inst.extent1.valid && !extents_set_q[loop_inst.extent1.index]);
    extent_unlisted = loop_inst.trip_source == TripSourceExtent &&
                      !(loop_inst.extent0.valid && loop_inst.extent0.index == loop_inst.index) &&
                      !(loop_inst.extent1.valid && loop_inst.extent1.index == loop_inst.index);
    unique case (loop_inst.trip_source)
      TripSourceParameter: new_trips = parameters_i[loop_inst.index];
      TripSourceExtent:    new_trips = 32'(extents_q[loop_inst.index].total);
      default:             new_trips = 32'(loop_inst.count);
    endcase
    unique case (set_address.space)
      SpaceScratchpad:  space_size = (DramAddressWidth + 1)'(ScratchpadBanks * ScratchpadRowsPerBank);
      SpaceAccumulator: space_size = (DramAddressWidth + 1)'(AccumulatorBanks * AccumulatorRowsPerBank);
      default:          space_size = segment_size_i[set_address.segment];
    endcase
  end

  always_comb begin
    control_trap = TrapNone;
    unique case (opcode)
      OpSetAddress:    if ((DramAddressWidth + 1)'(set_address.limit) > space_size) control_trap = TrapBounds;
      OpCopyAddress:   if (!addresses_set_q[copy_address.source]) control_trap = TrapBadRegister;
      OpOffsetAddress: if (!addresses_set_q[offset_address.destination]) control_trap = TrapBadRegister;
      OpSetExtent:     if (set_extent.tile == '0) control_trap = TrapShape;
      OpLoop: begin
        if (extents_unset || new_unset != '0) control_trap = TrapBadRegister;
        else if (extent_unlisted || loop_inst.length == '0 || loop_depth_q == 3'(LoopDepth) ||
                 (loop_depth_q > loop_base_q && new_stop > top.stop)) control_trap = TrapNesting;
      end
      OpCall:          if (call_depth_q == 3'(CallDepth)) control_trap = TrapNesting;
      OpReturn:        if (call_depth_q == '0 || loop_depth_q != loop_base_q) control_trap = TrapNesting;
      default: ;
    endcase
    if (!word_inside_q) trap = TrapFetch;
    else if (!legal) trap = TrapIllegalInstruction;
    else trap = for_unit ? resolve_trap : control_trap;
  end

  // Where execution goes on, and whether that is the end of a loop of this routine.
  logic             effect, enters_loop, skips_loop, ends_loop;
  logic [PcWidth:0] next_pc;
  logic [2:0]       next_base;
  assign effect      = execute && trap == TrapNone;
  assign enters_loop = legal && opcode == OpLoop && new_trips != '0;
  assign skips_loop  = legal && opcode == OpLoop && new_trips == '0;
  always_comb begin
    next_pc   = (PcWidth + 1)'(word_pc_q) + 1'b1;
    next_base = loop_base_q;
    if (legal && opcode == OpCall) begin
      next_pc   = (PcWidth + 1)'(call_inst.target);
      next_base = loop_depth_q;
    end else if (legal && opcode == OpReturn) begin
      next_pc   = (PcWidth + 1)'(frame.return_pc);
      next_base = call_depth_q > 3'd1 ? frames_q[2'(frame_index - 1'b1)].loop_depth : '0;
    end else if (skips_loop) begin
      next_pc = new_stop;
    end
  end
  assign ends_loop = effect && !enters_loop && !(legal && opcode == OpHalt) && loop_depth_q > next_base &&
                     top.stop == next_pc;

  // ---------------------------------------------------------------------------------------------------------------------
  // Steps of loops
  // ---------------------------------------------------------------------------------------------------------------------

  logic                   step, last_step, again, level_done, outer_ends;
  logic [2:0]             update_index;
  logic [UpdateCount-1:0] todo_rest;
  update_t                update;
  loop_t                  outer;
  extent_register_t [1:0] stepped;  // extents after this iteration
  address_register_t      updated;

  function automatic logic [2:0] lowest(logic [UpdateCount-1:0] mask);
    logic [2:0] index;
    index = '0;
    for (int i = UpdateCount - 1; i >= 0; i--) if (mask[i]) index = 3'(i);
    return index;
  endfunction

  function automatic extent_register_t advance_extent(extent_register_t value);
    extent_register_t result;
    result           = value;
    result.remaining = value.remaining > value.tile ? value.remaining - value.tile : '0;
    return result;
  endfunction

  assign step         = run_i && !stopping && state_q == Iterate;
  assign update_index = lowest(todo_q);
  assign todo_rest    = todo_q & (todo_q - 1'b1);
  assign update       = top.updates[update_index];
  assign updated      = addresses_q[update.register_index];
  assign outer        = loops_q[top_index == '0 ? 3'd0 : top_index - 1'b1];

  always_comb begin
    stepped[0] = advance_extent(extents_q[top.extents[0].index]);
    stepped[1] = advance_extent(top.extents[0].valid && top.extents[0].index == top.extents[1].index
                                ? stepped[0] : extents_q[top.extents[1].index]);
    again = again_q;
    if (first_step_q) begin
      if (!top.by_extent) again = top.trips_left != 32'd1;
      else if (top.extents[1].valid && top.extents[1].index == top.extent_index) again = stepped[1].remaining != '0;
      else again = stepped[0].remaining != '0;
    end
  end

  assign last_step  = step && todo_rest == '0;
  assign level_done = last_step && !again;
  assign outer_ends = level_done && (loop_depth_q - 1'b1) > loop_base_q && outer.stop == top.stop;

  // One adder moves address registers: copies, offsets, updates.
  address_register_t           moved;
  logic signed [64:0]          movement;
  logic [DramAddressWidth-1:0] moved_value;

  always_comb begin
    moved    = updated;
    movement = 65'(update.step);
    if (state_q != Iterate) begin
      if (opcode == OpCopyAddress) begin
        moved    = addresses_q[copy_address.source];
        movement = 65'(copy_address.offset);
      end else begin
        moved    = addresses_q[offset_address.destination];
        movement = 65'(signed'({1'b0, parameters_i[offset_address.launch_parameter]})) *
                   65'(offset_address.multiplier);
      end
    end
    moved_value = moved.value + movement[DramAddressWidth-1:0];
    if (moved.wrap != '0) begin
      if (!movement[64]) begin
        if (moved_value >= moved.limit) moved_value = moved_value - DramAddressWidth'(moved.wrap);
      end else if (moved_value < moved.limit - DramAddressWidth'(moved.wrap) || moved_value >= moved.limit) begin
        moved_value = moved_value + DramAddressWidth'(moved.wrap);
      end
    end
  end

  always_comb begin
    redirect    = 1'b0;
    redirect_pc = top.start;
    if (ends_loop) begin
      redirect = 1'b1;
    end else if (effect && ((legal && (opcode == OpCall || opcode == OpReturn)) || skips_loop)) begin
      redirect    = 1'b1;
      redirect_pc = next_pc[PcWidth-1:0];
    end else if (level_done) begin
      redirect    = 1'b1;
      redirect_pc = outer_ends ? outer.start : top.stop[PcWidth-1:0];
    end
  end

  // ---------------------------------------------------------------------------------------------------------------------
  // Next state
  // ---------------------------------------------------------------------------------------------------------------------

  logic to_check;
  assign to_check = execute && (for_unit || trap != TrapNone || (legal && opcode == OpHalt));

  // The state in which a run begins.
  task automatic begin_run();
    state_q          <= Run;
    fetch_pc_q       <= '0;
    word_valid_q     <= 1'b0;
    check_valid_q    <= 1'b0;
    check_stop_q     <= 1'b0;
    check_trap_q     <= TrapNone;
    dispatch_valid_q <= 1'b0;
    dispatch_unit_q  <= UnitNameLoad;
    dispatched_q     <= '0;
    loop_depth_q     <= '0;
    loop_base_q      <= '0;
    call_depth_q     <= '0;
    context_q        <= '0;
    todo_q           <= '0;
    first_step_q     <= 1'b0;
    again_q          <= 1'b0;
    addresses_set_q  <= '0;
    extents_set_q    <= '0;
    scalars_set_q    <= '0;
    check_footprints_q <= '0;
    check_join_q     <= 1'b0;
  endtask

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      begin_run();
    end else if (start_i) begin
      begin_run();
      fetch_pc_q <= entry_i;
    end else begin
      // Fetch.
      if (redirect) fetch_pc_q <= redirect_pc;
      else if (take_word && fetch_inside) fetch_pc_q <= fetch_pc_q + 1'b1;
      if (redirect) word_valid_q <= 1'b0;
      else if (take_word) word_valid_q <= 1'b1;
      else if (execute) word_valid_q <= 1'b0;

      // Check and dispatch.
      if (to_check) begin
        check_valid_q      <= 1'b1;
        check_stop_q       <= trap != TrapNone || opcode == OpHalt;
        check_trap_q       <= trap;
        check_footprints_q <= trap == TrapNone ? footprints : '0;
        check_join_q       <= trap == TrapNone && join_outer;
      end else if (check_leaves) begin
        check_valid_q      <= 1'b0;
        check_footprints_q <= '0;
      end
      if (check_leaves) begin
        dispatch_valid_q <= 1'b1;
        dispatch_unit_q  <= check_unit_q;
      end else if (dispatch_leaves) begin
        dispatch_valid_q <= 1'b0;
      end
      if (dispatch_leaves) dispatched_q[dispatch_index] <= dispatched_q[dispatch_index] + 1'b1;

      // Effects of sequencer instructions.
      if (effect && !for_unit) begin
        unique case (opcode)
          OpSetAddress:  addresses_set_q[set_address.destination] <= 1'b1;
          OpCopyAddress: addresses_set_q[copy_address.destination] <= 1'b1;
          OpSetExtent:   extents_set_q[set_extent.destination] <= 1'b1;
          OpSetScalar:   scalars_set_q[word_q.set_scalar_inst.destination] <= 1'b1;
          OpLoop: begin
            if (enters_loop) begin
              loop_depth_q <= loop_depth_q + 1'b1;
              todo_q       <= new_mask & (new_mask - 1'b1);
              if ((new_mask & (new_mask - 1'b1)) != '0) state_q <= Save;
            end
          end
          OpCall: begin
            call_depth_q <= call_depth_q + 1'b1;
            loop_base_q  <= loop_depth_q;
            context_q    <= call_inst.context_id;
          end
          OpReturn: begin
            call_depth_q <= call_depth_q - 1'b1;
            loop_base_q  <= next_base;
            context_q    <= frame.context_id;
          end
          default: ;
        endcase
      end
      if (ends_loop) begin
        state_q      <= Iterate;
        first_step_q <= 1'b1;
        for (int unsigned i = 0; i < UpdateCount; i++) todo_q[i] <= top.updates[i].step != '0;
      end

      // Steps of loops.
      if (run_i && !stopping && state_q == Save) begin
        todo_q <= todo_rest;
        if (todo_rest == '0) state_q <= Run;
      end
      if (step) begin
        first_step_q <= 1'b0;
        again_q      <= again;
        todo_q       <= todo_rest;
        if (last_step) begin
          if (!again) loop_depth_q <= loop_depth_q - 1'b1;
          if (outer_ends) begin
            first_step_q <= 1'b1;
            for (int unsigned i = 0; i < UpdateCount; i++) todo_q[i] <= outer.updates[i].step != '0;
          end else begin
            state_q <= Run;
          end
        end
      end
    end
  end

  // Registers without reset.
  always_ff @(posedge clk_i) begin
    if (take_word) begin
      word_q        <= fetched;
      word_pc_q     <= fetch_pc_q;
      word_inside_q <= fetch_inside;
    end
    if (to_check) begin
      check_unit_q    <= unit_of(word_q.word);
      check_pc_q      <= word_pc_q;
      check_context_q <= context_q;
      check_waits_q   <= wait_fields;
      check_dma_q     <= dma_packet;
      check_array_q   <= array_packet;
      check_vector_q  <= vector_packet;
    end
    if (check_leaves) begin
      dispatch_waits_q  <= check_waits_q;
      dispatch_dma_q    <= check_dma_q;
      dispatch_array_q  <= check_array_q;
      dispatch_vector_q <= check_vector_q;
    end

    if (effect && !for_unit) begin
      unique case (opcode)
        OpSetAddress: begin
          addresses_q[set_address.destination] <= '{
            space:        set_address.space,
            segment:      set_address.segment,
            value:        set_address.value,
            stride:       set_address.stride,
            block_stride: set_address.block_stride,
            wrap:         set_address.wrap,
            limit:        set_address.limit
          };
        end
        OpCopyAddress: begin
          addresses_q[copy_address.destination]       <= moved;
          addresses_q[copy_address.destination].value <= moved_value;
        end
        OpOffsetAddress: addresses_q[offset_address.destination].value <= moved_value;
        OpSetExtent: begin
          extents_q[set_extent.destination].tile <= set_extent.tile;
          if (set_extent.total_source == TotalSourceImmediate) begin
            extents_q[set_extent.destination].total     <= set_extent.total;
            extents_q[set_extent.destination].remaining <= set_extent.total;
          end else begin
            extents_q[set_extent.destination].total     <= parameters_i[set_extent.launch_parameter][ExtentWidth-1:0];
            extents_q[set_extent.destination].remaining <= parameters_i[set_extent.launch_parameter][ExtentWidth-1:0];
          end
        end
        OpSetScalar: scalars_q[word_q.set_scalar_inst.destination] <= word_q.set_scalar_inst.value;
        OpLoop: begin
          if (loop_inst.extent0.valid) begin
            extents_q[loop_inst.extent0.index].remaining <= extents_q[loop_inst.extent0.index].total;
          end
          if (loop_inst.extent1.valid) begin
            extents_q[loop_inst.extent1.index].remaining <= extents_q[loop_inst.extent1.index].total;
          end
          if (enters_loop) begin
            loops_q[loop_depth_q] <= '{
              start:        word_pc_q + 1'b1,
              stop:         new_stop,
              by_extent:    loop_inst.trip_source == TripSourceExtent,
              extent_index: loop_inst.index,
              trips_left:   new_trips,
              first:        1'b1,
              extents:      {loop_inst.extent1, loop_inst.extent0},
              updates:      new_updates
            };
            saved_q[6'(loop_depth_q)*6'(UpdateCount)+6'(lowest(new_mask))] <=
              addresses_q[new_updates[lowest(new_mask)].register_index].value;
          end
        end
        OpCall: begin
          frames_q[call_depth_q[1:0]] <= '{
            return_pc:  word_pc_q + 1'b1,
            loop_depth: loop_depth_q,
            context_id: context_q
          };
        end
        default: ;
      endcase
    end

    if (run_i && !stopping && state_q == Save) begin
      saved_q[6'(top_index)*6'(UpdateCount)+6'(update_index)] <= updated.value;
    end
    if (step) begin
      if (first_step_q) begin
        loops_q[top_index].first      <= 1'b0;
        loops_q[top_index].trips_left <= top.trips_left - 1'b1;
        for (int unsigned i = 0; i < 2; i++) begin
          if (top.extents[i].valid) begin
            extents_q[top.extents[i].index].remaining <= again ? stepped[i].remaining : stepped[i].total;
          end
        end
      end
      if (todo_q != '0) begin
        addresses_q[update.register_index].value <=
          again || updated.wrap != '0 ? moved_value
                                      : saved_q[6'(top_index)*6'(UpdateCount)+6'(update_index)];
      end
    end
  end

  always_comb begin
    if (stopping) activity_o = ActivityDrain;
    else if (state_q != Run) activity_o = ActivityControl;
    else if (!word_valid_q) activity_o = hit || !fetch_inside ? ActivityControl : ActivityFetch;
    else if (check_free) activity_o = ActivityBusy;
    else begin
      unique case (dispatch_unit_q)
        UnitNameLoad:  activity_o = ActivityQueueLoad;
        UnitNameStore: activity_o = ActivityQueueStore;
        UnitNameArray: activity_o = ActivityQueueArray;
        default:       activity_o = ActivityQueueVector;
      endcase
    end
  end

`ifdef TW_ASSERT
  always_ff @(posedge clk_i) begin
    if (rst_ni && run_i) begin
      assert (loop_depth_q <= 3'(LoopDepth)) else $error("loop stack overflow");
      assert (!(state_q == Iterate && loop_depth_q == '0)) else $error("end of no loop");
    end
  end
`endif

endmodule
