// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The function stage of one lane: relu, |x|, x², comparisons and choices between x and y, and the special functions, by
// tables of quadratic segments in integers.
// sim/functional/SpecialFunctions.cpp is the same in C++; RationaleVectorUnit.md derives it.
//
// x_i taken in a cycle with valid_i[0] gives result_o seven cycles later; valid_i[k] says that step k holds an item, func_i[k]
// its function. One x a cycle, no stall. Registers are not reset: nothing is read before it is written.
//
//   x ─▶ 0 add ±1 | fix the point ─▶ 1 argument {octave, fraction}, power, factor ─▶ 2 table ─▶ 3 q = c1 + c2·t
//     ─▶ 4 h = c0 + q·t ─▶ 5 to fp32, 2^power ─▶ 6 × factor ─▶ result

module tw_vector_function
  import tw_isa_pkg::*;
  import tw_float_pkg::*;
  import tw_vector_pkg::*;
  import tw_special_function_pkg::*;
(
  input  logic                           clk_i,
  input  logic [FunctionStages-1:0]      valid_i,
  input  logic [FunctionStages-1:0][4:0] func_i,
  input  logic [31:0]                    x_i,
  input  logic [31:0]                    y_i,       // second operand
  input  logic [31:0]                    scalar_i,  // what select and replace put in
  output logic [31:0]                    result_o
);

  localparam logic [31:0] One = 32'h3f80_0000;
  localparam logic [31:0] Infinity = 32'h7f80_0000;
  localparam logic [31:0] NearOneLow = 32'h3f40_0000;   // 0.75
  localparam logic [31:0] NearOneHigh = 32'h3fc0_0000;  // 1.5

  function automatic table_e table_for(logic [4:0] func);
    case (func)
      VectorFunctionExponential: return TableExponential;
      VectorFunctionReciprocal: return TableReciprocal;
      VectorFunctionReciprocalSquareRoot: return TableReciprocalRoot;
      VectorFunctionSquareRoot: return TableRoot;
      VectorFunctionTanh: return TableTanh;
      VectorFunctionErf: return TableErf;
      VectorFunctionSigmoid, VectorFunctionSilu: return TableLogistic;
      VectorFunctionGelu: return TableNormal;
      VectorFunctionGeluTanh: return TableGeluTanh;
      default: return TableLogarithm;
    endcase
  endfunction

  // Functions over y = |x| + 1.
  function automatic logic uses_offset(logic [4:0] func);
    return func >= VectorFunctionTanh && func <= VectorFunctionGeluTanh;
  endfunction

  function automatic logic is_tail(logic [4:0] func);
    return uses_offset(func) && func != VectorFunctionTanh && func != VectorFunctionErf;
  endfunction

  function automatic logic [31:0] saturation_of(logic [4:0] func);
    case (func)
      VectorFunctionTanh: return SaturationTanh;
      VectorFunctionErf: return SaturationErf;
      VectorFunctionGelu: return SaturationNormal;
      VectorFunctionGeluTanh: return SaturationGeluTanh;
      default: return SaturationLogistic;
    endcase
  endfunction

  // {1, value} where the function is known without a table, {0, x} elsewhere. No operand is subnormal or another NaN.
  function automatic logic [32:0] direct_value(logic [4:0] func, logic [31:0] x, logic [31:0] y, logic [31:0] scalar);
    logic [31:0] magnitude;
    logic        zero, ordered, below, above, same;
    magnitude = {1'b0, x[30:0]};
    zero = x[30:0] == '0;
    ordered = x != NanFp32 && y != NanFp32;
    below = fp32_before(x, y);
    above = fp32_before(y, x);
    same = x == y || (zero && y[30:0] == '0);
    case (func)
      VectorFunctionIsNan: return {1'b1, x == NanFp32 ? One : 32'd0};
      VectorFunctionMaximum: return {1'b1, below ? y : x};
      VectorFunctionMinimum: return {1'b1, !ordered ? NanFp32 : above ? y : x};
      VectorFunctionEqual: return {1'b1, ordered && same ? One : 32'd0};
      VectorFunctionLess: return {1'b1, ordered && below && !same ? One : 32'd0};
      VectorFunctionLessOrEqual: return {1'b1, ordered && (below || same) ? One : 32'd0};
      VectorFunctionGreater: return {1'b1, ordered && above && !same ? One : 32'd0};
      VectorFunctionGreaterOrEqual: return {1'b1, ordered && (above || same) ? One : 32'd0};
      VectorFunctionReplaceNan: return {1'b1, x == NanFp32 ? y : x};
      VectorFunctionSelect: return {1'b1, y[30:0] != '0 ? x : scalar};
      VectorFunctionReplace: return {1'b1, y[30:0] != '0 ? scalar : x};
      default: ;
    endcase
    if (x == NanFp32) return {1'b1, NanFp32};
    case (func)
      VectorFunctionIdentity: return {1'b1, x};
      VectorFunctionRelu: return {1'b1, x[31] ? 32'd0 : x};
      VectorFunctionAbsolute: return {1'b1, magnitude};
      VectorFunctionSquare: return {1'b0, x};
      VectorFunctionExponential: begin
        if (x[31]) return magnitude >= {1'b0, ExponentialLow[30:0]} ? {1'b1, 32'd0} : {1'b0, x};
        return magnitude >= ExponentialHigh ? {1'b1, Infinity} : {1'b0, x};
      end
      VectorFunctionReciprocal: begin
        if (zero) return {1'b1, x[31], Infinity[30:0]};
        return magnitude == Infinity ? {1'b1, x[31], 31'd0} : {1'b0, x};
      end
      VectorFunctionReciprocalSquareRoot: begin
        if (zero) return {1'b1, Infinity};
        if (x[31]) return {1'b1, NanFp32};
        return x == Infinity ? {1'b1, 32'd0} : {1'b0, x};
      end
      VectorFunctionSquareRoot: begin
        if (zero || x == Infinity) return {1'b1, x};
        return x[31] ? {1'b1, NanFp32} : {1'b0, x};
      end
      VectorFunctionLogarithm: begin
        if (zero) return {1'b1, 1'b1, Infinity[30:0]};
        if (x[31]) return {1'b1, NanFp32};
        return {x == Infinity, x};
      end
      default: begin
        if (magnitude < saturation_of(func)) return {1'b0, x};
        case (func)
          VectorFunctionTanh, VectorFunctionErf: return {1'b1, x[31], One[30:0]};
          VectorFunctionSigmoid: return {1'b1, x[31] ? 32'd0 : One};
          default: return {1'b1, !x[31] ? x : magnitude == Infinity ? NanFp32 : 32'h8000_0000};
        endcase
      end
    endcase
  endfunction

  // 24 bits of fraction, towards zero; |x| < 128.
  function automatic logic signed [31:0] to_fixed(logic [31:0] x);
    logic [31:0] magnitude;
    if (x[30:23] >= 8'd126) magnitude = {8'd0, 1'b1, x[22:0]} << (x[30:23] - 8'd126);
    else magnitude = x[30:23] < 8'd102 ? 32'd0 : {8'd0, 1'b1, x[22:0]} >> (8'd126 - x[30:23]);
    return x[31] ? -magnitude : magnitude;
  endfunction

  // Step 0.
  logic        direct0_q;
  logic [31:0] x0_q, work0_q;
  logic [32:0] direct;

  always_ff @(posedge clk_i) begin
    if (valid_i[0]) begin
      direct = direct_value(func_i[0], x_i, y_i, scalar_i);
      direct0_q <= direct[32];
      x0_q <= direct[31:0];
      if (!direct[32]) begin
        if (func_i[0] == VectorFunctionExponential) work0_q <= to_fixed(x_i);
        else if (uses_offset(func_i[0])) work0_q <= fp32_add({1'b0, x_i[30:0]}, One);
        else if (func_i[0] == VectorFunctionLogarithm) work0_q <= fp32_add(x_i, {1'b1, One[30:0]});
      end
    end
  end

  // Step 1. The value is h · 2^power, and times the factor if `multiplies`; `factor` is the result itself if direct.
  logic               direct1_q, multiplies1_q, negates1_q, complements1_q;
  logic [31:0]        factor1_q, addend1_q;
  logic signed [9:0]  power1_q;
  logic [2:0]         octave1_q;
  logic [22:0]        fraction1_q;
  logic signed [17:0] coarse;
  logic signed [15:0] scale;
  logic signed [33:0] estimate;
  logic [31:0]        remainder;
  logic signed [9:0]  exponent;
  logic               near;

  always_ff @(posedge clk_i) begin
    if (valid_i[1]) begin
      direct1_q <= direct0_q;
      factor1_q <= x0_q;
      if (!direct0_q) begin
        exponent = $signed({2'b00, x0_q[30:23]}) - 10'sd127;
        multiplies1_q <= 1'b0;
        negates1_q <= 1'b0;
        complements1_q <= 1'b0;
        addend1_q <= '0;
        octave1_q <= '0;
        fraction1_q <= x0_q[22:0];
        power1_q <= -10'sd30;
        case (func_i[1])
          VectorFunctionExponential: begin
            coarse = work0_q[31:14];
            scale = $signed(ExponentialScale[15:0]) + {15'd0, work0_q[31]};
            estimate = 34'(coarse) * 34'(scale);
            remainder = {work0_q[24:0], 7'd0} - {{22{estimate[32]}}, estimate[32:23]} * LogTwo31;
            fraction1_q <= remainder[30:8];
            power1_q <= $signed(estimate[32:23]) - 10'sd29;
          end
          VectorFunctionReciprocal: begin
            power1_q <= -10'sd30 - exponent;
            negates1_q <= x0_q[31];
          end
          VectorFunctionReciprocalSquareRoot: begin
            octave1_q <= {2'b00, exponent[0]};
            power1_q <= -10'sd30 - (exponent >>> 1);
          end
          VectorFunctionSquareRoot: begin
            octave1_q <= {2'b00, exponent[0]};
            power1_q <= (exponent >>> 1) - 10'sd30;
          end
          VectorFunctionLogarithm: begin
            near = x0_q >= NearOneLow && x0_q < NearOneHigh;
            octave1_q <= {2'b00, near};
            multiplies1_q <= near;
            if (near) factor1_q <= work0_q;
            else begin
              addend1_q <= {{22{exponent[9]}}, exponent} * LogTwo24;
              power1_q <= -10'sd24;
            end
          end
          VectorFunctionSquare: multiplies1_q <= 1'b1;
          default: begin
            octave1_q <= work0_q[25:23] - 3'd7;  // exponent less 127
            fraction1_q <= work0_q[22:0];
            multiplies1_q <= func_i[1] != VectorFunctionSigmoid;
            complements1_q <= is_tail(func_i[1]) && !x0_q[31];
          end
        endcase
      end
    end
  end

  // Step 2.
  logic               direct2_q, multiplies2_q, negates2_q, complements2_q;
  logic [31:0]        factor2_q, addend2_q;
  logic signed [9:0]  power2_q;
  coefficients_t      coefficients2_q;
  logic signed [15:0] t2_q;
  logic [4:0]         shift1_2_q, shift2_2_q;
  table_t             segment;
  logic [IndexWidth-1:0] index;

  always_ff @(posedge clk_i) begin
    if (valid_i[2]) begin
      direct2_q <= direct1_q;
      factor2_q <= factor1_q;
      if (!direct1_q) begin
        segment = table_of(table_for(func_i[2]));
        // Two's complement: turning the upper bit over subtracts one half.
        if (segment.fine) begin
          index = segment.base + IndexWidth'({octave1_q, fraction1_q[22:16]});
          t2_q <= {~fraction1_q[15], fraction1_q[14:0]};
        end else begin
          index = segment.base + IndexWidth'({octave1_q, fraction1_q[22:17]});
          t2_q <= {~fraction1_q[16], fraction1_q[15:1]};
        end
        if (func_i[2] != VectorFunctionSquare) coefficients2_q <= Coefficients[index];
        shift1_2_q <= segment.shift1[octave1_q];
        shift2_2_q <= segment.shift2;
        multiplies2_q <= multiplies1_q;
        negates2_q <= negates1_q;
        complements2_q <= complements1_q;
        addend2_q <= addend1_q;
        power2_q <= power1_q;
      end
    end
  end

  // Step 3.
  logic               direct3_q, multiplies3_q, negates3_q, complements3_q;
  logic [31:0]        factor3_q, addend3_q, c0_3_q;
  logic signed [9:0]  power3_q;
  logic signed [16:0] q3_q;
  logic signed [15:0] t3_q;
  logic [4:0]         shift1_3_q;
  logic signed [31:0] bend;

  always_ff @(posedge clk_i) begin
    if (valid_i[3]) begin
      direct3_q <= direct2_q;
      factor3_q <= factor2_q;
      if (!direct2_q) begin
        bend = (32'(coefficients2_q.c2) * 32'(t2_q)) >>> shift2_2_q;
        q3_q <= coefficients2_q.c1 + bend[16:0];
        c0_3_q <= coefficients2_q.c0;
        t3_q <= t2_q;
        shift1_3_q <= shift1_2_q;
        multiplies3_q <= multiplies2_q;
        negates3_q <= negates2_q;
        complements3_q <= complements2_q;
        addend3_q <= addend2_q;
        power3_q <= power2_q;
      end
    end
  end

  // Step 4.
  logic               direct4_q, multiplies4_q, negates4_q;
  logic [31:0]        factor4_q, h4_q;
  logic signed [9:0]  power4_q;
  logic signed [31:0] slope;
  logic [31:0]        h;

  always_ff @(posedge clk_i) begin
    if (valid_i[4]) begin
      direct4_q <= direct3_q;
      factor4_q <= factor3_q;
      if (!direct3_q) begin
        slope = (32'(q3_q) * 32'(t3_q)) >>> shift1_3_q;
        h = c0_3_q + slope;
        h4_q <= complements3_q ? 32'h4000_0000 - h : h + addend3_q;
        multiplies4_q <= multiplies3_q;
        negates4_q <= negates3_q;
        power4_q <= power3_q;
      end
    end
  end

  // Step 5.
  logic              direct5_q, multiplies5_q;
  logic [31:0]       factor5_q, value5_q, converted;
  logic signed [9:0] top;

  always_ff @(posedge clk_i) begin
    if (valid_i[5]) begin
      direct5_q <= direct4_q;
      factor5_q <= factor4_q;
      if (!direct4_q) begin
        multiplies5_q <= multiplies4_q;
        converted = int32_to_fp32(h4_q);
        top = $signed({2'b00, converted[30:23]}) + power4_q;
        converted[31] = converted[31] ^ negates4_q;
        if (func_i[5] == VectorFunctionSquare) value5_q <= factor4_q;
        else if (top <= 10'sd0 || converted[30:0] == '0) value5_q <= {converted[31], 31'd0};
        else if (top >= 10'sd255) value5_q <= {converted[31], Infinity[30:0]};
        else value5_q <= {converted[31], top[7:0], converted[22:0]};
      end
    end
  end

  // Step 6.
  logic [31:0] result6_q;

  always_ff @(posedge clk_i) begin
    if (valid_i[6]) begin
      if (direct5_q) result6_q <= factor5_q;
      else result6_q <= multiplies5_q ? fp32_multiply(value5_q, factor5_q) : value5_q;
    end
  end

  assign result_o = result6_q;

endmodule
