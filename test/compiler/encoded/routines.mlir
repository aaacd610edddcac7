// A routine has a name in the disassembly and its calls have contexts; an
// instruction of it belongs to other nodes of the model in each.

// RUN: rm -rf %t && mkdir %t
// RUN: tilework compile %s --target nano -o %t/a.tw
// RUN: tilework disassemble %t/a.tw -o %t/a.s
// RUN: FileCheck %s --input-file %t/a.s
// RUN: tilework assemble %t/a.s -o %t/b.tw
// RUN: tilework compare %t/a.tw %t/b.tw
// RUN: tilework simulate %t/a.tw

// CHECK: "name": "layer0"
// CHECK-LABEL: main:
// CHECK: call target=layer0, context_id=1
// CHECK: call target=layer0, context_id=2
// CHECK: call target=layer0, context_id=3
// CHECK: halt
// CHECK: layer0:
// CHECK: load {{.*}}dram=a31
// CHECK: return

// A base of the third call that leaves its segment stops the third layer.
// RUN: sed 's/value=16384, stride=16, block_stride=512, limit=24576/value=24000, stride=16, block_stride=512, limit=24576/' %t/a.s > %t/c.s
// RUN: tilework assemble %t/c.s -o %t/c.tw
// RUN: not tilework simulate %t/c.tw 2>&1 | FileCheck %s --check-prefix=THIRD
// THIRD: the program trapped: bounds {{.*}}model node /layer2/up

// RUN: sed 's/value=8192, stride=16, block_stride=1024, limit=16384/value=16000, stride=16, block_stride=1024, limit=16384/' %t/a.s > %t/d.s
// RUN: tilework assemble %t/d.s -o %t/d.tw
// RUN: not tilework simulate %t/d.tw 2>&1 | FileCheck %s --check-prefix=SECOND
// SECOND: the program trapped: bounds {{.*}}model node /layer1/down

#up0 = #graph.expr<dense<0.01> : tensor<1xf32>, [#graph.broadcast_step<[32, 64]>]>
#down0 = #graph.expr<dense<0.02> : tensor<1xf32>, [#graph.broadcast_step<[64, 32]>]>
#up1 = #graph.expr<dense<0.03> : tensor<1xf32>, [#graph.broadcast_step<[32, 64]>]>
#down1 = #graph.expr<dense<0.04> : tensor<1xf32>, [#graph.broadcast_step<[64, 32]>]>
#up2 = #graph.expr<dense<0.05> : tensor<1xf32>, [#graph.broadcast_step<[32, 64]>]>
#down2 = #graph.expr<dense<0.06> : tensor<1xf32>, [#graph.broadcast_step<[64, 32]>]>
func.func @main(%x0: tensor<16x32xf32>) -> tensor<16x32xf32> {
  %u0 = graph.weight "up0" #up0 -> tensor<32x64xf32>
  %d0 = graph.weight "down0" #down0 -> tensor<64x32xf32>
  %h0 = graph.matmul %x0, %u0 activation relu : (tensor<16x32xf32>, tensor<32x64xf32>) -> tensor<16x64xf32> loc("/layer0/up")
  %x1 = graph.matmul %h0, %d0 : (tensor<16x64xf32>, tensor<64x32xf32>) -> tensor<16x32xf32> loc("/layer0/down")
  %u1 = graph.weight "up1" #up1 -> tensor<32x64xf32>
  %d1 = graph.weight "down1" #down1 -> tensor<64x32xf32>
  %h1 = graph.matmul %x1, %u1 activation relu : (tensor<16x32xf32>, tensor<32x64xf32>) -> tensor<16x64xf32> loc("/layer1/up")
  %x2 = graph.matmul %h1, %d1 : (tensor<16x64xf32>, tensor<64x32xf32>) -> tensor<16x32xf32> loc("/layer1/down")
  %u2 = graph.weight "up2" #up2 -> tensor<32x64xf32>
  %d2 = graph.weight "down2" #down2 -> tensor<64x32xf32>
  %h2 = graph.matmul %x2, %u2 activation relu : (tensor<16x32xf32>, tensor<32x64xf32>) -> tensor<16x64xf32> loc("/layer2/up")
  %x3 = graph.matmul %h2, %d2 : (tensor<16x64xf32>, tensor<64x32xf32>) -> tensor<16x32xf32> loc("/layer2/down")
  return %x3 : tensor<16x32xf32>
}
