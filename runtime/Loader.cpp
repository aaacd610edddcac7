// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Placement, inputs and outputs of a loaded program.

#include "runtime/Loader.h"

#include "dialects/isa/Printable.h"
#include "dialects/target/Figures.h"
#include "runtime/Error.h"
#include "runtime/HostTensors.h"
#include "runtime/LaunchSteps.h"
#include "sim/cosim/Random.h"

#include <algorithm>
#include <cstring>

namespace tilework {

namespace {

/// Refuses what the machine has no room or no core for.
uint64_t checkedFootprint(const isa::Image &image, const isa::Entry &entry,
                          uint64_t capacityBytes) {
  uint64_t bytes = isa::placeBindings(image, entry).back();
  if (capacityBytes != 0 && bytes > capacityBytes)
    throw UserError("the program needs " + bytesText(double(bytes)) +
                    " of DRAM and the target has " +
                    bytesText(double(capacityBytes)) +
                    ": choose a target with a larger dram.capacity_bytes");
  if (entry.core != 0)
    throw UserError("entry '" + entry.name + "' is for core " +
                    std::to_string(entry.core) +
                    " and the machine has one core, 0");
  return bytes;
}

} // namespace

sim::Launch launchOf(const isa::Image &image, const isa::Entry &entry,
                     const std::vector<uint64_t> &places) {
  sim::Launch launch;
  launch.instructionCount = static_cast<uint32_t>(image.text.size());
  launch.entry = entry.pc;
  launch.core = static_cast<uint8_t>(entry.core);
  for (size_t i = 0; i < entry.bindings.size(); ++i) {
    const isa::Binding &binding = entry.bindings[i];
    sim::Segment &segment = launch.segments[binding.segment];
    if (i == 0 || entry.bindings[i - 1].segment != binding.segment)
      segment.base = places[i];
    segment.size = places[i] + binding.bytes - segment.base;
  }
  for (const isa::LaunchParameter &parameter : entry.parameters)
    launch.parameters[parameter.index] = parameter.initial;
  return launch;
}

LoadedEntry::LoadedEntry(std::shared_ptr<const isa::Image> loaded,
                         const isa::Entry &entry, uint64_t capacityBytes)
    : image(std::move(loaded)), description(entry),
      places(isa::placeBindings(*image, entry)),
      dram(checkedFootprint(*image, entry, capacityBytes)),
      launchState(launchOf(*image, entry, places)) {
  for (const isa::Binding &binding : entry.bindings)
    if (binding.kind == isa::BindingKind::Weights ||
        binding.kind == isa::BindingKind::State)
      ranges.push_back({addressOf(binding), binding.bytes});
  fixedRanges = ranges.size();
  forFixed([&](uint64_t address, const void *bytes, uint64_t count) {
    dram.write(address, bytes, count);
    dram.keep(address, count);
  });
}

template <typename Visit> void LoadedEntry::forFixed(Visit visit) const {
  visit(0, image->text.data(), image->text.size() * sizeof(image->text[0]));
  for (const isa::Binding &binding : description.bindings)
    if (binding.kind == isa::BindingKind::Weights)
      visit(addressOf(binding), image->weights.data,
            std::min(binding.bytes, image->weights.size));
}

void LoadedEntry::reset() {
  if (!dram.clear()) {
    forFixed([&](uint64_t address, const void *bytes, uint64_t count) {
      dram.write(address, bytes, count);
    });
    dram.clear();
  }
  ranges.resize(fixedRanges);
  values.clear();
}

uint64_t LoadedEntry::addressOf(const isa::Binding &binding) const {
  return places[&binding - description.bindings.data()];
}

const isa::Binding *LoadedEntry::findBinding(const std::string &name) const {
  auto found = std::find_if(
      description.bindings.begin(), description.bindings.end(),
      [&](const isa::Binding &binding) { return binding.name == name; });
  return found == description.bindings.end() ? nullptr : &*found;
}

void LoadedEntry::writeBinding(const isa::Binding &binding,
                               const Tensor &tensor) {
  if (tensor.bytes > binding.bytes)
    throw UserError("binding '" + binding.name + "' holds " +
                    countText(binding.bytes, "byte") + " and is given " +
                    std::to_string(tensor.bytes) +
                    ": the program file is inconsistent, compile it again");
  const uint64_t at = addressOf(binding);
  dram.write(at, tensor.data, tensor.bytes);
  ranges.push_back({at, tensor.bytes});
}

/// An input of a type that NumPy alone lacks takes the type that carries it: a
/// bfloat16 the other floats, rounded to nearest even, and an integer of less
/// than a byte one whose values fit.
static bool takes(ElementType wanted, ElementType given) {
  return given == wanted || given == elementTypeInfo(wanted).carrier ||
         (wanted == ElementType::Bfloat16 && isFloatType(given));
}

/// The tensor in the type of the input. Throws UserError naming the first
/// integer that it cannot hold.
static Tensor asInput(const isa::Tensor &wanted, const Tensor &given) {
  if (given.type == wanted.type)
    return given;
  if (isIntegerType(wanted.type)) {
    const std::vector<int64_t> values = toHost(given).intValues();
    const int64_t least = leastOf(wanted.type),
                  largest = largestOf(wanted.type);
    for (size_t i = 0; i < values.size(); ++i)
      if (values[i] < least || values[i] > largest)
        throw UserError(
            "input '" + printable(wanted.name) + "' has " +
            std::to_string(values[i]) + " at element " + std::to_string(i) +
            ", and " + elementTypeName(wanted.type) + " takes " +
            std::to_string(least) + " to " + std::to_string(largest));
  }
  return convert(given, wanted.type);
}

void LoadedEntry::setInputs(const TensorMap &inputs) {
  std::string problems;
  for (const isa::Tensor &wanted : description.inputs) {
    const std::string what = "'" + printable(wanted.name) + "' " +
                             describe(wanted.type, wanted.shape);
    auto found = inputs.find(wanted.name);
    if (found == inputs.end())
      problems += "\n  " + what + " is missing";
    else if (!takes(wanted.type, found->second.type) ||
             found->second.shape != wanted.shape)
      problems += "\n  " + what + " is given as " +
                  describe(found->second.type, found->second.shape);
  }
  for (const auto &[name, tensor] : inputs)
    if (std::none_of(description.inputs.begin(), description.inputs.end(),
                     [&, &given = name](const isa::Tensor &wanted) {
                       return wanted.name == given;
                     }))
      problems += "\n  '" + printable(name) + "' is no input of the program";
  if (!problems.empty())
    throw UserError("inputs do not fit the program:" + problems);

  values = inputs;
  for (const isa::Tensor &wanted : description.inputs)
    values[wanted.name] = asInput(wanted, values[wanted.name]);
  executeLaunchSteps(description.before, values,
                     [](const std::string &name, ElementType,
                        const std::vector<int64_t> &) -> Tensor {
                       throw UserError("no value '" + name +
                                       "' before the start");
                     });
  for (const isa::Binding &binding : description.bindings)
    if (auto found = values.find(binding.name);
        found != values.end() && binding.kind == isa::BindingKind::Input)
      writeBinding(binding, found->second);
}

std::string LoadedEntry::inputsDigest() const {
  TensorMap bound;
  for (const isa::Tensor &input : description.inputs)
    bound[input.name] = values.at(input.name);
  return digestOf(bound);
}

TensorMap LoadedEntry::outputs() {
  TensorMap results = values;
  auto read = [&](const std::string &name, ElementType type,
                  const std::vector<int64_t> &shape) {
    const isa::Binding *binding = findBinding(name);
    const uint64_t bytes = tensorBytes(type, shape);
    if (!binding || bytes > binding->bytes)
      throw UserError("no binding '" + name + "' of " +
                      countText(bytes, "byte") +
                      ": the program file is inconsistent, compile it "
                      "again");
    std::vector<uint8_t> copy(bytes);
    dram.read(addressOf(*binding), copy.data(), bytes);
    return Tensor::own(type, shape, std::move(copy));
  };
  executeLaunchSteps(description.after, results, read);
  TensorMap named;
  for (const isa::Tensor &output : description.outputs) {
    auto found = results.find(output.name);
    named[output.name] = found != results.end()
                             ? found->second
                             : read(output.name, output.type, output.shape);
  }
  return named;
}

TensorMap drawInputs(const isa::Entry &entry, uint64_t seed) {
  sim::Random random(seed);
  TensorMap inputs;
  for (const isa::Tensor &input : entry.inputs) {
    const bool isFloat = isFloatType(input.type);
    const uint64_t count = tensorBytes(ElementType::Uint8, input.shape);
    std::vector<uint8_t> bytes(count * (isFloat ? 4 : 8));
    for (uint64_t i = 0; i < count; ++i) {
      if (isFloat) {
        const float value =
            static_cast<float>(random.below(1u << 24)) / (1u << 23) - 1.0f;
        std::memcpy(&bytes[4 * i], &value, 4);
      } else {
        const uint64_t span = uint64_t(input.maximum) - input.minimum + 1;
        // A mask or a flag of one bit is drawn set: the most work.
        const int64_t value =
            input.minimum == 0 && input.maximum == 1
                ? 1
                : input.minimum + int64_t(span ? random.next() % span : 0);
        std::memcpy(&bytes[8 * i], &value, 8);
      }
    }
    inputs[input.name] =
        convert(Tensor::own(isFloat ? ElementType::Float : ElementType::Int64,
                            input.shape, std::move(bytes)),
                input.type);
  }
  return inputs;
}

} // namespace tilework
