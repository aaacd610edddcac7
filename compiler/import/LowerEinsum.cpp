// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Einsum as transpositions and products: operands are contracted from the left,
// two at a time.

#include "compiler/import/Lowering.h"

#include "dialects/target/Figures.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <numeric>

using namespace tilework;
using graph::ReduceKind;
using Shape = NodeContext::Shape;

namespace {

/// An operand, each of whose dimensions has a letter. Those that an ellipsis
/// stands for are digits from the last, so that they align as in broadcasting.
struct Term {
  Val value;
  std::string letters;

  bool has(char letter) const {
    return letters.find(letter) != std::string::npos;
  }
  int64_t size(char letter) const {
    return value.dim(static_cast<int64_t>(letters.find(letter)));
  }
};

class Contraction {
public:
  explicit Contraction(NodeContext &c) : c(c) {}
  Val run();

private:
  std::string spelled(std::string_view part, int64_t rank) const;
  Term diagonal(Term term) const;
  /// Sums over the letters that `kept` lacks.
  Term summed(Term term, const std::string &kept) const;
  /// The dimensions in this order; letters that it lacks are of size 1.
  Val ordered(const Term &term, const std::string &order) const;
  Term product(const Term &a, const Term &b, const std::string &kept) const;

  NodeContext &c;
  int64_t ellipsis = 0; ///< most dimensions that one stands for
};

} // namespace

/// The letters of one part of the equation.
std::string Contraction::spelled(std::string_view part, int64_t rank) const {
  std::string letters;
  size_t dots = part.find("...");
  for (size_t i = 0; i < part.size(); ++i) {
    if (i == dots) {
      int64_t named = static_cast<int64_t>(part.size()) - 3;
      int64_t count = rank < 0 ? ellipsis : rank - named;
      if (count < 0 || count > 9)
        throw InvalidNode("its ellipsis does not fit its input");
      for (int64_t digit = count; digit-- > 0;)
        letters += static_cast<char>('0' + digit);
      i += 2;
    } else if (std::isalpha(static_cast<unsigned char>(part[i]))) {
      letters += part[i];
    } else {
      throw InvalidNode("its equation has the sign " +
                        onnx::quoted(part.substr(i, 1)));
    }
  }
  if (rank >= 0 && static_cast<int64_t>(letters.size()) != rank)
    throw InvalidNode("its equation names other dimensions than its input has");
  return letters;
}

Term Contraction::diagonal(Term term) const {
  for (size_t i = 0; i < term.letters.size(); ++i) {
    size_t j = term.letters.find(term.letters[i], i + 1);
    if (j == std::string::npos)
      continue;
    // Both as the last ones, then as one of which every (n + 1)-th is kept.
    int64_t n = term.value.dim(i);
    if (term.value.dim(j) != n)
      throw InvalidNode("its equation gives two sizes to one letter");
    std::string letters = term.letters;
    Shape order;
    for (size_t d = 0; d < letters.size(); ++d)
      if (d != i && d != j)
        order.push_back(static_cast<int64_t>(d));
    Shape shape;
    std::string rest;
    for (int64_t d : order) {
      shape.push_back(term.value.dim(d));
      rest += letters[d];
    }
    order.push_back(static_cast<int64_t>(i));
    order.push_back(static_cast<int64_t>(j));
    Shape first(shape.size() + 1, 0), steps(shape.size() + 1, 1);
    Shape sizes = shape;
    shape.push_back(n * n);
    sizes.push_back(n);
    steps.back() = n + 1;
    Val flat = c.b.reshape(c.b.transpose(term.value, order), shape);
    return diagonal(
        {c.b.slice(flat, first, sizes, steps), rest + term.letters[i]});
  }
  return term;
}

Term Contraction::summed(Term term, const std::string &kept) const {
  Shape axes, shape;
  std::string left;
  for (size_t i = 0; i < term.letters.size(); ++i)
    if (kept.find(term.letters[i]) == std::string::npos) {
      axes.push_back(static_cast<int64_t>(i));
    } else {
      shape.push_back(term.value.dim(i));
      left += term.letters[i];
    }
  if (axes.empty())
    return term;
  return {c.b.reshape(c.b.reduce(ReduceKind::Sum, term.value, axes), shape),
          left};
}

Val Contraction::ordered(const Term &term, const std::string &order) const {
  Shape permutation, shape;
  for (char letter : order) {
    if (term.has(letter))
      permutation.push_back(static_cast<int64_t>(term.letters.find(letter)));
    shape.push_back(term.has(letter) ? term.size(letter) : 1);
  }
  return c.b.reshape(c.b.transpose(term.value, permutation), shape);
}

Term Contraction::product(const Term &a, const Term &b,
                          const std::string &kept) const {
  std::string batch, rows, columns, inner;
  for (char letter : a.letters)
    (!b.has(letter)                           ? rows
     : kept.find(letter) != std::string::npos ? batch
                                              : inner) += letter;
  for (char letter : b.letters)
    if (!a.has(letter))
      columns += letter;
  std::string letters = batch + rows + columns;
  auto sizes = [&](const Term &term, const std::string &of) {
    return std::accumulate(
        of.begin(), of.end(), int64_t(1),
        [&](int64_t count, char letter) { return count * term.size(letter); });
  };
  Shape shape;
  for (char letter : letters)
    shape.push_back(std::max(a.has(letter) ? a.size(letter) : 1,
                             b.has(letter) ? b.size(letter) : 1));
  // A letter of size 1 on one side is a broadcast, and no sum of products.
  bool broadcasts = llvm::any_of(
      inner, [&](char letter) { return a.size(letter) != b.size(letter); });
  if (inner.empty() || broadcasts) {
    std::string all = letters + inner;
    Term whole{c.b.mul(ordered(a, all), ordered(b, all)), all};
    return summed(whole, letters);
  }
  Shape left, right;
  for (char letter : batch) {
    left.push_back(a.size(letter));
    right.push_back(b.size(letter));
  }
  left.insert(left.end(), {sizes(a, rows), sizes(a, inner)});
  right.insert(right.end(), {sizes(b, inner), sizes(b, columns)});
  Val result = c.matmul(c.b.reshape(ordered(a, batch + rows + inner), left),
                        c.b.reshape(ordered(b, batch + inner + columns), right),
                        false, false);
  return {c.b.reshape(result, shape), letters};
}

Val Contraction::run() {
  std::string equation;
  for (char sign : c.text("equation", ""))
    if (sign != ' ')
      equation += sign;
  size_t arrow = equation.find("->");
  std::vector<std::string> parts(1);
  for (char sign : equation.substr(0, arrow))
    if (sign == ',')
      parts.emplace_back();
    else
      parts.back() += sign;
  if (parts.size() != c.inputs.size())
    throw InvalidNode("its equation is of " + countText(parts.size(), "input") +
                      ", and it has " + std::to_string(c.inputs.size()));
  std::vector<Term> terms;
  for (size_t i = 0; i < parts.size(); ++i) {
    std::string letters = spelled(parts[i], c.in(i).rank());
    ellipsis = std::max<int64_t>(
        ellipsis, llvm::count_if(letters, [](char l) { return l <= '9'; }));
    terms.push_back(diagonal({c.in(i), letters}));
  }
  std::string wanted;
  if (arrow != std::string::npos) {
    wanted = spelled(equation.substr(arrow + 2), -1);
  } else {
    // What stands once, in the order of the alphabet, behind the ellipsis.
    wanted = spelled("...", -1);
    for (char letter = 'A'; letter <= 'z'; ++letter)
      if (llvm::count(equation, letter) == 1)
        wanted += letter;
  }
  Term result;
  for (size_t i = 0; i < terms.size(); ++i) {
    std::string kept = wanted;
    for (size_t j = i + 1; j < terms.size(); ++j)
      kept += terms[j].letters;
    if (i == 0) {
      result = summed(terms[0], kept);
      continue;
    }
    Term next = summed(terms[i], kept + result.letters);
    result = summed(product(result, next, kept), kept);
  }
  for (char letter : wanted)
    if (!result.has(letter) || llvm::count(wanted, letter) != 1)
      throw InvalidNode("its equation gives a dimension that no input has, or "
                        "one twice");
  return ordered(result, wanted);
}

void tilework::lowerEinsum(NodeContext &c) { c.set(0, Contraction(c).run()); }
