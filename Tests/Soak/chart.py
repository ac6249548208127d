"""Line charts of a run as one self-contained SVG: panels above each other over the same time."""

WIDTH, PANEL, LEFT, RIGHT, TOP, GAP = 900, 130, 70, 20, 46, 44
COLOURS = ["#1f6feb", "#d1242f", "#1a7f37", "#9a6700"]
# More points than pixels would only make the file large.
POINTS_MAX = 400


def draw(title, minutes, panels):
    """`panels`: (name, unit, [(line's name, values)]); values stand at `minutes`, None is a gap."""
    height = TOP + len(panels) * (PANEL + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
        f'font-size="12" role="img" aria-label="{title}">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="22" font-size="15" font-weight="bold" fill="#1f2328">{title}</text>',
    ]
    for number, (name, unit, lines) in enumerate(panels):
        parts += panel(TOP + number * (PANEL + GAP), name, unit, lines, minutes)
    return "\n".join([*parts, "</svg>"]) + "\n"


def panel(top, name, unit, lines, minutes):
    highest = max([value for _, values in lines for value in values if value is not None] or [1]) or 1
    ceiling = rounded(highest)
    last = max(minutes[-1], 1e-9)
    bottom = top + 20 + PANEL - 20
    parts = [f'<text x="{LEFT}" y="{top + 10}" fill="#1f2328">{name}, {unit}</text>']
    for share in (0, 0.5, 1):
        y = bottom - share * (PANEL - 20)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.0f}" y2="{y:.0f}" stroke="#d0d7de"/>')
        parts.append(
            f'<text x="{LEFT - 6}" y="{y + 4:.0f}" text-anchor="end" fill="#59636e">{ceiling * share:g}</text>'
        )
    for tick in range(0, 6):
        x = LEFT + (WIDTH - LEFT - RIGHT) * tick / 5
        anchor = "end" if tick == 5 else "middle"
        parts.append(
            f'<text x="{x:.0f}" y="{bottom + 16}" text-anchor="{anchor}" fill="#59636e">'
            f"{last * tick / 5:.3g} min</text>"
        )
    step = max(1, len(minutes) // POINTS_MAX)
    for index, (label, values) in enumerate(lines):
        colour = COLOURS[index % len(COLOURS)]
        points = " ".join(
            f"{LEFT + (WIDTH - LEFT - RIGHT) * at / last:.1f},{bottom - (PANEL - 20) * value / ceiling:.1f}"
            for at, value in list(zip(minutes, values))[::step]
            if value is not None
        )
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{points}"/>')
        parts.append(
            f'<text x="{WIDTH - RIGHT - 150 * (len(lines) - index - 1)}" y="{top + 10}" text-anchor="end" '
            f'fill="{colour}">{label}</text>'
        )
    return parts


def rounded(value):
    """The next number that reads well."""
    scale = 1.0
    while scale * 10 <= value:
        scale *= 10
    while scale > value:
        scale /= 10
    return next(scale * factor for factor in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if scale * factor >= value)
