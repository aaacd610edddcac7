# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fits the tables of the vector unit's special functions and writes them once for each reader: a C++ fragment for
sim/functional/SpecialFunctions.h and the package tw_special_function_pkg for rtl/vector_unit.

A table is a sequence of segments; a segment is a quadratic in t, a signed fraction of 16 bits, evaluated as

    q = c1 + ((c2 * t) >> shift2)        h = c0 + ((q * t) >> shift1[octave])

in integers, >> rounding down. rtl/vector_unit/RationaleVectorUnit.md says how arguments become a segment and t, and how
h becomes a result. Coefficients are interpolated at Chebyshev nodes, rounded, and then adjusted on the integer
evaluation itself, so the figures do not depend on how the host rounds.
"""

import argparse
import math

C1_BITS, C2_BITS, T_ONE, OCTAVES = 17, 15, 1 << 15, 5
OFFSET_BITS = 6  # segments of an octave of most tables over x + 1


def standard_tail(x):
    return 0.5 * math.erfc(x / math.sqrt(2.0))


def logistic_tail(x):
    return 1.0 / (1.0 + math.exp(x))


def gelu_tanh_tail(x):
    return logistic_tail(2.0 * math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3))


def ratio(function, x, at_zero):
    return at_zero if x == 0.0 else function(x) / x


def near_one(m):
    """ln(x) / (x - 1) for x in [0.75, 1.5) as a function of its significand m in [1, 2)."""
    z = m - 1.0 if m < 1.5 else m / 2.0 - 1.0
    return 1.0 if z == 0.0 else math.log1p(z) / z


class Octave:
    """Segments of [start, start + width) of which `count` of 2^segment_bits are kept; value has `fraction` bits."""

    def __init__(self, function, start, width, fraction, end=None, pin=None):
        self.function, self.start, self.width, self.fraction = function, start, width, fraction
        self.end, self.pin = end, pin


class Table:
    def __init__(self, name, segment_bits, octaves):
        self.name, self.segment_bits, self.octaves = name, segment_bits, octaves


def offset_octaves(function, end, pin, segment_bits=OFFSET_BITS):
    """Octaves of y = x + 1: x in [0, 1), [1, 3), [3, 7), [7, 15), [15, 31)."""
    result, start, width = [], 0.0, 1.0
    while start < end:
        # One segment more than needed, since y may round up to the end.
        last = start + width >= end
        stop = end + width / (1 << segment_bits) if last else start + width
        result.append(Octave(function, start, width, 30, stop, pin if start == 0.0 else None))
        start, width = start + width, 2.0 * width
    return result


# Saturation bounds: from here on tanh and erf are 1 and the tails are 0 (absolute error below 2^-22 after the product).
SATURATION = {"Tanh": 9.0, "Erf": 4.0, "Logistic": 19.0, "Normal": 5.5, "GeluTanh": 5.25}
EXP_LOW, EXP_HIGH = -90.0, 88.8125

TABLES = [
    Table("Exponential", 7, [Octave(math.exp, 0.0, 1.0, 29, 90 / 128, 1 << 29)]),
    Table("Reciprocal", 7, [Octave(lambda m: 1.0 / m, 1.0, 1.0, 30, None, 1 << 30)]),
    Table(
        "ReciprocalRoot",
        6,
        [
            Octave(lambda m: 1.0 / math.sqrt(m), 1.0, 1.0, 30, None, 1 << 30),
            Octave(lambda m: 1.0 / math.sqrt(m), 2.0, 2.0, 30),
        ],
    ),
    Table(
        "Root", 6, [Octave(math.sqrt, 1.0, 1.0, 30, None, 1 << 30), Octave(math.sqrt, 2.0, 2.0, 30)]
    ),
    Table("Logarithm", 6, [Octave(math.log, 1.0, 1.0, 24), Octave(near_one, 1.0, 1.0, 30)]),
    Table(
        "Tanh",
        OFFSET_BITS,
        offset_octaves(lambda x: ratio(math.tanh, x, 1.0), SATURATION["Tanh"], 1 << 30),
    ),
    Table(
        "Erf",
        OFFSET_BITS,
        offset_octaves(
            lambda x: ratio(math.erf, x, 2.0 / math.sqrt(math.pi)), SATURATION["Erf"], None
        ),
    ),
    Table("Logistic", 7, offset_octaves(logistic_tail, SATURATION["Logistic"], 1 << 29, 7)),
    Table("Normal", OFFSET_BITS, offset_octaves(standard_tail, SATURATION["Normal"], 1 << 29)),
    Table("GeluTanh", OFFSET_BITS, offset_octaves(gelu_tanh_tail, SATURATION["GeluTanh"], 1 << 29)),
]


def interpolate(octave, left, width):
    """a0 + a1 s + a2 s^2 for s in [-1, 1] over the segment, in units of the result's last place."""
    node, unit = math.sqrt(3.0) / 2.0, float(1 << octave.fraction)
    low, mid, high = (
        octave.function(left + width * (1.0 + s) / 2.0) * unit for s in (-node, 0.0, node)
    )
    return mid, (high - low) / (2.0 * node), (high + low - 2.0 * mid) / (2.0 * node * node)


def evaluate(c0, c1, c2, shift1, shift2, t):
    q = c1 + ((c2 * t) >> shift2)
    return c0 + ((q * t) >> shift1)


SAMPLES = [-T_ONE + i * (2 * T_ONE - 1) // 24 for i in range(25)]


def fit_segment(octave, left, width, shift1, shift2, pin):
    a0, a1, a2 = interpolate(octave, left, width)
    c1 = math.floor(
        a1 * 2.0**shift1 / T_ONE + 0.5 + 0.5
    )  # the inner shift rounds down by half on average
    c2 = math.floor(a2 * 2.0 ** (shift1 + shift2) / T_ONE**2 + 0.5)
    unit = float(1 << octave.fraction)
    exact = [octave.function(left + width * (1.0 + t / T_ONE) / 2.0) * unit for t in SAMPLES]
    best = None
    for slope in (c1 - 1, c1, c1 + 1):
        errors = [
            evaluate(0, slope, c2, shift1, shift2, t) - value for t, value in zip(SAMPLES, exact)
        ]
        if pin is None:
            c0 = -math.floor((max(errors) + min(errors)) / 2.0 + 0.5)
        else:
            c0 = pin - evaluate(0, slope, c2, shift1, shift2, -T_ONE)
        worst = max(abs(error + c0) for error in errors)
        if best is None or worst < best[0]:
            best = (worst, c0, slope, c2)
    if min(evaluate(*best[1:], shift1, shift2, t) for t in SAMPLES) < 0 and octave.fraction == 30:
        raise SystemExit("a table value is negative at %g" % left)
    return best[1:]


def fit_table(table):
    """Fills in shift1 for each octave, shift2 and the list of (c0, c1, c2)."""
    parts = []
    for octave in table.octaves:
        width = octave.width / (1 << table.segment_bits)
        end = octave.end if octave.end is not None else octave.start + octave.width
        count = math.ceil((end - octave.start) / width)
        if count > 1 << table.segment_bits:
            raise SystemExit("an octave of %s is too long" % table.name)
        lefts = [octave.start + i * width for i in range(count)]
        raw = [interpolate(octave, left, width) for left in lefts]
        steepest = max(abs(a1) + abs(a2) for _, a1, a2 in raw)
        octave.shift1 = min(
            30, math.floor(math.log2(((1 << (C1_BITS - 1)) - 4) * T_ONE / steepest))
        )
        bend = max(abs(a2) for _, _, a2 in raw) * 2.0**octave.shift1 / T_ONE**2
        parts.append(
            (octave, lefts, width, math.floor(math.log2(((1 << (C2_BITS - 1)) - 1) / bend)))
        )
    table.shift2 = min(31, min(part[3] for part in parts))
    table.entries = []
    for number, (octave, lefts, width, _) in enumerate(parts):
        if number and len(table.entries) != number << table.segment_bits:
            raise SystemExit("only the last octave of %s may be cut" % table.name)
        for i, left in enumerate(lefts):
            pin = octave.pin if i == 0 else None
            table.entries.append(fit_segment(octave, left, width, octave.shift1, table.shift2, pin))
    for c0, c1, c2 in table.entries:
        if not (
            -(1 << 31) <= c0 < 1 << 31
            and abs(c1) < 1 << (C1_BITS - 1)
            and abs(c2) < 1 << (C2_BITS - 1)
        ):
            raise SystemExit("a coefficient of %s does not fit" % table.name)


LN2_31, LN2_24 = round(math.log(2.0) * 2**31), round(math.log(2.0) * 2**24)
EXP_SCALE = math.floor(2**13 / math.log(2.0))


def check_exponential_reduction():
    """The estimate of floor(x / ln 2), with a factor rounded down for x >= 0 and up for x < 0, leaves a remainder
    inside the table for every x that is not clamped."""
    limit = 90 << 24
    for a in range(math.floor(EXP_LOW * 1024) - 1, math.ceil(EXP_HIGH * 1024) + 1):
        n = (a * (EXP_SCALE + (a < 0))) >> 23
        low = (a << 21) - n * LN2_31
        if low < 0 or low + (1 << 21) > limit:
            raise SystemExit("exp: remainder outside the table at %d" % a)


def bits_of(value):
    mantissa, exponent = math.frexp(abs(value))
    scaled = int(mantissa * (1 << 24))
    return (0x80000000 if value < 0 else 0) | ((exponent + 126) << 23) | (scaled & 0x7FFFFF)


def snake(name):
    return "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")


BANNER = "// Generated by sim/functional/GenerateSpecialFunctions.py. Do not edit.\n"


def constants():
    result = [
        ("Saturation" + name, bits_of(value), "fp32 bits") for name, value in SATURATION.items()
    ]
    return result + [
        ("ExponentialLow", bits_of(EXP_LOW), "fp32 bits"),
        ("ExponentialHigh", bits_of(EXP_HIGH), "fp32 bits"),
        ("ExponentialScale", EXP_SCALE, "1/ln 2, 13 bits of fraction; one more below 0"),
        ("LogTwo31", LN2_31, "ln 2, 31 bits of fraction"),
        ("LogTwo24", LN2_24, "ln 2, 24 bits of fraction"),
    ]


def write_cpp(path, tables):
    lines = [BANNER]
    for name, value, text in constants():
        lines.append("constexpr uint32_t k%s = 0x%xu; ///< %s\n" % (name, value, text))
    lines.append(
        "enum class FunctionTableIndex : uint8_t { %s };\n" % ", ".join(t.name for t in tables)
    )
    total = sum(len(t.entries) for t in tables)
    lines.append("constexpr FunctionTable kFunctionTables[%d] = {\n" % len(tables))
    base = 0
    for table in tables:
        shifts = [octave.shift1 for octave in table.octaves] + [0] * (OCTAVES - len(table.octaves))
        lines.append(
            "    {%d, %d, %d, {%s}}, // %s\n"
            % (base, table.segment_bits, table.shift2, ", ".join(map(str, shifts)), table.name)
        )
        base += len(table.entries)
    lines.append("};\nconstexpr unsigned kCoefficientCount = %d;\n" % total)
    entries = [entry for table in tables for entry in table.entries]
    lines.append("constexpr int32_t kCoefficient0[%d] = {\n" % total)
    lines += ["    %d,\n" % c0 for c0, _, _ in entries]
    lines.append("};\n/// c1 in the upper %d bits, c2 in the lower %d.\n" % (C1_BITS, C2_BITS))
    lines.append("constexpr uint32_t kCoefficient12[%d] = {\n" % total)
    lines += [
        "    0x%08xu,\n" % (((c1 << C2_BITS) & 0xFFFFFFFF) | (c2 & ((1 << C2_BITS) - 1)))
        for _, c1, c2 in entries
    ]
    lines.append("};\n")
    with open(path, "w") as file:
        file.writelines(lines)


def write_sv(path, tables):
    entries = [entry for table in tables for entry in table.entries]
    bits = max(1, (len(entries) - 1).bit_length())
    lines = [
        BANNER,
        "//\n// Tables and constants of the vector unit's special functions.\n\n",
        "package tw_special_function_pkg;\n\n",
    ]
    for name, value, text in constants():
        lines.append("  localparam logic [31:0] %s = 32'h%08x;  // %s\n" % (name, value, text))
    lines.append("\n  localparam int unsigned TableCount = %d;\n" % len(tables))
    lines.append("  localparam int unsigned CoefficientCount = %d;\n" % len(entries))
    lines.append("  localparam int unsigned IndexWidth = %d;\n\n" % bits)
    lines.append("  typedef enum logic [3:0] {\n")
    lines.append(
        ",\n".join("    Table%s = 4'd%d" % (table.name, i) for i, table in enumerate(tables))
    )
    lines.append("\n  } table_e;\n\n")
    lines.append(
        "  // A segment's place: base entry, 7 (1) or 6 (0) bits of segment, and the two shifts.\n"
    )
    lines.append(
        "  typedef struct packed {\n    logic [IndexWidth-1:0] base;\n    logic                  fine;\n"
        "    logic [4:0]            shift2;\n    logic [%d:0][4:0]       shift1;  // by octave\n  } table_t;\n\n"
        % (OCTAVES - 1)
    )
    lines.append("  function automatic table_t table_of(table_e index);\n    case (index)\n")
    base = 0
    for i, table in enumerate(tables):
        shifts = [octave.shift1 for octave in table.octaves] + [0] * (OCTAVES - len(table.octaves))
        label = "default" if i == len(tables) - 1 else "Table" + table.name
        lines.append(
            "      %s: return {%d'd%d, 1'd%d, 5'd%d, {%s}};\n"
            % (
                label,
                bits,
                base,
                table.segment_bits == 7,
                table.shift2,
                ", ".join("5'd%d" % shift for shift in reversed(shifts)),
            )
        )
        base += len(table.entries)
    lines.append("    endcase\n  endfunction\n\n")
    lines.append(
        "  typedef struct packed {\n    logic signed [31:0] c0;\n    logic signed [%d:0] c1;\n"
        "    logic signed [%d:0] c2;\n  } coefficients_t;\n\n" % (C1_BITS - 1, C2_BITS - 1)
    )
    lines.append("  localparam logic [63:0] Coefficients [%d] = '{\n" % len(entries))
    words = [
        "    64'h%016x"
        % (
            ((c0 & 0xFFFFFFFF) << 32)
            | (((c1 << C2_BITS) & 0xFFFFFFFF) | (c2 & ((1 << C2_BITS) - 1)))
        )
        for c0, c1, c2 in entries
    ]
    lines.append(",\n".join(words) + "\n  };\n\nendpackage\n")
    with open(path, "w") as file:
        file.writelines(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cpp", required=True, help="C++ fragment to write")
    parser.add_argument("--sv", required=True, help="SystemVerilog package to write")
    arguments = parser.parse_args()
    check_exponential_reduction()
    for table in TABLES:
        fit_table(table)
    write_cpp(arguments.cpp, TABLES)
    write_sv(arguments.sv, TABLES)


if __name__ == "__main__":
    main()
