"""The typefaces: Source Serif for text, Source Sans for figures and tables, DejaVu Sans Mono for code."""

from __future__ import annotations

import base64
import importlib.util
import io
import os
from dataclasses import dataclass
from pathlib import Path

from inquest.errors import InquestError

SERIF, SANS, MONO = "Source Serif Pro", "Source Sans Pro", "DejaVu Sans Mono"

# What a page may ask of a font; anything else is left out of the embedded copy.
_FEATURES = ["kern", "liga", "ccmp", "locl", "mark", "mkmk", "lnum", "onum", "pnum", "tnum", "case", "sups"]


@dataclass(frozen=True)
class Face:
    """One cut of a typeface and the package file that holds it."""

    family: str
    weight: int
    style: str
    package: str
    file: str

    def path(self) -> Path:
        """Return where the font file lies.

        Raises
        ------
        InquestError
            If the package is not installed.
        """
        spec = importlib.util.find_spec(self.package)
        if spec is None or spec.origin is None:
            distribution = self.package.replace("_", "-")
            raise InquestError(
                f"font package `{distribution}`",
                "it is not installed",
                f"install it: pip install {distribution}",
            )
        return Path(spec.origin).parent / self.file


def _source(kind: str, weight: int, style: str, cut: str) -> Face:
    file = f"files/Source{kind}Pro-{cut}.ttf"
    return Face(f"Source {kind} Pro", weight, style, f"font_source_{kind.lower()}_pro", file)


FACES = (
    _source("Serif", 400, "normal", "Regular"),
    _source("Serif", 400, "italic", "It"),
    _source("Serif", 600, "normal", "Semibold"),
    _source("Sans", 400, "normal", "Regular"),
    _source("Sans", 400, "italic", "It"),
    _source("Sans", 600, "normal", "Semibold"),
    Face(MONO, 400, "normal", "matplotlib", "mpl-data/fonts/ttf/DejaVuSansMono.ttf"),
)


def font_faces(text: str) -> str:
    """Return the CSS that embeds every face, cut down to the characters of a text.

    Parameters
    ----------
    text : str
        All that the page may show.

    Returns
    -------
    str
        ``@font-face`` rules with the fonts as data: the page needs no other file, and the same text gives
        the same bytes.
    """
    wanted = {ord(character) for character in set(text) if ord(character) >= 0x20} | set(range(0x20, 0x7F))
    return "\n".join(_rule(face, wanted) for face in FACES)


def _rule(face: Face, wanted: set[int]) -> str:
    data = base64.b64encode(_cut(face.path(), wanted)).decode()
    return (
        f'@font-face {{ font-family: "{face.family}"; font-weight: {face.weight}; font-style: {face.style}; '
        f'src: url("data:font/woff;base64,{data}") format("woff"); }}'
    )


def _cut(path: Path, wanted: set[int]) -> bytes:
    """Return the font with the wanted characters only, as WOFF."""
    import uharfbuzz
    from fontTools.ttLib import TTFont

    cutter = uharfbuzz.SubsetInput()
    cutter.unicode_set.update(wanted)
    cutter.layout_feature_tag_set.clear()
    cutter.layout_feature_tag_set.update(_tag(feature) for feature in _FEATURES)
    flags = uharfbuzz.SubsetFlags
    cutter.flags = flags.NOTDEF_OUTLINE | flags.NO_HINTING | flags.NO_BIDI_CLOSURE
    face = uharfbuzz.Face(uharfbuzz.Blob.from_file_path(os.fspath(path)))
    font = TTFont(io.BytesIO(uharfbuzz.subset(face, cutter).blob.data), recalcTimestamp=False)
    font.flavor = "woff"
    buffer = io.BytesIO()
    font.save(buffer)
    return buffer.getvalue()


def _tag(name: str) -> int:
    return int.from_bytes(name.encode("ascii"), "big")


def register_with_matplotlib() -> None:
    """Make the typefaces known to matplotlib by their names, once per process.

    It gets the OpenType files: their outlines have a third of the TrueType ones' curves, and figures, which
    hold their text as curves, are that much smaller.
    """
    from matplotlib import font_manager

    known = {entry.fname for entry in font_manager.fontManager.ttflist}
    for face in FACES:
        path = str(face.path().with_suffix(".otf"))
        if face.family != MONO and path not in known:
            font_manager.fontManager.addfont(path)
