"""Colours of a form's pages: the owner's, adjusted until its contrast is that of WCAG 2.2 AA."""

from functools import lru_cache

BLACK, WHITE = "#000000", "#ffffff"
LIGHT = ("#ffffff", "#f2f4f7")
DARK = ("#1c2026", "#121519")
"""`--paper` and `--ground` of pages.css."""

MIN_TEXT_CONTRAST = 4.5
MIN_EDGE_CONTRAST = 3.0
"""Of buttons against what is around them (1.4.11)."""

STEPS = 100


@lru_cache(256)
def stylesheet(color: str) -> str:
    """Return the custom properties that forms.css and pages.css use, for both colour schemes."""
    light, dark = _properties(color, LIGHT), _properties(color, DARK)
    return f":root {{\n{light}}}\n\n@media (prefers-color-scheme: dark) {{\n:root {{\n{dark}}}\n}}\n"


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio, from 1 to 21."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def text_on(color: str) -> str:
    """Return black or white; the better one has at least 4.58:1 on any colour."""
    return max(WHITE, BLACK, key=lambda text: contrast(text, color))


def readable_on(grounds: tuple[str, ...], color: str) -> str:
    """Return the colour nearest to `color` that text may have on each ground: darker on light ones, or lighter."""
    end = text_on(grounds[0])
    shades = (_mix(color, end, step / STEPS) for step in range(STEPS + 1))
    return next(shade for shade in shades if min(contrast(shade, ground) for ground in grounds) >= MIN_TEXT_CONTRAST)


def _properties(color: str, grounds: tuple[str, ...]) -> str:
    brand = readable_on(grounds, color)
    is_distinct = contrast(color, grounds[0]) >= MIN_EDGE_CONTRAST
    values = {
        "brand": brand,
        "on-brand": text_on(brand),
        "button": color,
        "on-button": text_on(color),
        "edge": color if is_distinct else "var(--line)",
    }
    return "".join(f"  --{name}: {value};\n" for name, value in values.items())


def _mix(color: str, end: str, share: float) -> str:
    pairs = zip(_channels(color), _channels(end), strict=True)
    return "#" + "".join(f"{round(channel + (other - channel) * share):02x}" for channel, other in pairs)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _channels(color: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(color[1:]))
