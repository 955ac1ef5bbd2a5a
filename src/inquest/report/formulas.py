"""Formulas as pictures with their baseline on the text's: PDF writers garble MathML without a word."""

from __future__ import annotations

import base64
from functools import cache

import numpy as np
from markupsafe import Markup

from inquest.errors import InquestError

INK = "#1d1d22"
_EM = 100  # matplotlib lays text out as paths at this many units to the em
_SCALE = 1.06  # STIX has smaller letters than the text's typeface
_STYLE = {"mathtext.fontset": "stix"}  # a typeface made for formulas, of the text's weight


@cache
def formula(latex: str, display: bool = False) -> Markup:
    """Return a formula as an inline SVG picture that stands on the text's baseline.

    Parameters
    ----------
    latex : str
        What matplotlib's mathtext knows of LaTeX, without dollar signs; it is also the alt text.
    display : bool
        Whether the formula stands on a line of its own.

    Raises
    ------
    InquestError
        If mathtext cannot read the formula.
    """
    typeset = latex.replace(r"\setminus", r"\,\backslash\,")  # mathtext's own is tiny
    verts, codes = _outline(typeset.replace(r"\frac", r"\dfrac") if display else typeset)
    margin = 0.02 * _EM
    left, right = verts[:, 0].min() - margin, verts[:, 0].max() + margin
    bottom, top = min(verts[:, 1].min(), 0) - margin, verts[:, 1].max() + margin
    width, height = right - left, top - bottom
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.1f}" height="{height:.1f}" '
        f'viewBox="{left:.1f} {-top:.1f} {width:.1f} {height:.1f}">'
        f'<path fill="{INK}" d="{_path(verts, codes)}"/></svg>'
    )
    data = base64.b64encode(svg.encode()).decode()
    picture = Markup(
        '<img class="formula" alt="{}" src="data:image/svg+xml;base64,{}" '
        'style="width: {:.3f}em; height: {:.3f}em; vertical-align: {:.3f}em">'
    ).format(latex, data, *(_SCALE * x / _EM for x in (width, height, bottom)))
    return Markup('<div class="display" tabindex="0">{}</div>').format(picture) if display else picture


def _outline(latex: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the formula's outline: vertices of shape (n, 2), y upwards from the baseline, and path codes."""
    import matplotlib
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    with matplotlib.rc_context(_STYLE):
        try:
            verts, codes = TextToPath().get_text_path(FontProperties(size=_EM), f"${latex}$", ismath=True)
        except ValueError as error:
            reason = str(error).strip().splitlines()[-1]
            raise InquestError(
                f"formula `{latex}`", f"it cannot be read ({reason})", "matplotlib's mathtext is allowed"
            ) from None
    if not len(verts):
        raise InquestError(f"formula `{latex}`", "it is empty", "matplotlib's mathtext is allowed")
    return np.asarray(verts, dtype=float), np.asarray(codes)


def _path(verts: np.ndarray, codes: np.ndarray) -> str:
    """Return the outline as SVG path data, y downwards."""
    letters, size = {1: "M", 2: "L", 3: "Q", 4: "C", 79: "Z"}, {1: 1, 2: 1, 3: 2, 4: 3, 79: 1}
    parts, i = [], 0
    while i < len(codes):
        code = int(codes[i])
        points = verts[i : i + size[code]]
        parts.append(letters[code] + ("" if code == 79 else " ".join(f"{x:.1f} {-y:.1f}" for x, y in points)))
        i += size[code]
    return "".join(parts)
