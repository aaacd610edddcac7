// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bound check of an instruction's operands: combinational, between the check stage's registers and the dispatch stage's.
// outside_o says that an active footprint leaves [limit − wrap, limit) (a ring) or [0, limit).
//
//   count_a · stride_a ─┐
//   count_b · stride_b ─┼─▶ + ─▶ + start ─▶ > limit ?
//   extra ──────────────┘                start < low ?
//
// Only footprint 0 reaches DRAM strides and has full multipliers; the others multiply 20 by 20 bits, the width of a row
// address: a count or a stride beyond it leaves every memory on the chip as soon as the other factor is not zero.

module tw_footprint_check
  import tw_unit_pkg::*;
  import tw_sequencer_pkg::*;
(
  input  footprint_t [FootprintCount-1:0] footprints_i,
  input  logic                            join_outer_i,  // footprint 1 grows by count_a · stride_a of footprint 2
  output logic                            outside_o
);

  localparam int unsigned ProductWidth = 2 * RowWidth;
  localparam int unsigned WideWidth = ExtentWidth + 31;
  localparam int unsigned SpanWidth = WideWidth + 3;

  typedef struct packed {
    logic                    beyond;
    logic [ProductWidth-1:0] value;
  } product_t;

  function automatic product_t rows_of(logic [CountOfStridesWidth-1:0] count, logic [30:0] stride);
    product_t product;
    product.beyond = count != '0 && stride != '0 &&
                     (count[CountOfStridesWidth-1:RowWidth] != '0 || stride[30:RowWidth] != '0);
    product.value  = ProductWidth'(count[RowWidth-1:0]) * ProductWidth'(stride[RowWidth-1:0]);
    return product;
  endfunction

  product_t outer;
  assign outer = join_outer_i ? rows_of(footprints_i[2].count_a, footprints_i[2].stride_a) : '0;

  logic [FootprintCount-1:0]     outside;

  for (genvar i = 0; i < FootprintCount; i++) begin : gen_footprint
    logic [SpanWidth-1:0]         span;
    logic                         beyond;
    logic signed [StartWidth-1:0] low;
    logic [SpanWidth-1:0]         last;

    if (i == 0) begin : gen_wide
      always_comb begin
        beyond = 1'b0;
        span   = '0;
        if (footprints_i[i].active) begin
          span = SpanWidth'(footprints_i[i].count_a[ExtentWidth-1:0]) * SpanWidth'(footprints_i[i].stride_a) +
                 SpanWidth'(footprints_i[i].count_b[ExtentWidth-1:0]) * SpanWidth'(footprints_i[i].stride_b) +
                 SpanWidth'(footprints_i[i].extra);
        end
      end
    end else begin : gen_rows
      product_t product_a, product_b;
      // Column operands have no count_a.
      if (i < 3) begin : gen_a
        assign product_a = footprints_i[i].active ? rows_of(footprints_i[i].count_a, footprints_i[i].stride_a) : '0;
      end else begin : gen_no_a
        assign product_a = '0;
      end
      assign product_b = footprints_i[i].active ? rows_of(footprints_i[i].count_b, footprints_i[i].stride_b) : '0;
      always_comb begin
        beyond = product_a.beyond || product_b.beyond;
        span   = SpanWidth'(product_a.value) + SpanWidth'(product_b.value) + SpanWidth'(footprints_i[i].extra);
        if (i == 1) begin
          beyond = beyond || outer.beyond;
          span   = span + SpanWidth'(outer.value);
        end
      end
    end

    // start is at or above low, hence not negative, wherever the sum matters.
    assign low = footprints_i[i].wrap != '0 && footprints_i[i].limit > DramAddressWidth'(footprints_i[i].wrap) ?
                 StartWidth'(footprints_i[i].limit) - StartWidth'(footprints_i[i].wrap) : '0;
    assign last = SpanWidth'(unsigned'(footprints_i[i].start)) + span;
    assign outside[i] = footprints_i[i].active &&
                        (footprints_i[i].start < low || beyond || last > SpanWidth'(footprints_i[i].limit));
  end

  assign outside_o = outside != '0;

endmodule
