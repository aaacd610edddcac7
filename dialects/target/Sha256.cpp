// Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names follow FIPS 180-4, section 6.2.

#include "dialects/target/Sha256.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace tilework::target {
namespace {

constexpr std::array<uint32_t, 64> kRound = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
    0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
    0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

uint32_t rotate(uint32_t x, unsigned n) { return x >> n | x << (32 - n); }

void compressBlock(std::array<uint32_t, 8> &state, const uint8_t *block) {
  std::array<uint32_t, 64> w;
  for (unsigned t = 0; t < 16; ++t)
    w[t] = uint32_t(block[4 * t]) << 24 | uint32_t(block[4 * t + 1]) << 16 |
           uint32_t(block[4 * t + 2]) << 8 | block[4 * t + 3];
  for (unsigned t = 16; t < 64; ++t) {
    const uint32_t s0 =
        rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ w[t - 15] >> 3;
    const uint32_t s1 =
        rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ w[t - 2] >> 10;
    w[t] = s1 + w[t - 7] + s0 + w[t - 16];
  }
  auto [a, b, c, d, e, f, g, h] = state;
  for (unsigned t = 0; t < 64; ++t) {
    const uint32_t t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
                        ((e & f) ^ (~e & g)) + kRound[t] + w[t];
    const uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) +
                        ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
  }
  const std::array<uint32_t, 8> work = {a, b, c, d, e, f, g, h};
  for (unsigned i = 0; i < state.size(); ++i)
    state[i] += work[i];
}

#if defined(__x86_64__)
bool hostHasSha() {
  constexpr unsigned kSsse3 = 1u << 9, kSse41 = 1u << 19, kSha = 1u << 29;
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & kSsse3) || !(c & kSse41))
    return false;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && b & kSha;
}

/// As compressBlock. Intel SDM 2, SHA256RNDS2: the state stands as ABEF and
/// CDGH, two rounds a step, four words of the schedule a register.
__attribute__((target("sha,sse4.1,ssse3"))) void
compressWithSha(std::array<uint32_t, 8> &state, const uint8_t *blocks,
                size_t count) {
  const __m128i swap =
      _mm_set_epi64x(0x0c0d0e0f08090a0bll, 0x0405060700010203ll);
  auto *words = reinterpret_cast<__m128i *>(state.data());
  const __m128i badc = _mm_shuffle_epi32(_mm_loadu_si128(words), 0xb1);
  const __m128i hgfe = _mm_shuffle_epi32(_mm_loadu_si128(words + 1), 0x1b);
  __m128i abef = _mm_alignr_epi8(badc, hgfe, 8);
  __m128i cdgh = _mm_blend_epi16(hgfe, badc, 0xf0);
  for (; count; --count, blocks += 64) {
    const __m128i abefBefore = abef, cdghBefore = cdgh;
    __m128i w[4];
    for (unsigned t = 0; t < 16; ++t) {
      __m128i &next = w[t % 4];
      if (t < 4) {
        next = _mm_shuffle_epi8(
            _mm_loadu_si128(reinterpret_cast<const __m128i *>(blocks) + t),
            swap);
      } else {
        const __m128i before = w[(t + 3) % 4];
        next = _mm_sha256msg1_epu32(next, w[(t + 1) % 4]);
        next = _mm_add_epi32(next, _mm_alignr_epi8(before, w[(t + 2) % 4], 4));
        next = _mm_sha256msg2_epu32(next, before);
      }
      const __m128i k = _mm_loadu_si128(
          reinterpret_cast<const __m128i *>(kRound.data() + size_t(4) * t));
      const __m128i sum = _mm_add_epi32(next, k);
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
    }
    abef = _mm_add_epi32(abef, abefBefore);
    cdgh = _mm_add_epi32(cdgh, cdghBefore);
  }
  const __m128i feba = _mm_shuffle_epi32(abef, 0x1b);
  const __m128i dchg = _mm_shuffle_epi32(cdgh, 0xb1);
  _mm_storeu_si128(words, _mm_blend_epi16(feba, dchg, 0xf0));
  _mm_storeu_si128(words + 1, _mm_alignr_epi8(dchg, feba, 8));
}
#else
bool hostHasSha() { return false; }
void compressWithSha(std::array<uint32_t, 8> &, const uint8_t *, size_t) {}
#endif

} // namespace

Sha256::Sha256(bool portable) {
  static const bool hasSha = hostHasSha();
  withInstructions = hasSha && !portable;
}

void Sha256::compress(const uint8_t *blocks, size_t count) {
  if (withInstructions)
    return compressWithSha(state, blocks, count);
  for (; count; --count, blocks += pending.size())
    compressBlock(state, blocks);
}

void Sha256::update(const void *data, size_t size) {
  if (!size) // nothing may be at no address
    return;
  const auto *bytes = static_cast<const uint8_t *>(data);
  size_t used = total % pending.size();
  total += size;
  if (used) {
    const size_t taken = std::min(size, pending.size() - used);
    std::memcpy(pending.data() + used, bytes, taken);
    bytes += taken, size -= taken, used += taken;
    if (used < pending.size())
      return;
    compress(pending.data(), 1);
  }
  const size_t whole = size / pending.size();
  compress(bytes, whole);
  bytes += whole * pending.size(), size -= whole * pending.size();
  if (size)
    std::memcpy(pending.data(), bytes, size);
}

std::string Sha256::finish() {
  const uint64_t bits = 8 * total;
  const uint8_t one = 0x80, zero = 0;
  update(&one, 1);
  while (total % pending.size() != 56)
    update(&zero, 1);
  std::array<uint8_t, 8> length;
  for (unsigned i = 0; i < length.size(); ++i)
    length[i] = uint8_t(bits >> (56 - 8 * i));
  update(length.data(), length.size());
  std::string hex;
  for (uint32_t word : state)
    for (int shift = 28; shift >= 0; shift -= 4)
      hex += "0123456789abcdef"[word >> shift & 15];
  return hex;
}

} // namespace tilework::target
