#!/usr/bin/env python3
"""Draws the held-out figures and the loss of training runs (metrics.jsonl): tools/plot_training.py OUT.svg RUN..."""
import json
import sys

WIDTH, HEIGHT, LEFT, BOTTOM = 460, 260, 52, 34
COLORS = ["#2563eb", "#dc2626", "#059669", "#b45309"]
HIDDEN = {"step", "time", "seconds", "lr_factor", "skipped", "gradient_norm"}


def load(run):
    series = {}
    with open(f"{run}/metrics.jsonl") as lines:
        for line in map(json.loads, lines):
            for name, value in line.items():
                if name not in HIDDEN and value is not None:
                    series.setdefault(name, []).append((line["step"], value))
    return series


def smooth(points, window):
    values = [v for _, v in points]
    return [(points[i][0], sum(values[max(0, i - window):i + 1]) / len(values[max(0, i - window):i + 1]))
            for i in range(len(points))]


def label(name):
    return name.removeprefix("validation_").replace("_", " ") if name.startswith("validation_") else "training " + name


def plot(title, series):
    names = [n for n in series if n.startswith("validation_")] + (["loss"] if "loss" in series else [])
    names = names[:4]
    curves = {n: smooth(series[n], 10) if n == "loss" else series[n] for n in names}
    points = [p for c in curves.values() for p in c[len(c) // 20:]]
    last, low, high = max(s for s, _ in points), min(v for _, v in points), max(v for _, v in points)
    span = (high - low) or 1

    def x(step):
        return LEFT + step / last * (WIDTH - LEFT - 12)

    def y(value):
        return HEIGHT - BOTTOM - (min(value, high) - low) / span * (HEIGHT - BOTTOM - 40)

    parts = [f'<text x="{LEFT}" y="18" class="t">{title}</text>']
    for i in range(5):
        value = low + span * i / 4
        parts.append(f'<path d="M{LEFT} {y(value):.1f}H{WIDTH - 12}" class="g"/>'
                     f'<text x="{LEFT - 6}" y="{y(value) + 4:.1f}" class="l" text-anchor="end">{value:.3g}</text>')
        step = last * i / 4
        parts.append(f'<text x="{x(step):.1f}" y="{HEIGHT - 14}" class="l" text-anchor="middle">{step:.0f}</text>')
    for color, name in zip(COLORS, names):
        path = " ".join(f"{x(s):.1f},{y(v):.1f}" for s, v in curves[name])
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="1.6"/>')
    at = LEFT
    for color, name in zip(COLORS, names):
        parts.append(f'<text x="{at:.0f}" y="34" class="l" style="fill:{color}">{label(name)}</text>')
        at += 6 * len(label(name)) + 12
    return "".join(parts)


def main(out, runs):
    boxes = []
    for i, run in enumerate(runs):
        title = run.rstrip("/").split("/")[-1].replace("_", " ")
        boxes.append(f'<g transform="translate({i % 2 * WIDTH},{i // 2 * HEIGHT})">{plot(title, load(run))}</g>')
    height = HEIGHT * ((len(runs) + 1) // 2)
    style = ".t{font:600 14px sans-serif;fill:#111}.l{font:11px sans-serif;fill:#555}.g{stroke:#ddd;fill:none}"
    with open(out, "w") as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {height}" width="{2 * WIDTH}">'
                   f'<style>{style}</style><rect width="100%" height="100%" fill="#fff"/>{"".join(boxes)}</svg>\n')


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
