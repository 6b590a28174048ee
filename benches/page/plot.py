"""Line charts as small SVG files that can be read on light and on dark ground."""

import math
from dataclasses import dataclass, field
from html import escape

STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #3b4048 }
  .title { font-size: 14px; font-weight: 600 }
  .grid { stroke: #8884; stroke-width: 1 }
  .line { fill: none; stroke-width: 2; stroke-linejoin: round }
  .ours { stroke-width: 3.5 }
  .limit { stroke: #8889; stroke-dasharray: 5 4 }
  @media (prefers-color-scheme: dark) { text { fill: #c9d1d9 } }
"""
@dataclass
class Series:
    label: str
    points: list[tuple[float, float]]
    colour: str
    ours: bool = False
    dashed: bool = False


@dataclass
class Panel:
    title: str
    x_label: str
    series: list[Series]
    log_y: bool = False
    limits: list[tuple[float, str]] = field(default_factory=list)
    """Horizontal lines with what they mean."""
    percent: bool = False
    log_x: bool = True
    x_ticks: list[float] = field(default_factory=list)


WIDTH, HEIGHT = 400, 300
LEFT, RIGHT, TOP, BOTTOM = 48, 14, 34, 42


def draw(panels: list[Panel], legend: list[Series], alt: str) -> str:
    """The panels side by side, and one legend below."""
    per_row = 2
    rows = math.ceil(len(legend) / per_row)
    width, height = WIDTH * len(panels), HEIGHT + 20 * rows + 8
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">',
        f"<title>{escape(alt)}</title><style>{STYLE}</style>",
    ]
    for number, panel in enumerate(panels):
        out.append(f'<g transform="translate({number * WIDTH} 0)">')
        out += _panel(panel)
        out.append("</g>")
    for number, series in enumerate(legend):
        x = LEFT + (number % per_row) * (width - LEFT) / per_row
        y = HEIGHT + 10 + 20 * (number // per_row)
        out.append(_stroke(series, f"M{x:.0f} {y} h24"))
        out.append(f'<text x="{x + 32:.0f}" y="{y + 4}">{escape(series.label)}</text>')
    out.append("</svg>")
    return "\n".join(out) + "\n"


def _panel(panel: Panel) -> list[str]:
    xs = [x for series in panel.series for x, _ in series.points] + panel.x_ticks
    ys = [y for series in panel.series for _, y in series.points] + [y for y, _ in panel.limits]
    if not xs:
        return []
    low_x, high_x = min(xs), max(xs)
    ticks = _log_ticks(ys) if panel.log_y else _ticks(max(ys))
    low_y, high_y = ticks[0], ticks[-1]

    def at_x(x):
        scale = math.log if panel.log_x else float
        span = scale(high_x) - scale(low_x) or 1
        return LEFT + (scale(x) - scale(low_x)) / span * (WIDTH - LEFT - RIGHT)

    def at_y(y):
        scale = math.log if panel.log_y else float
        return HEIGHT - BOTTOM - (scale(max(y, low_y)) - scale(low_y)) / (scale(high_y) - scale(low_y)) * (HEIGHT - TOP - BOTTOM)

    out = [f'<text class="title" x="{LEFT}" y="20">{escape(panel.title)}</text>']
    for y in ticks:
        out.append(f'<path class="grid" d="M{LEFT} {at_y(y):.1f} H{WIDTH - RIGHT}"/>')
        text = f"{y:g} %" if panel.percent else f"{y:g}"
        out.append(f'<text x="{LEFT - 6}" y="{at_y(y) + 4:.1f}" text-anchor="end">{text}</text>')
    for x in panel.x_ticks or sorted(set(xs)):
        out.append(f'<text x="{at_x(x):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{x:g}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">{escape(panel.x_label)}</text>')
    for y, meaning in panel.limits:
        out.append(f'<path class="limit" d="M{LEFT} {at_y(y):.1f} H{WIDTH - RIGHT}"/>')
        out.append(f'<text x="{WIDTH - RIGHT}" y="{at_y(y) - 4:.1f}" text-anchor="end">{escape(meaning)}</text>')
    # Ours last, so that it lies on top.
    for series in sorted(panel.series, key=lambda series: series.ours):
        if series.points:
            path = " L".join(f"{at_x(x):.1f} {at_y(y):.1f}" for x, y in series.points)
            out.append(_stroke(series, f"M{path}"))
            if len(series.points) < 12:
                out += [f'<circle cx="{at_x(x):.1f}" cy="{at_y(y):.1f}" r="3" fill="{series.colour}"/>' for x, y in series.points]
    return out


def _stroke(series: Series, path: str) -> str:
    dashes = ' stroke-dasharray="4 4"' if series.dashed else ""
    return f'<path class="line{" ours" if series.ours else ""}" stroke="{series.colour}"{dashes} d="{path}"/>'


def _ticks(highest: float) -> list[float]:
    step = 10 ** math.floor(math.log10(max(highest, 1e-9)))
    for part in (0.2, 0.25, 0.5, 1, 2):
        if highest / (step * part) <= 6:
            step *= part
            break
    return [n * step for n in range(math.ceil(highest / step) + 1)]


def _log_ticks(values: list[float]) -> list[float]:
    positive = [value for value in values if value > 0]
    low = math.floor(math.log10(min(positive)))
    high = max(math.ceil(math.log10(max(positive))), low + 1)
    return [10.0**power for power in range(low, high + 1)]
