// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the parts of the DMA agree on: words, bursts, jobs.
//
// A word is max(RowBytes, AxiDataBytes) bytes, aligned in DRAM: the buffers hold words, so one word a cycle feeds or
// takes one scratchpad row a cycle at any ratio of row to beat. A run is a stretch of consecutive DRAM bytes of one
// instruction; runs are cut into bursts at multiples of BurstBytes, which divides or equals the interleave granule and
// 4 KB, so a burst stays in one port and a word in one burst.

package tw_dma_pkg;
  import tw_config_pkg::*;
  import tw_unit_pkg::*;

  localparam int unsigned WordBytes = RowBytes > AxiDataBytes ? RowBytes : AxiDataBytes;
  localparam int unsigned WordBits = 8 * WordBytes;
  localparam int unsigned WordBeats = WordBytes / AxiDataBytes;
  localparam int unsigned BufferWords = DmaBufferBytes / WordBytes;  // of one port and direction

  // The least of what the configuration, AXI4 (256 beats, 4 KB) and the interleave allow, but never less than a word.
  localparam int unsigned BeatLimitBytes = 256 * AxiDataBytes < 4096 ? 256 * AxiDataBytes : 4096;
  localparam int unsigned PortLimitBytes = DmaInterleaveBytes < BeatLimitBytes ? DmaInterleaveBytes : BeatLimitBytes;
  localparam int unsigned AskedBytes = DmaBurstBytes < PortLimitBytes ? DmaBurstBytes : PortLimitBytes;
  localparam int unsigned BurstBytes = AskedBytes > WordBytes ? AskedBytes : WordBytes;

  localparam int unsigned BeatShift = $clog2(AxiDataBytes);
  localparam int unsigned WordShift = $clog2(WordBytes);
  localparam int unsigned BurstShift = $clog2(BurstBytes);
  localparam int unsigned InterleaveShift = $clog2(DmaInterleaveBytes);

  localparam int unsigned PortWidth = AxiPorts > 1 ? $clog2(AxiPorts) : 1;
  localparam int unsigned BeatsWidth = 9;                           // 1 … 256 beats
  localparam int unsigned WordsWidth = $clog2(BufferWords + 1);
  localparam int unsigned BurstsWidth = $clog2(DmaOutstandingBursts + 1);
  // Of the bytes of a burst with those around it, and of the counts taken from them.
  localparam int unsigned CountsWidth = WordsWidth > BeatsWidth ? WordsWidth : BeatsWidth;
  localparam int unsigned SpanWidth = BurstShift + 2 > CountsWidth ? BurstShift + 2 : CountsWidth;
  localparam int unsigned SubWidth = WordBeats > 1 ? $clog2(WordBeats) : 1;
  localparam int unsigned LengthWidth = $clog2(RowBytes + 1);
  localparam int unsigned FirstWidth = $clog2(RowBytes);

  localparam int unsigned JobDepth = 4;     // instructions between the load's requests and its rows, and stores in flight
  localparam int unsigned IndexCount = 32;  // indices of a gather that are fetched at a time

  localparam logic [1:0] ClientFetch = 2'd0;
  localparam logic [1:0] ClientLoad = 2'd1;
  localparam logic [1:0] ClientStore = 2'd2;

  localparam int unsigned AxiIdWidth = 2;              // the client
  localparam int unsigned AxiUserWidth = 2 * BeatShift;  // {last, first} of burst_t
  localparam logic [1:0] AxiBurstIncr = 2'b01;

  // An instruction behind its queue: which boundaries end a run, and whether anything is to be moved.
  typedef struct packed {
    dma_packet_t packet;
    logic        merge_rows;   // the rows of a slice are one run
    logic        merge_outer;  // the slices are one run
    logic        empty;
    logic [63:0] start;
  } dma_job_t;

  // A burst as the pins have it: whole beats, and the bytes of its first and its last beat between which it is needed.
  typedef struct packed {
    logic [DramAddressWidth-1:0] address;  // a multiple of the beat
    logic [BeatsWidth-1:0]       beats;
    logic [BeatShift-1:0]        first;    // byte of the first beat
    logic [BeatShift-1:0]        last;     // byte of the last beat
  } burst_t;

  function automatic burst_t burst_between(logic [DramAddressWidth-1:0] from, logic [DramAddressWidth-1:0] to);
    burst_t burst;
    burst.address = {from[DramAddressWidth-1:BeatShift], BeatShift'(0)};
    burst.beats   = BeatsWidth'(to >> BeatShift) - BeatsWidth'(from >> BeatShift) + 1'b1;
    burst.first   = from[BeatShift-1:0];
    burst.last    = to[BeatShift-1:0];
    return burst;
  endfunction

  function automatic logic [PortWidth-1:0] port_of(logic [DramAddressWidth-1:0] address);
    logic [DramAddressWidth-1:0] granule;
    granule = address >> InterleaveShift;
    return PortWidth'(granule % DramAddressWidth'(AxiPorts));
  endfunction

  // Words that [address, address + bytes) touches.
  function automatic logic [WordsWidth-1:0] words_of(logic [DramAddressWidth-1:0] address, logic [BurstShift:0] bytes);
    logic [SpanWidth-1:0] span;
    span = SpanWidth'(address & (DramAddressWidth'(WordBytes) - 1'b1)) + SpanWidth'(bytes) + SpanWidth'(WordBytes - 1);
    return WordsWidth'(span >> WordShift);
  endfunction

endpackage
