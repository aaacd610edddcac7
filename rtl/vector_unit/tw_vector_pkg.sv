// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the parts of the vector unit share: the stages of its pipeline, the control that travels with an item (the elements
// of one row and chunk), and conversions between integers and fp32.

package tw_vector_pkg;

  import tw_unit_pkg::*;
  import tw_isa_pkg::*;

  // Cycles behind the one in which an item is issued. An item is a row of a chunk.
  localparam int unsigned StageSelect = 1;     // operands arrive, lanes are chosen
  localparam int unsigned StageConvert = 2;    // to fp32; columns join
  localparam int unsigned StageMultiply0 = 3;
  localparam int unsigned StageAdd0 = 4;
  localparam int unsigned StageAdd1 = 5;
  localparam int unsigned StageFunction = 6;   // first of FunctionStages
  localparam int unsigned FunctionStages = 7;
  localparam int unsigned StageMultiply1 = StageFunction + FunctionStages;
  localparam int unsigned StageAdd2 = StageMultiply1 + 1;
  localparam int unsigned StageResult = StageAdd2 + 1;  // to the destination's type; squares; then the result queue

  // Items between issue and their write: room in the result queue is reserved at issue.
  localparam int unsigned Credits = 32;
  localparam int unsigned CreditWidth = 6;

  localparam int unsigned PlaceWidth = 10;  // element or byte in a row

  typedef struct packed {
    logic                   last;          // of its instruction
    logic                   empty;         // carries nothing but its instruction's end
    logic                   new_columns;   // first row of a chunk that has columns
    logic                   slot;          // staged columns of the chunk
    vector_type_t           source_type;
    vector_type_t           element_type;  // none when no stage uses it
    vector_type_t           destination_type;
    logic [PlaceWidth-1:0]  source_place;  // byte (scratchpad) or lane (accumulator) of the chunk's first element
    logic [PlaceWidth-1:0]  element_place;
    logic [PlaceWidth-1:0]  destination_place;
    logic [RowWidth-1:0]    destination_row;
    logic [PlaceWidth-1:0]  lanes;         // elements of the tile in this chunk: 1 … VectorLanes
    logic [15:0]            entry;         // of the row in the statistics memory
    logic [15:0]            along;         // entry of the chunk's first element for operands of type statistics
    logic [1:0]             source_statistic;
    logic [1:0]             element_statistic;
    logic [1:0]             destination_statistic;
    logic [1:0]             multiply0_statistic;
    logic [1:0]             add1_statistic;
    logic [1:0]             multiply1_statistic;
    logic [1:0]             reduce_statistic;
    logic [1:0]             multiply0;
    logic [1:0]             add0;
    logic [1:0]             add1;
    logic [4:0]             func;
    logic [1:0]             operand;
    logic [1:0]             multiply1;
    logic                   add2;
    logic [1:0]             reduce;
    logic                   overwrite;     // the tree's result is the statistic
    logic [31:0]            multiply0_scalar;
    logic [31:0]            add0_scalar;
  } item_t;

  // What all lanes do in a cycle; vectors are indexed by stage.
  typedef struct packed {
    logic [StageResult:StageConvert]         valid;
    logic [StageMultiply1:StageConvert]      new_columns;  // and valid
    logic [StageMultiply1:StageConvert]      element;      // valid, and the element is still to be used
    vector_type_t                            source_type;
    vector_type_t                            element_type;
    logic [1:0]                              multiply0;
    logic [31:0]                             multiply0_value;
    logic [1:0]                              add0;
    logic [31:0]                             add0_value;
    logic [1:0]                              add1;
    logic [31:0]                             add1_value;   // negated if it is to be subtracted
    logic [FunctionStages-1:0][4:0]          func;
    logic [1:0]                              operand;
    logic [31:0]                             function_scalar;
    logic [31:0]                             function_statistic;
    logic [1:0]                              multiply1;
    logic [31:0]                             multiply1_value;
    logic                                    add2;
    vector_type_t                            destination_type;
    logic [1:0]                              reduce;
  } lane_control_t;

  function automatic logic is_sum(vector_type_t vector_type);
    return vector_type == VectorTypeFp32 || vector_type == VectorTypeInt32;
  endfunction

  function automatic logic is_row(vector_type_t vector_type);
    return vector_type == VectorTypeBf16 || vector_type == VectorTypeInt8;
  endfunction

  // Nearest even; 0 is +0.
  function automatic logic [31:0] int32_to_fp32(logic [31:0] x);
    logic [31:0] bits;
    logic [4:0]  zeros;
    logic        up;
    bits = x[31] ? -x : x;
    zeros[4] = ~|bits[31:16];
    bits = zeros[4] ? {bits[15:0], 16'd0} : bits;
    zeros[3] = ~|bits[31:24];
    bits = zeros[3] ? {bits[23:0], 8'd0} : bits;
    zeros[2] = ~|bits[31:28];
    bits = zeros[2] ? {bits[27:0], 4'd0} : bits;
    zeros[1] = ~|bits[31:30];
    bits = zeros[1] ? {bits[29:0], 2'd0} : bits;
    zeros[0] = ~bits[31];
    bits = zeros[0] ? {bits[30:0], 1'd0} : bits;
    up = bits[7] & (bits[8] | (|bits[6:0]));
    if (!bits[31]) return 32'd0;
    return {x[31], 8'd158 - {3'd0, zeros}, bits[30:8]} + {31'd0, up};
  endfunction

  // Nearest even; saturates at −2^31 and 2^31 − 1, or at −128 and 127; NaN gives 0.
  function automatic logic [31:0] fp32_to_integer(logic [31:0] x, logic narrow);
    logic [7:0]  exponent;
    logic [55:0] fixed;  // 24 bits of fraction
    logic [31:0] magnitude;
    logic        up;
    exponent = x[30:23];
    if (&exponent && |x[22:0]) return 32'd0;
    if (exponent >= (narrow ? 8'd135 : 8'd158)) begin
      if (narrow) return x[31] ? 32'hffff_ff80 : 32'd127;
      return x[31] ? 32'h8000_0000 : 32'h7fff_ffff;
    end
    if (exponent < 8'd126) return 32'd0;
    fixed = {32'd0, 1'b1, x[22:0]} << (exponent - 8'd126);
    up = fixed[23] & (fixed[24] | (|fixed[22:0]));
    magnitude = fixed[55:24] + {31'd0, up};
    if (narrow) begin
      if (x[31]) return magnitude >= 32'd128 ? 32'hffff_ff80 : -magnitude;
      return magnitude >= 32'd128 ? 32'd127 : magnitude;
    end
    return x[31] ? -magnitude : magnitude;
  endfunction

  function automatic logic [31:0] flush_fp32(logic [31:0] x);
    if (&x[30:23] && |x[22:0]) return 32'h7fc0_0000;
    return |x[30:23] ? x : {x[31], 31'd0};
  endfunction

  // a < b in the order of the values; −0 < +0 < … < infinity < the one NaN. Inputs hold no other NaN.
  function automatic logic fp32_before(logic [31:0] a, logic [31:0] b);
    return $signed(a ^ {1'b0, {31{a[31]}}}) < $signed(b ^ {1'b0, {31{b[31]}}});
  endfunction

  // Whichever is larger; the one NaN wins.
  function automatic logic [31:0] fp32_maximum(logic [31:0] a, logic [31:0] b);
    return fp32_before(a, b) ? b : a;
  endfunction

endpackage
