"""Line charts as SVG text, readable on light and dark pages. No more than benchmarks need."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

WIDTH, PANEL, LEFT, RIGHT, TOP, BOTTOM = 760, 150, 64, 16, 34, 24
_STYLE = """
text { font: 12px system-ui, sans-serif; fill: #333 }
.title { font-weight: 600 } .grid { stroke: #ccc; stroke-width: 1 } .end { text-anchor: end }
.middle { text-anchor: middle }
polyline { fill: none; stroke-width: 1.6; stroke-linejoin: round }
.a { stroke: #1b6ac9 } .b { stroke: #c2410c } .c { stroke: #15803d }
text.a { fill: #1b6ac9; stroke: none } text.b { fill: #c2410c; stroke: none }
text.c { fill: #15803d; stroke: none } .page { fill: #fff }
@media (prefers-color-scheme: dark) {
  text { fill: #ddd } .grid { stroke: #444 } .page { fill: #15181c }
  .a { stroke: #7db5ff } .b { stroke: #ff9d66 } .c { stroke: #6fd08c }
  text.a { fill: #7db5ff } text.b { fill: #ff9d66 } text.c { fill: #6fd08c }
}
"""

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Panel:
    """One chart: its title with the unit, and up to three lines by name."""

    title: str
    lines: dict[str, Points] = field(default_factory=dict)


def chart(panels: Sequence[Panel], x_label: str) -> str:
    """Panels one below the other over the same x; every y axis begins at 0."""
    lines = [line for panel in panels for line in panel.lines.values()]
    x_end = max((x for line in lines for x, _ in line), default=1)
    height = PANEL * len(panels) + BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape('; '.join(panel.title for panel in panels))}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="page" width="{WIDTH}" height="{height}"/>',
    ]
    for number, panel in enumerate(panels):
        parts += _panel(panel, number * PANEL, x_end)
    step = _round_up(x_end / 6)
    for tick in range(int(x_end / step) + 1):
        x, shown = _x(tick * step, x_end), f"{tick * step:g}"
        parts.append(f'<text class="middle" x="{x:.0f}" y="{height - 8}">{shown}</text>')
    parts.append(f'<text x="8" y="{height - 8}">{escape(x_label)}</text></svg>')
    return "\n".join(parts)


def _panel(panel: Panel, top: int, x_end: float) -> list[str]:
    highest = max((y for line in panel.lines.values() for _, y in line), default=0.0)
    y_end = _round_up(highest)
    base, room = top + PANEL, PANEL - TOP - 10
    parts = [f'<text class="title" x="{LEFT}" y="{top + 20}">{escape(panel.title)}</text>']
    for share in (0, 0.5, 1):
        y = base - share * room
        parts += [
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>',
            f'<text class="end" x="{LEFT - 6}" y="{y + 4:.1f}">{share * y_end:.4g}</text>',
        ]
    for place, (name, line) in enumerate(panel.lines.items()):
        shape = "abc"[place % 3]
        points = " ".join(f"{_x(x, x_end):.1f},{base - y / y_end * room:.1f}" for x, y in line)
        label_x = WIDTH - RIGHT - 150 * (len(panel.lines) - place - 1)
        parts += [
            f'<polyline class="{shape}" points="{points}"/>',
            f'<text class="{shape} end" x="{label_x}" y="{top + 20}">{escape(name)}</text>',
        ]
    return parts


def _x(x: float, x_end: float) -> float:
    return LEFT + x / x_end * (WIDTH - LEFT - RIGHT)


def _round_up(value: float) -> float:
    """A round number that is not smaller."""
    if value <= 0:
        return 1.0
    size = 10.0 ** len(f"{value:.0f}") / 10 if value >= 1 else 0.1
    while size > value:
        size /= 10
    return next(size * step for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if size * step >= value)
