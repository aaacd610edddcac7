// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A record of an event that contradicts itself is named.
//
// RUN: split-file %s %t
// RUN: not %python -B %source/dialects/recordgen/eventgen.py --tblgen llvm-tblgen --root %source --definitions %t/first.td 2>&1 | FileCheck %t/first.td
// RUN: not %python -B %source/dialects/recordgen/eventgen.py --tblgen llvm-tblgen --root %source --definitions %t/colour.td 2>&1 | FileCheck %t/colour.td
// RUN: not %python -B %source/dialects/recordgen/eventgen.py --tblgen llvm-tblgen --root %source --definitions %t/same.td 2>&1 | FileCheck %t/same.td
// RUN: not %python -B %source/dialects/recordgen/eventgen.py --tblgen llvm-tblgen --root %source --definitions %t/colours.td 2>&1 | FileCheck %t/colours.td
// RUN: not %python -B %source/dialects/recordgen/eventgen.py --tblgen llvm-tblgen --root %source --definitions %t/pattern.td 2>&1 | FileCheck %t/pattern.td
// RUN: not %python -B %source/dialects/recordgen/eventgen.py --tblgen llvm-tblgen --root %source --definitions %t/counter.td 2>&1 | FileCheck %t/counter.td

//--- first.td
include "dialects/events/EventBase.td"
def Idle : Activity<"idle", "idle", "Nothing.", "#000000">;
// CHECK: error: activities: the first one is 'busy'

//--- colour.td
include "dialects/events/EventBase.td"
def Busy : Activity<"busy", "busy", "Moved.", "green">;
// CHECK: error: activity busy: 'green' is no colour: write #rrggbb

//--- same.td
include "dialects/events/EventBase.td"
def Busy : Activity<"busy", "busy", "Moved.", "#000000">;
def Idle : Activity<"idle", "idle", "Nothing.", "#000000">;
// CHECK: error: colours of activities: '#000000' is there twice

//--- colours.td
include "dialects/events/EventBase.td"
def Load : Unit<"load", "load_dma", "load DMA", "#000001">;
def Store : Unit<"store", "store_dma", "store DMA", "#000002">;
def Wait : ActivityOfUnit<"wait_UNIT", "waits", "Waits for the TITLE.", "solid", ["#000000"]>;
// CHECK: error: activity Wait: 1 colours for 2 dispatched units

//--- pattern.td
include "dialects/events/EventBase.td"
def Busy : Activity<"busy", "busy", "Moved.", "#000000", "tartan">;
// CHECK: error: activity busy: 'tartan' is no pattern: choose from solid, faint, stripes, dots

//--- counter.td
include "dialects/events/EventBase.td"
def Busy : Activity<"busy", "busy", "Moved.", "#000000">;
def Bytes : Counter<"bytes", "", "Bytes.">;
// CHECK: error: counter bytes: needs a unit and a sentence
