# Part of the Tilework project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pictures can be read: in both themes, on a narrow page, and whatever colours an eye tells apart."""

import itertools
import re
import xml.etree.ElementTree as ElementTree

import conftest
import numpy as np
import pytest
import tilework as tw
from onnx import helper, numpy_helper
from tilework._events import ACTIVITIES, UNITS
from tilework.drawing import canvas, chip

# From linear RGB to what is left of it without one kind of cone (Machado, Oliveira and
# Fernandes, IEEE TVCG 15(6), 2009, severity 1).
EYES = {
    "all cones": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216]]
    + [[-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413]]
    + [[-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602]]
    + [[0.004733, 0.691367, 0.303900]],
}
# Oklab (Ottosson, 2020): equal distances look about equally far apart; black to white is 1.
CONES = [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566]]
CONES += [[0.0883024619, 0.2817188376, 0.6299787005]]
LAB = [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099]]
LAB += [[0.0259040371, 0.7827717662, -0.8086757660]]
APART = 0.06


def linear(colour):
    values = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def seen(colour, eye):
    rgb = np.clip(np.array(EYES[eye]) @ linear(colour), 0, 1)
    return np.array(LAB) @ np.cbrt(np.array(CONES) @ rgb)


def contrast(one, other):
    """As WCAG 2 has it, 1 to 21."""
    weights = (0.2126, 0.7152, 0.0722)
    light, dark = sorted((linear(c) @ weights + 0.05 for c in (one, other)), reverse=True)
    return light / dark


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize(
    "colours",
    [
        {name: activity["colour"] for name, activity in ACTIVITIES.items()},
        {name: unit["colour"] for name, unit in UNITS.items()},
        chip._KINDS,
    ],
    ids=["causes", "units", "memory"],
)
def test_colours_are_apart_for_every_eye(eye, colours):
    for (a, first), (b, second) in itertools.combinations(colours.items(), 2):
        distance = np.linalg.norm(seen(first, eye) - seen(second, eye))
        assert distance > APART, f"{a} and {b} are {distance:.3f} apart"


def test_text_stands_out_from_its_ground_in_both_themes():
    pairs = re.findall(r"light-dark\((#\w{6}),(#\w{6})\)", canvas._STYLE)
    (light_ink, dark_ink), (light_ground, dark_ground) = pairs
    assert contrast(light_ink, light_ground) >= 4.5 and contrast(dark_ink, dark_ground) >= 4.5
    assert 'fill="currentColor"' in canvas.drawing("", 1, 1)


@pytest.fixture(scope="module")
def two_runs():
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"], "<first> & only"),
        helper.make_node("Softmax", ["a"], ["y"], "weigh", axis=-1),
    ]
    model = conftest.model_of(nodes, [numpy_helper.from_array(conftest.weights(), "w")])
    slow = tw.Target("edge", {"dram.channels": 1, "dram.read_latency_ps": 400000})
    runs = [tw.compile(model, dims={"n": 70}, target=t).simulate() for t in ("edge", slow)]
    return runs


def pictures(two_runs):
    first, second = two_runs
    things = [first, first.layers, first.roofline(), first.timeline(), first.scratchpad()]
    return [*things, tw.compare(first, second), tw.Target("edge")]


def svg_of(thing):
    html = thing._repr_html_()
    return html, ElementTree.fromstring(html[html.index("<svg") : html.index("</svg>") + 6])


def test_a_narrow_page_scrolls_and_does_not_shrink(two_runs):
    for thing in pictures(two_runs):
        html, svg = svg_of(thing)
        width, height = svg.get("width"), svg.get("height")
        assert svg.get("viewBox") == f"0 0 {width} {height}"
        assert "max-width:none" in svg.get("style") and ".tw-scroll{overflow-x:auto}" in html
        assert 'class="tw-scroll"' in html[: html.index("<svg")]


def test_words_have_the_colour_of_the_theme_and_a_size_to_read(two_runs):
    for thing in pictures(two_runs):
        _, svg = svg_of(thing)
        assert int(svg.get("font-size")) >= 12
        for words in svg.iter("{http://www.w3.org/2000/svg}text"):
            assert words.get("fill") is None and words.get("font-size") is None


def test_words_stay_inside_and_apart(two_runs):
    for thing in pictures(two_runs):
        _, svg = svg_of(thing)
        boxes = []
        for words in svg.iter("{http://www.w3.org/2000/svg}text"):
            if words.get("transform"):
                continue
            text = "".join(words.itertext()) if len(words) == 0 else words[-1].tail
            width = 7.4 * canvas.columns(text)
            x, y = float(words.get("x")), float(words.get("y"))
            x -= {"start": 0, "middle": width / 2, "end": width}[words.get("text-anchor")]
            assert x > -3 and x + width < float(svg.get("width")) + 3, text
            assert 8 < y <= float(svg.get("height"))
            boxes.append((x, y, width, text))
        for (xa, ya, wa, a), (xb, yb, wb, b) in itertools.combinations(boxes, 2):
            apart = xa + wa <= xb + 1 or xb + wb <= xa + 1 or abs(ya - yb) >= 11
            assert apart, f"{a!r} and {b!r} overlap"


def test_a_legend_names_every_cause_that_is_painted(two_runs):
    first, second = two_runs
    for thing, runs in ((first, [first]), (tw.compare(first, second), two_runs)):
        html = thing._repr_html_()
        legend = html[html.index('class="tw-legend"') :]
        causes = {
            cause
            for run in runs
            for unit in run.units.values()
            for cause, cycles in [("busy", unit["busy"]), *unit["stalls"].items()]
            if cycles
        }
        assert len(causes) > 5
        for cause, activity in ACTIVITIES.items():
            assert (f"</svg>{activity['label']}</span>" in legend) == (cause in causes)


def bar_lengths(comparison):
    """{(unit, 1 or 2): length}, from the outlines of the bars."""
    _, svg = svg_of(comparison)
    frames = [r for r in svg if r.tag.endswith("rect") and r.get("fill") == "none"]
    keys = [(unit, number) for unit in UNITS for number in (1, 2)]
    return {key: float(frame.get("width")) for key, frame in zip(keys, frames, strict=True)}


def test_two_runs_have_one_scale(two_runs):
    first, second = two_runs
    lengths = bar_lengths(tw.compare(first, second))
    for unit in UNITS:
        ratio = lengths[unit, 1] / lengths[unit, 2]
        assert ratio == pytest.approx(first.cycles / second.cycles, rel=1e-3)
    assert max(lengths.values()) == pytest.approx(canvas.WIDTH, abs=0.01)


def test_two_clocks_are_compared_in_time(two_runs, executable):
    run = executable.simulate()
    slow = executable.simulate(set={"clock.frequency_hz": run.clock_hz // 2})
    lengths = bar_lengths(tw.compare(run, slow))
    ratio = lengths["load_dma", 1] / lengths["load_dma", 2]
    assert ratio == pytest.approx(run.latency_s / slow.latency_s, rel=1e-3)


def test_names_in_pictures_are_words_and_no_html(two_runs):
    html = two_runs[0].layers._repr_html_()
    assert "&lt;first&gt; &amp; only" in html and "<first>" not in html


def test_long_names_keep_beginning_and_end():
    name = "/encoder/layer.0/attention/output/dense/MatMul"
    assert canvas.shortened(name, 21) == "/encode…/dense/MatMul"
    assert canvas.columns(canvas.shortened("文" * 40, 21)) <= 21
    assert canvas.shortened("short", 21) == "short"


def test_scales_have_round_numbers():
    assert canvas.ticks(1_492_513) == [0, 500_000, 1_000_000]
    assert canvas.ticks(7) == [0, 2, 4, 6] and canvas.ticks(0) == [0]


@pytest.fixture(scope="module", params=["systemc", "rtl"])
def use(request, executable):
    return executable.simulate(engine=request.param).scratchpad(), executable


def test_the_scratchpad_is_empty_at_the_ends_and_never_above_its_size(use):
    used, executable = use
    assert used.cycles[0] == 0 and (np.diff(used.cycles.astype(np.int64)) > 0).all()
    assert used.total_bytes[-1] == 0 and used.cycles[-1] <= used.run_cycles
    assert 0 < used.mean_bytes <= used.peak_bytes <= used.capacity_bytes
    assert used.capacity_bytes == executable.target["scratchpad.size_bytes"]
    # What was planned is room for what is used.
    assert used.peak_bytes <= executable.inspect()["scratchpad_peak_bytes"]


def test_the_scratchpad_holds_the_weights_and_the_rows_under_way(use):
    used, _ = use
    # In bf16, in rows of 32 bytes: two tiles of weights of 40 rows, at most 5 × 40 of x.
    loaded = used.bytes["load_dma"].max()
    assert 32 * 2 * conftest.INNER < loaded <= 32 * (2 * conftest.INNER + 5 * 3)
    assert set(used.bytes) == {"load_dma", "vector_unit"}


def test_engines_agree_on_the_scratchpad(executable):
    one, other = (executable.simulate(engine=e).scratchpad().to_dict() for e in ("systemc", "rtl"))
    assert one == other


def test_a_model_without_rows_has_a_picture_of_nothing_in_flight(matmul_model):
    layers = tw.compile(matmul_model, dims={"n": 0}).simulate().layers
    assert [layer["block"] for layer in layers] == ["(nothing in flight)"]
    assert "<svg" in layers._repr_html_()
