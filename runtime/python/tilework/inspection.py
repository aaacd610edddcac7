# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a model or a program holds: a dictionary that draws itself."""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import Any

from tilework import _checks, _native, drawing


class Report(_checks.Named):
    """What `tilework.inspect` and `Executable.inspect` return."""

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries, for json.dump."""
        return {
            key: value.to_dict() if isinstance(value, Report) else value
            for key, value in self.items()
        }

    def __repr__(self) -> str:
        if "supported" not in self:
            return (
                f"Report({_native.count_text(self['instructions'], 'instruction')} "
                f"for {self['target']['text']}, {_native.bytes_text(self['weights_bytes'])} of weights)"
            )
        if self["supported"] is None:
            axes = self["open_axes"]
            unnamed = dict.fromkeys(axis["input"] for axis in axes if axis["name"] is None)
            named = {axis["name"] for axis in axes if axis["input"] not in unnamed}
            fixes = [f"dims={{{', '.join(f'{name!r}: N' for name in sorted(named))}}}"] * bool(
                named
            )
            fixes += [f"shapes={{{', '.join(f'{n!r}: (N, …)' for n in unnamed)}}}"] * bool(unnamed)
            return f"Report(open dimensions; fix them with {', '.join(fixes)})"
        places = Counter(node.get("runs_on", "not supported") for node in self["nodes"])
        text = ", ".join(f"{count} {place}" for place, count in places.most_common())
        verdict = "supported" if self["supported"] else "NOT supported"
        return f"Report({verdict}; nodes: {text})"

    def _repr_html_(self) -> str:
        if "supported" not in self:
            return drawing.memory_map(self, repr(self))
        wrong = [node for node in self.get("nodes", ()) if "reason" in node]
        if self["supported"]:
            return drawing.memory_map(self["program"], repr(self))
        if not wrong:
            return drawing.page(repr(self))
        rows = "".join(
            f"<tr><td>{escape(node['name'])}</td><td>{escape(node['op'])}</td>"
            f"<td>{escape(node['reason'])}</td></tr>"
            for node in wrong
        )
        table = f"<table><tr><th>node</th><th>op</th><th>why not</th></tr>{rows}</table>"
        return drawing.page(repr(self), drawing.scrolled(table, "nodes that are not supported"))
