# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Plots as SVG, written by hand: lines or bars, axes with units, a legend."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 78, 24, 52, 64
COLOURS = ("#0b5fa5", "#c8511b", "#2c8a3d", "#8b3fa0", "#8a6d00", "#4a4a4a")


def nice_step(span, n):
    """1, 2 or 5 times a power of ten, so that about n of them fill the span."""
    rough = span / max(n, 1)
    power = 10 ** math.floor(math.log10(rough)) if rough > 0 else 1
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)


def ticks(low, high, n=6):
    step = nice_step(high - low, n)
    first = math.ceil(low / step - 1e-9)
    return [i * step for i in range(first, math.floor(high / step + 1e-9) + 1)]


def log_ticks(low, high):
    powers = [10 ** i for i in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]
    return [value for value in powers if low * 0.999 <= value <= high * 1.001] or [low, high]


def format_tick(value):
    if value != 0 and (abs(value) >= 1e6 or abs(value) < 1e-3):
        return f"{value:.0e}".replace("e+0", "e").replace("e-0", "e-")
    return f"{value:,.10g}".replace(",", " ")


class Axis:
    def __init__(self, values, place, logarithmic=False, from_zero=False, limits=None):
        low, high = limits or (min(values), max(values))
        if from_zero and not logarithmic:
            low = min(0, low)
        if logarithmic:
            low, high = max(low, 1e-9), max(high, 1e-9)
        if high <= low:
            high = low * 2 if logarithmic else low + 1
        self.place, self.logarithmic = place, logarithmic
        self.low, self.high = low, high
        self.ticks = log_ticks(low, high) if logarithmic else ticks(low, high)

    def at(self, value):
        if self.logarithmic:
            share = (math.log10(max(value, self.low)) - math.log10(self.low)) / (math.log10(self.high) - math.log10(self.low))
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.place[0] + share * (self.place[1] - self.place[0])


def text(x, y, words, size=13, anchor="middle", colour="#222", extra=""):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}"{extra}>'
            f"{escape(words)}</text>")


def frame(title, x_label, y_label, x_axis, y_axis, x_names=None):
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
             f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="DejaVu Sans, Helvetica, Arial, sans-serif">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
             text(WIDTH / 2, 24, title, 16)]
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for value in y_axis.ticks:
        y = y_axis.at(value)
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(text(LEFT - 8, y + 4.5, format_tick(value), 12, "end"))
    for i, value in enumerate(x_names or x_axis.ticks):
        x = x_axis.at(i if x_names else value)
        parts.append(f'<line x1="{x:.1f}" y1="{bottom}" x2="{x:.1f}" y2="{bottom + 5}" stroke="#222"/>')
        parts.append(text(x, bottom + 20, value if x_names else format_tick(value), 12))
    parts.append(f'<path d="M {LEFT} {TOP} V {bottom} H {right}" fill="none" stroke="#222"/>')
    parts.append(text((LEFT + right) / 2, HEIGHT - 16, x_label))
    middle = (TOP + bottom) / 2
    parts.append(text(20, middle, y_label, extra=f' transform="rotate(-90 20 {middle:.1f})"'))
    return parts


def legend(names):
    """Below the title, from the left."""
    parts, x = [], LEFT + 8
    if len(names) < 2:
        return parts
    for i, name in enumerate(names):
        parts.append(f'<rect x="{x:.1f}" y="34" width="18" height="4" fill="{COLOURS[i % len(COLOURS)]}"/>')
        parts.append(text(x + 24, 41, name, 12, "start"))
        x += 40 + 7.2 * len(name)
    return parts


def lines(title, x_label, y_label, series, x_log=False, y_log=False, y_limits=None, marks=False):
    """series: [(name, [(x, y), …]), …]"""
    series = [(name, points) for name, points in series if points]
    xs = [x for _, points in series for x, _ in points]
    ys = [y for _, points in series for _, y in points]
    x_axis = Axis(xs, (LEFT, WIDTH - RIGHT), x_log, from_zero=not x_log)
    y_axis = Axis(ys, (HEIGHT - BOTTOM, TOP), y_log, from_zero=True, limits=y_limits)
    parts = frame(title, x_label, y_label, x_axis, y_axis) + legend([name for name, _ in series])
    for i, (_, points) in enumerate(series):
        colour = COLOURS[i % len(COLOURS)]
        path = " ".join(f"{x_axis.at(x):.1f},{y_axis.at(y):.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        if marks:
            parts += [f'<circle cx="{x_axis.at(x):.1f}" cy="{y_axis.at(y):.1f}" r="4" fill="{colour}"/>' for x, y in points]
    return "\n".join([*parts, "</svg>"]) + "\n"


def bars(title, x_label, y_label, points):
    """points: [(name, value), …]"""
    names = [str(name) for name, _ in points]
    x_axis = Axis([-0.5, len(points) - 0.5], (LEFT, WIDTH - RIGHT))
    y_axis = Axis([value for _, value in points], (HEIGHT - BOTTOM, TOP), from_zero=True)
    parts = frame(title, x_label, y_label, x_axis, y_axis, names)
    width = min(80, (WIDTH - LEFT - RIGHT) / max(len(points), 1) * 0.7)
    for i, (_, value) in enumerate(points):
        top = y_axis.at(value)
        parts.append(f'<rect x="{x_axis.at(i) - width / 2:.1f}" y="{top:.1f}" width="{width:.1f}" '
                     f'height="{HEIGHT - BOTTOM - top:.1f}" fill="{COLOURS[0]}"/>')
    return "\n".join([*parts, "</svg>"]) + "\n"
