# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pictures of results as inline SVG: no script, so they show wherever HTML does."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from tilework._events import ACTIVITIES

if TYPE_CHECKING:
    from tilework.comparison import Comparison
    from tilework.layers import Layers
    from tilework.result import Simulation
    from tilework.target import Target
    from tilework.views import Roofline, Timeline

_IDLE = "#b0bec5"
_WIDTH, _LEFT, _ROW = 640, 120, 26


def _rectangle(x: float, y: float, width: float, colour: str, title: str) -> str:
    return (
        f'<rect x="{x:.2f}" y="{y}" width="{width:.2f}" height="{_ROW - 8}" fill="{colour}">'
        f"<title>{escape(title)}</title></rect>"
    )


def _legend(causes: Sequence[str], y: int) -> tuple[list[str], int]:
    parts = []
    for index, cause in enumerate(causes):
        x, line = _LEFT + 130 * (index % 4), y + 18 * (index // 4)
        parts.append(
            f'<rect x="{x}" y="{line}" width="10" height="10" '
            f'fill="{ACTIVITIES[cause]["colour"]}" stroke="#90a4ae" stroke-width="0.5"/>'
            f'<text x="{x + 15}" y="{line + 9}">{escape(cause)}</text>'
        )
    return parts, y + 18 * ((len(causes) + 3) // 4)


def _picture(caption: str, parts: Sequence[str], width: float, height: float) -> str:
    """One SVG on white, whatever the page's colours are, under its caption."""
    return (
        f"<div><p>{escape(caption)}</p>"
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12" '
        'style="background:#ffffff;max-width:100%">' + "".join(parts) + "</svg></div>"
    )


def _unit_rows(result: Simulation, top: int = 4) -> tuple[list[str], list[str], int]:
    """One bar for each unit: (parts, causes seen, where they end)."""
    total = max(result.cycles, 1)
    parts: list[str] = []
    seen: list[str] = []
    for row, (name, unit) in enumerate(result.units.items()):
        x, y = float(_LEFT), row * _ROW + top
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(name)}</text>')
        stalls = sorted(unit["stalls"].items(), key=lambda item: (item[0] == "empty", -item[1]))
        for cause, cycles in [("busy", unit["busy"]), *stalls]:
            width = _WIDTH * cycles / total
            title = f"{name}: {cause} {cycles:,} cycles, {100 * cycles / total:.1f} %"
            parts.append(_rectangle(x, y, width, ACTIVITIES[cause]["colour"], title))
            x += width
            if cause not in seen:
                seen.append(cause)
        share = 100 * unit["busy"] / total
        parts.append(f'<text x="{_LEFT + _WIDTH + 8}" y="{y + 13}">{share:.0f} % busy</text>')
    return parts, seen, len(result.units) * _ROW + top


def unit_bars(result: Simulation) -> str:
    """What each unit did in the cycles of the run."""
    parts, seen, bottom = _unit_rows(result)
    legend, height = _legend(seen, bottom + 4)
    return _picture(repr(result), parts + legend, _LEFT + _WIDTH + 80, height + 4)


def comparison(compared: Comparison) -> str:
    """The bars of both runs, the second's lengths in cycles of its own run."""
    parts: list[str] = []
    seen: list[str] = []
    y = 4
    for label, run in (("first", compared.first), ("second", compared.second)):
        parts.append(f'<text x="4" y="{y + 13}" font-weight="bold">{label}: ')
        parts.append(f"{run.cycles:,} cycles, {1e3 * run.latency_s:.3f} ms</text>")
        rows, causes, y = _unit_rows(run, y + _ROW)
        parts += rows
        seen += [cause for cause in causes if cause not in seen]
    legend, y = _legend(seen, y + 4)
    for unit, activity, before, after in compared.moved()[:6]:
        y += 18
        text = f"{unit} {activity}: {before:,} → {after:,} ({after - before:+,})"
        parts.append(f'<text x="{_LEFT}" y="{y}">{escape(text)}</text>')
    return _picture(repr(compared), parts + legend, _LEFT + _WIDTH + 80, y + 12)


_SHARES = {
    "systolic_array": "#2e7d32",
    "vector_unit": "#fbc02d",
    "load_dma": "#1565c0",
    "store_dma": "#0097a7",
}


def layer_table(
    layers: Layers,
    units: Sequence[Literal["systolic_array", "vector_unit", "load_dma", "store_dma"]],
) -> str:
    """Rows with the most cycles, each with a bar that says through which units."""
    total = max(layers.total, 1)
    rows = layers.top(25)
    scale = 300 / max(rows[0]["cycles"], 1)
    parts, y = [], 20
    parts.append(f'<text x="236" y="14" text-anchor="end">{"node"}</text>')
    parts.append('<text x="340" y="14" text-anchor="end">cycles</text>')
    for row in rows:
        x = 400.0
        fused = len(row["nodes"]) - 1
        name = row["node"][:30] + (f" +{fused}" if fused > 0 and row["op"] != row["node"] else "")
        parts.append(f'<text x="236" y="{y + 13}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<text x="340" y="{y + 13}" text-anchor="end">{row["cycles"]:,}</text>')
        share = 100 * row["cycles"] / total
        parts.append(f'<text x="392" y="{y + 13}" text-anchor="end">{share:.1f} %</text>')
        for unit in units:
            width = scale * row[unit]
            title = f"{row['node']}: {unit} {row[unit]:,} cycles"
            parts.append(_rectangle(x, y, width, _SHARES[unit], title))
            x += width
        idle = row["cycles"] - sum(row[unit] for unit in units)
        parts.append(_rectangle(x, y, scale * idle, _IDLE, f"idle {idle:,} cycles"))
        y += _ROW - 4
    rest = sum(row["cycles"] for row in layers.rows) - sum(row["cycles"] for row in rows)
    if rest:
        parts.append(f'<text x="236" y="{y + 13}" text-anchor="end">all others</text>')
        parts.append(f'<text x="340" y="{y + 13}" text-anchor="end">{rest:,}</text>')
        y += _ROW - 4
    for index, unit in enumerate(units):
        x = 400 + 100 * index
        parts.append(f'<rect x="{x}" y="4" width="10" height="10" fill="{_SHARES[unit]}"/>')
        parts.append(f'<text x="{x + 14}" y="14">{unit}</text>')
    return _picture(repr(layers), parts, 810, y + 8)


def roofline(roof: Roofline) -> str:
    """Both limits as lines over logarithmic axes, the run and its best case as points."""
    left, top, width, height = 70, 10, 560, 260
    points = [roof.intensity, roof.least_intensity, roof.ridge]
    low, high = math.log10(min(points) / 4), math.log10(max(points) * 4)
    ceiling = math.log10(roof.peak_macs_per_s * 2)
    floor = math.log10(min(roof.attainable(10**low), roof.macs_per_s) / 2)

    def place(intensity: float, rate: float) -> tuple[float, float]:
        x = left + width * (math.log10(intensity) - low) / (high - low)
        return x, top + height * (ceiling - math.log10(rate)) / (ceiling - floor)

    def line(a: tuple[float, float], b: tuple[float, float], style: str) -> str:
        (x1, y1), (x2, y2) = place(*a), place(*b)
        return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {style}/>'

    def point(intensity: float, rate: float, colour: str, text: str, below: float) -> str:
        x, y = place(intensity, rate)
        return (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}"><title>{escape(text)}</title>'
            f'</circle><text x="{x + 10:.1f}" y="{y + below:.1f}">{escape(text)}</text>'
        )

    peak, edge = roof.peak_macs_per_s, 10**low
    grey = 'stroke="#cfd8dc"'
    parts = []
    for power in range(math.ceil(low), math.floor(high) + 1):
        x, y = place(10**power, 10**floor)
        parts.append(line((10**power, 10**floor), (10**power, 10**ceiling), grey))
        parts.append(
            f'<text x="{x:.1f}" y="{y + 15:.1f}" text-anchor="middle">{10**power:g}</text>'
        )
    for power in range(math.ceil(floor), math.floor(ceiling) + 1):
        x, y = place(10**low, 10**power)
        parts.append(line((10**low, 10**power), (10**high, 10**power), grey))
        label = f"{10 ** (power - 9):g} G"
        parts.append(f'<text x="{x - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
    parts.append(line((edge, roof.attainable(edge)), (roof.ridge, peak), _ROOF))
    parts.append(line((roof.ridge, peak), (10**high, peak), _ROOF))
    x, y = place(roof.ridge, peak)
    parts.append(
        f'<text x="{x + 6:.1f}" y="{y - 6:.1f}">array {peak / 1e9:.4g} GMAC/s; '
        f"DRAM {roof.bandwidth_bytes_per_s / 1e9:.3g} GB/s</text>"
    )
    best = roof.least_intensity
    parts.append(point(best, roof.attainable(best), "#90a4ae", "with the least traffic", 2))
    parts.append(point(roof.intensity, roof.macs_per_s, "#c62828", "this run", 18))
    parts.append(
        f'<text x="{left + width / 2}" y="{top + height + 34}" text-anchor="middle">'
        "MACs for each byte of DRAM traffic</text>"
        f'<text x="14" y="{top + height / 2}" text-anchor="middle" '
        f'transform="rotate(-90 14 {top + height / 2})">MAC/s</text>'
    )
    return _picture(repr(roof), parts, left + width + 90, top + height + 44)


_ROOF = 'stroke="#263238" stroke-width="2"'
_SLICES = 320


def _shares(columns: Mapping[str, NDArray[Any]], cycles: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """The share of each of _SLICES equal slices of the run with something in flight."""
    start, end = columns["start"].astype(np.int64), columns["end"].astype(np.int64)
    edges = np.linspace(0, cycles, _SLICES + 1)
    if not len(end):
        return np.zeros(_SLICES), edges
    begin = np.maximum(start, np.concatenate([[0], end[:-1] + 1]))
    length = np.maximum(end + 1 - begin, 0)
    ends = begin + length
    # Cycles in flight before each edge: whole spans, and the part of the one it cuts.
    done = np.concatenate([[0], np.cumsum(length)])
    index = np.searchsorted(ends, edges, side="left")
    cut = np.where(index < len(ends), edges - begin[np.minimum(index, len(ends) - 1)], 0)
    return np.diff(done[index] + np.maximum(cut, 0)) * _SLICES / cycles, edges


def timeline(line: Timeline) -> str:
    """A row for each unit, darker where more of the time something was in flight."""
    parts = []
    cycles = max(line.cycles, 1)
    for row, (unit, columns) in enumerate(line.units.items()):
        y = 4 + row * _ROW
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 13}" text-anchor="end">{unit}</text>')
        shares, edges = _shares(columns, cycles)
        levels = np.round(shares * 8).astype(int)
        changes = np.flatnonzero(np.diff(levels)) + 1
        for a, b in zip([0, *changes], [*changes, _SLICES]):
            if levels[a]:
                x, width = _LEFT + _WIDTH * a / _SLICES, _WIDTH * (b - a) / _SLICES
                parts.append(
                    f'<rect x="{x:g}" y="{y}" width="{width:g}" height="{_ROW - 8}" '
                    f'fill="{_SHARES[unit]}" fill-opacity="{levels[a] / 8:g}"><title>'
                    f"{unit}: cycles {edges[a]:,.0f} to {edges[b]:,.0f}, in flight "
                    f"{100 * shares[a:b].mean():.0f} %</title></rect>"
                )
        share = 100 * line.in_flight(unit) / cycles
        parts.append(f'<text x="{_LEFT + _WIDTH + 8}" y="{y + 13}">{share:.0f} % in flight</text>')
    y = 4 + len(line.units) * _ROW
    for part in range(5):
        x = _LEFT + _WIDTH * part / 4
        anchor = ("start", "middle", "middle", "middle", "end")[part]
        parts.append(
            f'<text x="{x}" y="{y + 12}" text-anchor="{anchor}">{cycles * part / 4:,.0f}</text>'
        )
    parts.append(f'<text x="{_LEFT + _WIDTH + 8}" y="{y + 12}">cycles</text>')
    return _picture(repr(line), parts, _LEFT + _WIDTH + 100, y + 20)


_KINDS = {
    "weights": "#5d4037",
    "input": "#1565c0",
    "output": "#2e7d32",
    "state": "#6a1b9a",
    "scratch": "#b0bec5",
}


def memory_map(report: Mapping[str, Any], caption: str) -> str:
    """DRAM as the loader fills it: instructions first, then bindings by segment."""
    spans = [("instructions", "instructions", report["program_bytes"])]
    spans += [(b["name"], b["kind"], b["bytes"]) for b in report["bindings"]]
    total = max(sum(size for _, _, size in spans), 1)
    parts: list[str] = []
    sums: dict[str, int] = {}
    x = 8.0
    for name, kind, size in spans:
        width = (_WIDTH + 100) * size / total
        colour = _KINDS.get(kind, "#ef6c00")
        parts.append(_rectangle(x, 8, width, colour, f"{name} ({kind}): {size:,} bytes"))
        x += width
        sums[kind] = sums.get(kind, 0) + size
    for index, (kind, size) in enumerate(sums.items()):
        x, y = 8 + 190 * (index % 4), 40 + 18 * (index // 4)
        parts.append(
            f'<rect x="{x}" y="{y}" width="10" height="10" fill="{_KINDS.get(kind, "#ef6c00")}"/>'
            f'<text x="{x + 15}" y="{y + 9}">{escape(kind)} {size / 1e6:.3f} MB</text>'
        )
    return _picture(caption, parts, _WIDTH + 120, 62 + 18 * ((len(sums) - 1) // 4))


def parameter_table(target: Target) -> str:
    """The chip as a block diagram of its main figures; all parameters below it."""
    blocks: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for parameter in target.parameters():
        block, name = parameter["key"].split(".", 1)
        blocks.setdefault(block, []).append((name, parameter))
    cells = []
    for block, rows in blocks.items():
        for index, (name, parameter) in enumerate(rows):
            first = f'<th rowspan="{len(rows)}">{escape(block)}</th>' if index == 0 else ""
            value = parameter["value"]
            text = f"{value:,}" if isinstance(value, int) else str(value)
            cells.append(
                f"<tr>{first}<td>{escape(name)}</td><td>{escape(text)}</td>"
                f"<td>{escape(parameter['unit'])}</td><td>{escape(parameter['sentence'])}</td></tr>"
            )
    return (
        f"<div>{chip(target)}<details><summary>every parameter</summary><table>"
        f"{''.join(cells)}</table></details></div>"
    )


def chip(target: Target) -> str:
    """How the blocks hang together, each with the figures that matter most."""

    def block(x: float, y: float, width: float, name: str, text: str) -> str:
        return (
            f'<rect x="{x}" y="{y}" width="{width}" height="44" fill="#eceff1" stroke="#607d8b"/>'
            f'<text x="{x + width / 2}" y="{y + 18}" text-anchor="middle" font-weight="bold">'
            f'{name}</text><text x="{x + width / 2}" y="{y + 35}" text-anchor="middle">'
            f"{escape(text)}</text>"
        )

    def wire(x1: float, y1: float, x2: float, y2: float) -> str:
        return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="#607d8b" stroke-width="2"/>'

    rows, columns = target["systolic_array.rows"], target["systolic_array.columns"]
    parts = [
        wire(150, 62, 200, 62),
        wire(290, 62, 330, 62),
        wire(470, 40, 510, 40),
        wire(470, 92, 510, 92),
        wire(580, 55, 580, 80),
        block(10, 40, 140, "dram", f"{target.dram_bytes_per_s / 1e9:.1f} GB/s"),
        block(190, 40, 110, "dma", "load, store"),
        block(330, 40, 140, "scratchpad", f"{target['scratchpad.size_bytes'] // 1024} KiB"),
        block(510, 10, 150, "systolic_array", f"{rows}×{columns}"),
        block(510, 74, 150, "vector_unit", f"{target['vector_unit.lanes']} lanes"),
    ]
    return _picture(repr(target), parts, 680, 128)
