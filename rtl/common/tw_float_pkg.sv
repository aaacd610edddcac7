// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The machine's floating point as functions: bf16 and fp32, nearest even, subnormals are zeros on the way in and on the
// way out, one NaN (rtl/RationaleNumerics.md). Combinational; the two halves of an addition and of a multiplication are
// functions of their own, so that a unit may put a register between them. The modules tw_fp32_add, tw_fp32_multiply and
// tw_bf16_multiply wrap them. Verilator calls the larger ones: a copy in every lane makes a model slower and longer to
// build.
//
//   a, b ─▶ order, align, add ─ fp32_sum_t ─▶ normalise, round, pack ─▶ a + b
//   a, b ─▶ multiply significands ─ fp32_product_t ─▶ normalise, round, pack ─▶ a × b

package tw_float_pkg;

  localparam logic [31:0] NanFp32 = 32'h7fc0_0000;
  localparam logic [15:0] NanBf16 = 16'h7fc0;

  // A sum before normalisation: sum is the magnitude with the larger operand's leading bit at 26 and three bits below its
  // last one (guard, round, sticky); exponent is the larger operand's.
  typedef struct packed {
    logic        special;  // infinite or NaN: nan tells which
    logic        nan;
    logic        sign;     // of the larger operand
    logic        cancels;  // signs differ
    logic [7:0]  exponent;
    logic [27:0] sum;
  } fp32_sum_t;

  // A product before normalisation: the leading bit is at 47 or 46; exponent belongs to a leading bit at 47.
  typedef struct packed {
    logic               special;
    logic               nan;
    logic               sign;
    logic               zero;
    logic signed [9:0]  exponent;
    logic [47:0]        product;
  } fp32_product_t;

  function automatic fp32_sum_t fp32_add_align(logic [31:0] a, logic [31:0] b);
    fp32_sum_t   result;
    logic        swap;
    logic [31:0] bigger;
    logic [30:0] smaller;
    logic [7:0]  distance;
    logic [4:0]  shift;
    logic [26:0] large_bits, small_bits, shifted;
    logic        lost;
    swap = a[30:0] < b[30:0];
    bigger = swap ? b : a;
    smaller = swap ? a[30:0] : b[30:0];
    distance = bigger[30:23] - smaller[30:23];
    // 27 places and more leave only the sticky bit.
    shift = |distance[7:5] ? 5'd31 : distance[4:0];
    large_bits = |bigger[30:23] ? {1'b1, bigger[22:0], 3'b000} : 27'd0;
    small_bits = |smaller[30:23] ? {1'b1, smaller[22:0], 3'b000} : 27'd0;
    shifted = small_bits >> shift;
    lost = |(small_bits & ~(27'h7ff_ffff << shift));
    shifted[0] = shifted[0] | lost;
    result.cancels = a[31] ^ b[31];
    result.sign = bigger[31];
    result.exponent = bigger[30:23];
    result.sum = result.cancels ? {1'b0, large_bits} - {1'b0, shifted} : {1'b0, large_bits} + {1'b0, shifted};
    result.special = &bigger[30:23];
    // The larger of two magnitudes is a NaN if either is.
    result.nan = |bigger[22:0] | (&smaller[30:23] & result.cancels);
    return result;
  endfunction

  function automatic logic [31:0] fp32_add_round(fp32_sum_t x);
    logic [31:0] bits;
    logic [4:0]  zeros;
    logic [8:0]  exponent;  // of the result, plus 31: never negative
    logic        up;
    // Leading zeros and the shift that removes them, in five places; all ones for a sum of zero.
    bits = {x.sum, 4'd0};
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
    exponent = {1'b0, x.exponent} + {4'd0, ~zeros} + 9'd1;
    up = bits[7] & (bits[8] | (|bits[6:4]));
    if (x.special) return x.nan ? NanFp32 : {x.sign, 8'hff, 23'd0};
    if (x.sum == 28'd0) return {x.sign & ~x.cancels, 31'd0};
    // A sum below 2^-126 is exact: it cannot round up to it.
    if (exponent <= 9'd31) return {x.sign, 31'd0};
    if (exponent >= 9'd286) return {x.sign, 8'hff, 23'd0};
    return {x.sign, exponent[7:0] - 8'd31, bits[30:8]} + {31'd0, up};
  endfunction

  function automatic logic [31:0] fp32_add(logic [31:0] a, logic [31:0] b);
    /*verilator no_inline_task*/
    return fp32_add_round(fp32_add_align(a, b));
  endfunction

  function automatic fp32_product_t fp32_multiply_begin(logic [31:0] a, logic [31:0] b);
    fp32_product_t result;
    logic          a_zero, b_zero, a_top, b_top;
    a_zero = ~|a[30:23];
    b_zero = ~|b[30:23];
    a_top = &a[30:23];
    b_top = &b[30:23];
    result.sign = a[31] ^ b[31];
    result.zero = a_zero | b_zero;
    result.special = a_top | b_top;
    result.nan = (a_top & (|a[22:0] | b_zero)) | (b_top & (|b[22:0] | a_zero));
    result.exponent = $signed({2'b00, a[30:23]}) + $signed({2'b00, b[30:23]}) - 10'sd126;
    result.product = {24'd0, 1'b1, a[22:0]} * {24'd0, 1'b1, b[22:0]};
    return result;
  endfunction

  function automatic logic [31:0] fp32_multiply_round(fp32_product_t x);
    logic [46:0]       bits;  // without the leading one
    logic signed [9:0] exponent;
    logic [30:0]       rounded;
    logic              up;
    bits = x.product[47] ? x.product[46:0] : {x.product[45:0], 1'b0};
    up = bits[23] & (bits[24] | (|bits[22:0]));
    // A carry out of the significand counts the exponent up.
    rounded = {x.product[47] ? x.exponent[7:0] : x.exponent[7:0] - 8'd1, bits[46:24]} + {30'd0, up};
    exponent = x.exponent - (x.product[47] ? 10'sd0 : 10'sd1) + ((&bits[46:24] & up) ? 10'sd1 : 10'sd0);
    if (x.special) return x.nan ? NanFp32 : {x.sign, 8'hff, 23'd0};
    if (x.zero || exponent <= 10'sd0) return {x.sign, 31'd0};
    if (exponent >= 10'sd255) return {x.sign, 8'hff, 23'd0};
    return {x.sign, rounded};
  endfunction

  function automatic logic [31:0] fp32_multiply(logic [31:0] a, logic [31:0] b);
    /*verilator no_inline_task*/
    return fp32_multiply_round(fp32_multiply_begin(a, b));
  endfunction

  // The product of two bf16 as fp32: sixteen significant bits, nothing to round.
  function automatic logic [31:0] bf16_multiply(logic [15:0] a, logic [15:0] b);
    /*verilator no_inline_task*/
    logic        sign, a_zero, b_zero, a_top, b_top;
    logic [9:0]  exponent;  // of the result, plus 127
    logic [15:0] product;
    a_zero = ~|a[14:7];
    b_zero = ~|b[14:7];
    a_top = &a[14:7];
    b_top = &b[14:7];
    sign = a[15] ^ b[15];
    product = {8'd0, 1'b1, a[6:0]} * {8'd0, 1'b1, b[6:0]};
    exponent = {2'b00, a[14:7]} + {2'b00, b[14:7]} + {9'd0, product[15]};
    if (a_top | b_top) begin
      if ((a_top & (|a[6:0] | b_zero)) | (b_top & (|b[6:0] | a_zero))) return NanFp32;
      return {sign, 8'hff, 23'd0};
    end
    if (a_zero | b_zero | exponent <= 10'd127) return {sign, 31'd0};
    if (exponent >= 10'd382) return {sign, 8'hff, 23'd0};
    return {sign, exponent[7:0] - 8'd127, product[15] ? product[14:0] : {product[13:0], 1'b0}, 8'd0};
  endfunction

  function automatic logic [31:0] bf16_to_fp32(logic [15:0] x);
    if (&x[14:7] & (|x[6:0])) return NanFp32;
    return {x[15], x[14:7], |x[14:7] ? x[6:0] : 7'd0, 16'd0};
  endfunction

  function automatic logic [15:0] fp32_to_bf16(logic [31:0] x);
    if (&x[30:23]) return |x[22:0] ? NanBf16 : x[31:16];
    if (~|x[30:23]) return {x[31], 15'd0};
    return x[31:16] + {15'd0, x[15] & (x[16] | (|x[14:0]))};
  endfunction

endpackage
