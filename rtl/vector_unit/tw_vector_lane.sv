// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One lane: the chain of stages that an element passes, one operation of fp32 a cycle. control_i says what each stage does
// in this cycle; the row scalars come with it, since they are the same for all lanes. The result is ready in the cycle of
// StageResult, where it is converted (destination_o, combinational) and enters the trees (next cycle: tree_o, square_o).
// An element that is used late travels beside x; a column operand is taken over by a stage with the first row of its chunk.
//
//   source ─▶ convert ─▶ × ─▶ + ─▶ + ─▶ function ─▶ × ─▶ + ─▶ convert ─▶ destination
//   element ─▶ convert ──────┴────┴───────┴───────┘    │     └▶ fill ─▶ tree_o, x·x ─▶ square_o
//   columns ─▶ convert ──────┴────────────┴───────┴────┘
//
// Registers are not reset: valid bits alone say what is meant.

module tw_vector_lane
  import tw_unit_pkg::*;
  import tw_isa_pkg::*;
  import tw_float_pkg::*;
  import tw_vector_pkg::*;
(
  input  logic          clk_i,
  input  lane_control_t control_i,
  input  logic [31:0]   source_i,   // as in memory, low bits first; valid in StageConvert
  input  logic [31:0]   element_i,
  input  logic [15:0]   column0_i,
  input  logic [15:0]   column1_i,
  input  logic [15:0]   column2_i,
  input  logic          inside_i,   // StageResult: this lane holds an element of the tile
  output logic [31:0]   destination_o,
  output logic [31:0]   tree_o,
  output logic [31:0]   square_o
);

  function automatic logic [31:0] convert(vector_type_t vector_type, logic [31:0] x);
    case (vector_type)
      VectorTypeBf16: return bf16_to_fp32(x[15:0]);
      VectorTypeInt8: return int32_to_fp32({{24{x[7]}}, x[7:0]});
      VectorTypeInt32: return int32_to_fp32(x);
      default: return flush_fp32(x);
    endcase
  endfunction

  // Column operands: index = stage in whose cycle the register holds the column of the item in that stage.
  logic [15:0] column0_q [StageMultiply0:StageAdd0];
  logic [15:0] column1_q [StageMultiply0:StageMultiply1];
  logic [15:0] column2_q [StageMultiply0:StageAdd2];

  always_ff @(posedge clk_i) begin
    if (control_i.new_columns[StageConvert]) begin
      column0_q[StageMultiply0] <= column0_i;
      column1_q[StageMultiply0] <= column1_i;
      column2_q[StageMultiply0] <= column2_i;
    end
    if (control_i.new_columns[StageMultiply0]) column0_q[StageAdd0] <= column0_q[StageMultiply0];
    for (int unsigned stage = StageMultiply0; stage < StageMultiply1; stage++) begin
      if (control_i.new_columns[stage]) begin
        column1_q[stage+1] <= column1_q[stage];
        column2_q[stage+1] <= column2_q[stage];
      end
    end
    if (control_i.new_columns[StageMultiply1]) column2_q[StageAdd2] <= column2_q[StageMultiply1];
  end

  // The element operand, alike.
  logic [31:0] element_q [StageMultiply0:StageMultiply1];

  always_ff @(posedge clk_i) begin
    if (control_i.element[StageConvert]) element_q[StageMultiply0] <= convert(control_i.element_type, element_i);
    for (int unsigned stage = StageMultiply0; stage < StageMultiply1; stage++) begin
      if (control_i.element[stage]) element_q[stage+1] <= element_q[stage];
    end
  end

  logic [31:0] multiply0_q, add0_q, add1_q, function_q, function_result, multiply1_q, add2_q, result_q;

  always_ff @(posedge clk_i) begin
    if (control_i.valid[StageConvert]) multiply0_q <= convert(control_i.source_type, source_i);
    if (control_i.valid[StageMultiply0]) begin
      if (control_i.multiply0 != Multiply0None) add0_q <= fp32_multiply(multiply0_q, control_i.multiply0_value);
      else add0_q <= multiply0_q;
    end
    if (control_i.valid[StageAdd0]) begin
      case (control_i.add0)
        Add0Scalar: add1_q <= fp32_add(add0_q, control_i.add0_value);
        Add0Column: add1_q <= fp32_add(add0_q, bf16_to_fp32(column0_q[StageAdd0]));
        Add0Element: add1_q <= fp32_add(add0_q, element_q[StageAdd0]);
        default: add1_q <= add0_q;
      endcase
    end
    if (control_i.valid[StageAdd1]) begin
      case (control_i.add1)
        Add1None: function_q <= add1_q;
        Add1Element: function_q <= fp32_add(add1_q, element_q[StageAdd1]);
        default: function_q <= fp32_add(add1_q, control_i.add1_value);
      endcase
    end
    if (control_i.valid[StageMultiply1]) begin
      case (control_i.multiply1)
        Multiply1Column: add2_q <= fp32_multiply(multiply1_q, bf16_to_fp32(column1_q[StageMultiply1]));
        Multiply1Statistic: add2_q <= fp32_multiply(multiply1_q, control_i.multiply1_value);
        Multiply1Element: add2_q <= fp32_multiply(multiply1_q, element_q[StageMultiply1]);
        default: add2_q <= multiply1_q;
      endcase
    end
    if (control_i.valid[StageAdd2]) begin
      if (control_i.add2 == Add2Column) result_q <= fp32_add(add2_q, bf16_to_fp32(column2_q[StageAdd2]));
      else result_q <= add2_q;
    end
  end

  // The function's second operand.
  logic [31:0] function_operand;

  always_comb begin
    case (control_i.operand)
      FunctionOperandColumn: function_operand = bf16_to_fp32(column1_q[StageFunction]);
      FunctionOperandStatistic: function_operand = control_i.function_statistic;
      FunctionOperandElement: function_operand = element_q[StageFunction];
      default: function_operand = control_i.function_scalar;
    endcase
  end

  tw_vector_function u_function (
    .clk_i,
    .valid_i (control_i.valid[StageFunction+:FunctionStages]),
    .func_i  (control_i.func),
    .x_i     (function_q),
    .y_i     (function_operand),
    .scalar_i(control_i.function_scalar),
    .result_o(function_result)
  );
  assign multiply1_q = function_result;

  always_comb begin
    destination_o = result_q;
    if (control_i.valid[StageResult]) begin
      case (control_i.destination_type)
        VectorTypeBf16: destination_o = {16'd0, fp32_to_bf16(result_q)};
        VectorTypeInt8: destination_o = fp32_to_integer(result_q, 1'b1);
        VectorTypeInt32: destination_o = fp32_to_integer(result_q, 1'b0);
        default: destination_o = result_q;
      endcase
    end
  end

  logic [31:0] tree_q, square_q;

  always_ff @(posedge clk_i) begin
    if (control_i.valid[StageResult] && control_i.reduce != ReduceNone) begin
      if (!inside_i) begin
        tree_q <= control_i.reduce == ReduceMaximum ? 32'hff80_0000 : 32'd0;
        square_q <= 32'd0;
      end else begin
        // The largest element as it is written: rounding keeps the order.
        tree_q <= control_i.reduce == ReduceMaximum && control_i.destination_type == VectorTypeBf16 ?
                  {destination_o[15:0], 16'd0} : result_q;
        if (control_i.reduce == ReduceSumAndSquares) square_q <= fp32_multiply(result_q, result_q);
      end
    end
  end

  assign tree_o = tree_q;
  assign square_o = square_q;

endmodule
