"""Charts as SVG: lines over numbers, and bars."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from slimnets.report.evaluation_page.markup import Markup, join, tag

Points = Sequence[tuple[float, float]]

_TICKS = 5
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 12, 10, 40  # pixels around the plot


class Plot(NamedTuple):
    """The place of a chart's values: width and height in pixels, ranges of values."""

    width: int
    height: int
    x_range: tuple[float, float]
    y_range: tuple[float, float]

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Returns where a value is, in pixels from the upper left."""
        (x0, x1), (y0, y1) = self.x_range, self.y_range
        across = (x - x0) / (x1 - x0) * (self.width - _LEFT - _RIGHT)
        up = (y - y0) / (y1 - y0) * (self.height - _TOP - _BOTTOM)
        return round(_LEFT + across, 1), round(self.height - _BOTTOM - up, 1)


def choose_ticks(low: float, high: float) -> list[float]:
    """Returns round numbers from `low` to `high`, about five."""
    rough = (high - low) / _TICKS
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * k for k in (1, 2, 5, 10) if unit * k >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(k * step, 12) for k in range(first, last + 1)]


def find_range(values: Sequence[float]) -> tuple[float, float]:
    """Returns a range that holds all values, one of some width."""
    low, high = min(values), max(values)
    if low == high:
        return low - (abs(low) or 1.0) / 2, high + (abs(high) or 1.0) / 2
    return low, high


def draw(plot: Plot, name: str, x_name: str, y_name: str, *shapes: Markup) -> Markup:
    """Returns a chart with its axes.

    Args:
      plot: its size and ranges.
      name: what it shows, for those who do not see it.
      x_name: of the axis below.
      y_name: of the axis at the left.
      shapes: what is drawn.
    """
    box = f"0 0 {plot.width} {plot.height}"
    return tag(
        "svg",
        {"viewBox": box, "role": "img", "aria-label": name, "class": "chart"},
        _draw_axes(plot),
        _write((_LEFT + plot.width - _RIGHT) / 2, plot.height - 6, "middle", x_name),
        tag(
            "g",
            {"transform": f"translate(13 {(plot.height - _BOTTOM) / 2}) rotate(-90)"},
            _write(0, 0, "middle", y_name),
        ),
        *shapes,
    )


def draw_line(plot: Plot, points: Points, css_class: str) -> Markup:
    """Returns a line through values; a single one is a dot."""
    places = [plot.place(*point) for point in points]
    path = "M" + "L".join(f"{x} {y}" for x, y in places)
    line = tag("path", {"d": path, "class": f"line {css_class}"})
    dots = [
        tag("circle", {"cx": x, "cy": y, "r": 2.5, "class": f"dot {css_class}"})
        for x, y in places
    ]
    return join(line, *(dots if len(dots) <= 30 else ()))


def draw_bar(
    plot: Plot, left: float, right: float, height: float, css_class: str
) -> Markup:
    """Returns a bar from the axis below, from one value to another."""
    x0, top = plot.place(left, height)
    x1, bottom = plot.place(right, plot.y_range[0])
    size = {"width": round(x1 - x0, 1), "height": round(bottom - top, 1)}
    return tag("rect", {"x": x0, "y": top, **size, "class": css_class})


def draw_lines(
    name: str, x_name: str, y_name: str, curves: Mapping[str, Points]
) -> Markup:
    """Returns a chart of curves, with a legend.

    Args:
      name: what it shows.
      x_name: of the axis below.
      y_name: of the axis at the left.
      curves: by name, each with at least one value.
    """
    points = [point for curve in curves.values() for point in curve]
    plot = Plot(
        340,
        240,
        find_range([x for x, _ in points]),
        find_range([y for _, y in points]),
    )
    lines = [
        draw_line(plot, curve, f"series{k}") for k, curve in enumerate(curves.values())
    ]
    entries = [
        tag("li", {"class": f"series{k}"}, each) for k, each in enumerate(curves)
    ]
    return tag(
        "figure",
        {},
        tag("figcaption", {}, name),
        draw(plot, _describe(name, x_name, curves), x_name, y_name, *lines),
        tag("ul", {"class": "legend"}, *entries) if len(entries) > 1 else "",
    )


def _describe(name: str, x_name: str, curves: Mapping[str, Points]) -> str:
    """Returns a chart in words: where each curve begins and ends."""
    ways = [
        f"{each} from {curve[0][1]:.4g} at {x_name} {curve[0][0]:.4g} to"
        f" {curve[-1][1]:.4g} at {curve[-1][0]:.4g}"
        for each, curve in curves.items()
    ]
    return f"{name}: {'; '.join(ways)}"


def _draw_axes(plot: Plot) -> Markup:
    marks = []
    for x in choose_ticks(*plot.x_range):
        left, bottom = plot.place(x, plot.y_range[0])
        marks.append(_write(left, bottom + 15, "middle", f"{x:g}"))
    for y in choose_ticks(*plot.y_range):
        left, height = plot.place(plot.x_range[0], y)
        right, _ = plot.place(plot.x_range[1], y)
        line = {"x1": left, "x2": right, "y1": height, "y2": height, "class": "grid"}
        marks += [tag("line", line), _write(left - 5, height + 4, "end", f"{y:g}")]
    return tag("g", {"aria-hidden": "true"}, *marks)


def _write(x: float, y: float, anchor: str, text: str) -> Markup:
    return tag("text", {"x": x, "y": y, "text-anchor": anchor}, text)
