// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Walks the nodes of a model in order, inlines functions and folded branches,
// and goes on after an unsupported node so that all of them are reported.

#include "compiler/import/Importer.h"

#include "compiler/import/FunctionBodies.h"
#include "dialects/isa/Printable.h"
#include "dialects/target/Figures.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace tilework;
using onnx::quoted;
using Kind = ImportError::Class;

/// Functions may call functions, and branches hold branches.
static constexpr unsigned kMaxDepth = 32;
/// Nodes after inlining: calls of calls could otherwise grow without end.
static constexpr size_t kMaxNodes = 1000000;

void tilework::collectUses(const std::vector<onnx::Node> &nodes,
                           std::set<std::string_view> &used) {
  for (const onnx::Node &node : nodes) {
    used.insert(node.inputs.begin(), node.inputs.end());
    for (const onnx::Attribute &attribute : node.attributes)
      if (attribute.g) {
        collectUses(attribute.g->nodes, used);
        for (const onnx::ValueInfo &output : attribute.g->outputs)
          used.insert(output.name);
      }
  }
}

static std::string reportName(const onnx::Node &node, const Scope &scope) {
  std::string name(node.name);
  if (name.empty()) {
    name = std::string(node.op);
    if (!node.outputs.empty())
      name += "_" + std::string(node.outputs.front());
  }
  return legalUtf8(scope.prefix + name);
}

/// The version of a domain; 0 for the default one where none is named, which
/// no node of it may be.
static int64_t opsetOf(std::string_view domain, const Scope &scope) {
  auto found = scope.opsets->find(domain);
  if (found != scope.opsets->end())
    return found->second;
  return domain.empty() && !scope.opsets->empty() ? 0 : 1;
}

void Importer::enterGraph(const onnx::Graph &graph, Scope &scope) {
  for (const onnx::Tensor &tensor : graph.initializers)
    scope.initializers[tensor.name] = &tensor;
  for (const auto *list : {&graph.values, &graph.outputs})
    for (const onnx::ValueInfo &info : *list)
      scope.infos[info.name] = &info;
  collectUses(graph.nodes, scope.used);
  for (const onnx::ValueInfo &output : graph.outputs)
    scope.used.insert(output.name);
}

Val Importer::constant(const onnx::Tensor &tensor) {
  Type element = values.elementType(tensor.type);
  if (!element)
    throw UnsupportedNode("a constant of type " +
                          std::string(elementTypeName(tensor.type)));
  std::optional<int64_t> count = elementCount(tensor.dims);
  int64_t bits;
  if (!count ||
      __builtin_mul_overflow(*count, int64_t(elementBits(tensor.type)), &bits))
    throw InvalidNode("constant " + quoted(tensor.name) +
                      " has an impossible shape");
  uint64_t bytes = (static_cast<uint64_t>(bits) + 7) / 8, offset = 0;
  unsigned file = 0;
  if (tensor.isExternal) {
    if (!hasFolder)
      fail(Kind::User, "the model keeps weights in other files, which a model "
                       "in memory cannot have; give its path instead");
    std::string error;
    file = files->addExternal(folder, tensor.location, error);
    if (file == SourceFiles::kFailed)
      fail(Kind::User, "constant " + quoted(tensor.name) + ": " + error);
    uint64_t length = bytes;
    llvm::StringRef offsetText(tensor.externalOffset.data(),
                               tensor.externalOffset.size());
    llvm::StringRef lengthText(tensor.externalLength.data(),
                               tensor.externalLength.size());
    if ((!offsetText.empty() && offsetText.getAsInteger(10, offset)) ||
        (!lengthText.empty() && lengthText.getAsInteger(10, length)) ||
        length != bytes)
      throw InvalidNode("the external data of constant " + quoted(tensor.name) +
                        " has an offset or length that does not fit it");
  } else if (tensor.hasRaw) {
    // Raw bytes are a view into the model's file, or into a function body.
    if (tensor.raw.size() != bytes)
      throw InvalidNode("constant " + quoted(tensor.name) + " has " +
                        countText(tensor.raw.size(), "byte") +
                        ", its shape takes " + std::to_string(bytes));
    std::string_view whole = files->bytes(0);
    std::less_equal<const char *> before;
    if (before(whole.data(), tensor.raw.data()) &&
        before(tensor.raw.data() + bytes, whole.data() + whole.size()))
      offset = bytes ? tensor.raw.data() - whole.data() : 0;
    else
      file = files->addBytes(std::string(tensor.raw),
                             "constant:" + std::to_string(files->size()));
  } else {
    std::string data = tensor.decoded;
    // Of less than a byte each element may stand alone.
    const unsigned width = elementBits(tensor.type);
    if (width < 8 && data.size() == uint64_t(*count)) {
      std::string packed(bytes, 0);
      for (size_t i = 0; i < data.size(); ++i)
        packed[i * width / 8] |= static_cast<char>(
            (static_cast<uint8_t>(data[i]) & ((1u << width) - 1))
            << i * width % 8);
      data = std::move(packed);
    }
    if (data.size() != bytes)
      throw InvalidNode("constant " + quoted(tensor.name) +
                        " has more or fewer values than its shape");
    file = files->addBytes(std::move(data),
                           "constant:" + std::to_string(files->size()));
  }
  if (files->read(file, offset, bytes).size() != bytes)
    throw InvalidNode("the data of constant " + quoted(tensor.name) +
                      " ends after its file");
  auto span =
      graph::SpanAttr::get(&context, file, offset, bytes, element, tensor.dims);
  return values.fromExpr(graph::ExprAttr::get(&context, span, {}),
                         StringRef(tensor.name.data(), tensor.name.size()));
}

Binding *Importer::find(std::string_view name, Scope &scope) {
  for (Scope *s = &scope; s; s = s->outer) {
    auto value = s->values.find(name);
    if (value != s->values.end())
      return &value->second;
    auto initializer = s->initializers.find(name);
    if (initializer == s->initializers.end())
      continue;
    Binding binding;
    binding.val = constant(*initializer->second);
    return &s->values.emplace(name, std::move(binding)).first->second;
  }
  return nullptr;
}

Binding Importer::lookup(std::string_view name, Scope &scope,
                         const std::string &reader) {
  if (name.empty())
    return {};
  if (Binding *binding = find(name, scope))
    return *binding;
  fail(Kind::Invalid, "node " + quoted(reader) + " reads " + quoted(name) +
                          ", which nothing before it makes");
}

void Importer::define(std::string_view name, Binding binding, Scope &scope) {
  if (name.empty())
    return;
  if (!scope.values.emplace(name, std::move(binding)).second)
    fail(Kind::Invalid, "the value " + quoted(name) + " is made twice");
}

bool Importer::isPlaceholder(const Val &val) const {
  return val.value && val.value.getDefiningOp<tensor::EmptyOp>();
}

void Importer::defineUnknown(const onnx::Node &node, Scope &scope,
                             NodeReport &report) {
  std::vector<Val> inputs;
  bool constant = true, known = true;
  for (std::string_view input : node.inputs) {
    Binding binding = lookup(input, scope, report.name);
    known &= !binding.unknown;
    constant &= binding.val.isAbsent() || binding.val.isConstant();
    if (binding.val.value && !isPlaceholder(binding.val))
      readByRefused.push_back(binding.val.value);
    inputs.push_back(std::move(binding.val));
  }
  std::optional<RefusedResult> result;
  if (known)
    result = refusedResult(node, inputs, context);
  for (auto [i, output] : llvm::enumerate(node.outputs)) {
    Binding binding;
    binding.unknown = true;
    // By the lowering, by what the file states, by the op's definition: with a
    // shape, what follows can be checked too.
    RankedTensorType type;
    auto info = scope.infos.find(output);
    if (i < refusedTypes.size() && refusedTypes[i])
      type = refusedTypes[i];
    else if (info != scope.infos.end()) {
      if (auto shape = statedShape(*info->second))
        type = RankedTensorType::get(*shape,
                                     values.elementType(info->second->type));
    }
    if (!type && i == 0 && result)
      type = result->type;
    // Constants made of constants may be read by value, which is not known.
    if (type && !constant && type.getNumElements() > 0) {
      auto placeholder = tensor::EmptyOp::create(
          builder, values.loc, type.getShape(), type.getElementType());
      placeholders.push_back(placeholder);
      binding.val = values.fromValue(placeholder);
      binding.unknown = false;
      report.work += double(type.getNumElements());
    }
    define(output, std::move(binding), scope);
  }
  if (result)
    report.work = std::max(report.work, result->macs);
  for (const Val &input : inputs)
    if (!input.isAbsent())
      report.work =
          std::max<double>(report.work, double(input.type.getNumElements()));
}

void Importer::lowerNode(const onnx::Node &node, const OpEntry &entry,
                         int64_t opset, Scope &scope, NodeReport &report) {
  NodeContext c(node, values, opset);
  for (std::string_view input : node.inputs)
    c.inputs.push_back(lookup(input, scope, report.name).val);
  c.constant = [this](const onnx::Tensor &t) { return constant(t); };
  c.isUsed = [&](std::string_view n) { return scope.used.count(n) != 0; };
  c.outerAttribute = scope.attribute;
  c.call = [&](const onnx::Graph &graph, const std::vector<Val> &inputs) {
    return inlineGraph(graph, inputs, scope, report.name);
  };
  entry.lower(c);
  report.work = c.macs;
  try {
    c.refuseUnread(entry.neutral);
  } catch (const UnsupportedNode &) {
    for (const Val &result : c.results)
      refusedTypes.push_back(result.type);
    throw;
  }
  bool constant = true;
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (c.results[i].isAbsent() && c.wants(i))
      throw UnsupportedNode("its output " + std::to_string(i) + " is read");
    if (c.results[i].isAbsent())
      continue;
    if (c.results[i].rank() > kMaxRank)
      throw UnsupportedNode(
          "its result has " + std::to_string(c.results[i].rank()) +
          " dimensions; up to " + std::to_string(kMaxRank) + " are supported");
    constant &= c.results[i].isConstant();
    report.work += c.results[i].type.getNumElements();
  }
  if (constant)
    report.work = 0;
  report.runsOn = constant ? "folded" : "npu";
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (c.results[i].isConstant() && c.results[i].name.empty())
      c.results[i].name = std::string(node.outputs[i]);
    if (!c.results[i].isAbsent())
      define(node.outputs[i], {std::move(c.results[i]), false}, scope);
  }
}

void Importer::importNode(const onnx::Node &node, Scope &scope) {
  if (++expandedNodes > kMaxNodes)
    fail(Kind::Invalid, "the model has more than a million nodes once its "
                        "functions are inlined");
  NodeReport report;
  report.name = reportName(node, scope);
  report.op = legalUtf8(node.op);
  report.domain = legalUtf8(node.domain);
  values.loc = NameLoc::get(StringAttr::get(&context, report.name));
  refusedTypes.clear();
  if (node.op == "If" && node.domain.empty() &&
      inlineBranch(node, scope, report.reason))
    return;
  int64_t opset = opsetOf(node.domain, scope);
  if (opset == 0)
    fail(Kind::Invalid, "node " + quoted(report.name) +
                            " is of the default operator set, of which the "
                            "model names no version");
  bool known = false;
  const OpEntry *entry = findOp(node.domain, node.op, opset, known);
  if (!known) {
    // The operator's own body, then the model's: a function of the model does
    // not change what a known operator means.
    if (node.domain.empty())
      if (const onnx::Function *body = findFunctionBody(node.op, opset))
        return inlineFunction(node, *body, scope);
    for (const onnx::Function &function : model.functions)
      if (function.name == node.op && function.domain == node.domain &&
          function.overload == node.overload)
        return inlineFunction(node, function, scope);
  }
  bool behindUnknown = false;
  for (std::string_view input : node.inputs)
    behindUnknown |= lookup(input, scope, report.name).unknown;
  if (!report.reason.empty()) {
    // An If that stays, with its reason.
  } else if (!entry) {
    bool flow = node.op == "Loop" || node.op == "Scan";
    report.reason =
        known  ? "version " + std::to_string(opset) +
                     " of its operator set is not supported for this op"
        : flow ? "loops are not supported; export the model without control "
                 "flow"
               : "no lowering for this op";
  } else if (behindUnknown) {
    report.runsOn = "unknown";
  } else {
    try {
      lowerNode(node, *entry, opset, scope, report);
    } catch (const UnsupportedNode &e) {
      // A reason of its own, or only that integers are not known which a
      // refused node would have made?
      const bool behind = llvm::any_of(node.inputs, [&](std::string_view name) {
        const Val val = lookup(name, scope, report.name).val;
        return isPlaceholder(val) && !val.isFloat();
      });
      if (behind && refusedTypes.empty())
        report.runsOn = "unknown";
      else
        report.reason = e.what();
    } catch (const HostTensorTooLarge &e) {
      report.reason = e.what();
    } catch (const std::bad_alloc &) {
      throw;
    } catch (const std::exception &e) {
      // Behind a refused node the shapes may be what the file states wrongly.
      if (!placeholders.empty()) {
        report.runsOn = "unknown";
      } else
        fail(Kind::Invalid, "node " + quoted(report.name) + " (" +
                                quoted(node.op) + "): " + e.what());
    }
  }
  if (report.runsOn.empty() || report.runsOn == "unknown") {
    defineUnknown(node, scope, report);
  }
  reports.push_back(std::move(report));
}

void Importer::importNodes(const std::vector<onnx::Node> &nodes, Scope &scope) {
  for (const onnx::Node &node : nodes)
    importNode(node, scope);
}

void Importer::inlineFunction(const onnx::Node &node,
                              const onnx::Function &function, Scope &scope) {
  std::string name = reportName(node, scope);
  if (scope.depth >= kMaxDepth)
    fail(Kind::Invalid, "functions call each other more than " +
                            std::to_string(kMaxDepth) + " deep at node " +
                            quoted(name));
  Scope inner;
  inner.depth = scope.depth + 1;
  inner.prefix = name + "/";
  inner.opsets = function.opsets.empty() ? scope.opsets : &function.opsets;
  collectUses(function.nodes, inner.used);
  inner.used.insert(function.outputs.begin(), function.outputs.end());
  for (size_t i = 0; i < function.inputs.size(); ++i) {
    std::string_view actual =
        i < node.inputs.size() ? node.inputs[i] : std::string_view();
    define(function.inputs[i], lookup(actual, scope, name), inner);
  }
  inner.attribute = [&](std::string_view wanted) -> const onnx::Attribute * {
    for (const onnx::Attribute &attribute : node.attributes)
      if (attribute.name == wanted)
        return attribute.refName.empty() ? &attribute
               : scope.attribute         ? scope.attribute(attribute.refName)
                                         : nullptr;
    for (const onnx::Attribute &attribute : function.defaults)
      if (attribute.name == wanted)
        return &attribute;
    return nullptr;
  };
  importNodes(function.nodes, inner);
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (i >= function.outputs.size())
      fail(Kind::Invalid, "node " + quoted(name) +
                              " has more outputs than its "
                              "function");
    if (node.outputs[i].empty())
      continue;
    define(node.outputs[i], lookup(function.outputs[i], inner, name), scope);
  }
}

std::vector<Val> Importer::inlineGraph(const onnx::Graph &graph,
                                       const std::vector<Val> &inputs,
                                       Scope &scope, const std::string &name) {
  if (scope.depth >= kMaxDepth)
    fail(Kind::Invalid, "graphs are nested too deep");
  Scope inner;
  inner.outer = &scope;
  inner.depth = scope.depth + 1;
  inner.prefix = name + "/";
  inner.opsets = scope.opsets;
  inner.attribute = scope.attribute;
  enterGraph(graph, inner);
  if (graph.inputs.size() != inputs.size())
    throw InvalidNode("its graph takes another number of inputs");
  const Location loc = values.loc;
  for (size_t i = 0; i < inputs.size(); ++i)
    define(graph.inputs[i].name, {inputs[i], false}, inner);
  importNodes(graph.nodes, inner);
  values.loc = loc;
  refusedTypes.clear();
  std::vector<Val> results;
  for (const onnx::ValueInfo &output : graph.outputs) {
    Binding binding = lookup(output.name, inner, name);
    if (binding.unknown)
      throw UnsupportedNode("a node of its graph is refused");
    results.push_back(binding.val);
  }
  return results;
}

bool Importer::inlineBranch(const onnx::Node &node, Scope &scope,
                            std::string &reason) {
  std::string name = reportName(node, scope);
  if (node.inputs.empty())
    fail(Kind::Invalid, "node " + quoted(name) + " has no condition");
  Binding condition = lookup(node.inputs[0], scope, name);
  if (condition.unknown || !condition.val.host ||
      condition.val.host->size() != 1) {
    reason = "its condition depends on the data of an input; only conditions "
             "on shapes are supported";
    return false;
  }
  if (scope.depth >= kMaxDepth)
    fail(Kind::Invalid, "branches are nested too deep");
  std::string_view wanted =
      condition.val.host->intValue() ? "then_branch" : "else_branch";
  const onnx::Graph *branch = nullptr;
  for (const onnx::Attribute &attribute : node.attributes)
    if (attribute.name == wanted)
      branch = attribute.g.get();
  if (!branch || branch->outputs.size() < node.outputs.size())
    fail(Kind::Invalid,
         "node " + quoted(name) + " has no fitting " + std::string(wanted));
  Scope inner;
  inner.outer = &scope;
  inner.depth = scope.depth + 1;
  inner.prefix = name + "/";
  inner.opsets = scope.opsets;
  inner.attribute = scope.attribute;
  enterGraph(*branch, inner);
  importNodes(branch->nodes, inner);
  for (size_t i = 0; i < node.outputs.size(); ++i)
    define(node.outputs[i], lookup(branch->outputs[i].name, inner, name),
           scope);
  return true;
}
