"""The embedded fonts: smaller, and every word looks as with the whole font."""

import base64
import io
import re

import pytest
import uharfbuzz
from fontTools.ttLib import TTFont

from inquest.report.fonts import _FEATURES, FACES, MONO, font_faces

TEXT = "AVATAR To fluffy offices, 1,234.5 ± 0.6 % × 10⁻³ — “naïve” Größe: α ≤ β (H₂O) ﬁ"


def embedded(text):
    """The fonts of the style sheet, decoded, in the order of `FACES`."""
    found = re.findall(r"base64,([A-Za-z0-9+/=]+)", font_faces(text))
    return [TTFont(io.BytesIO(base64.b64decode(one))) for one in found]


def shaped(data, text, feature="kern"):
    """Glyph advances and offsets, with a feature that a page may ask for."""
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    uharfbuzz.shape(uharfbuzz.Font(uharfbuzz.Face(data)), buffer, {feature: True})
    return [(one.x_advance, one.x_offset, one.y_offset) for one in buffer.glyph_positions]


@pytest.fixture(scope="module")
def cut():
    return embedded(TEXT)


@pytest.mark.parametrize("i", range(len(FACES)), ids=lambda i: f"{FACES[i].family}-{FACES[i].file[-14:-4]}")
def test_words_are_set_as_with_the_whole_font(cut, i):
    whole = TTFont(FACES[i].path())
    there = "".join(character for character in TEXT if ord(character) in whole.getBestCmap())
    plain = io.BytesIO()
    cut[i].flavor = None
    cut[i].save(plain)
    assert len(there) > 0.9 * len(TEXT)
    data = plain.getvalue()
    for feature in _FEATURES:
        assert shaped(data, there, feature) == shaped(FACES[i].path().read_bytes(), there, feature)
    if FACES[i].family != MONO:
        assert shaped(data, "To")[0] < shaped(data, "TT")[0]  # it is kerned
        assert shaped(data, "17", "sups")[0] < shaped(data, "17")[0]


def test_only_what_is_asked_for_is_there(cut):
    wanted = {ord(character) for character in TEXT} | set(range(0x20, 0x7F))
    for font, face in zip(cut, FACES, strict=True):
        assert set(font.getBestCmap()) == wanted & set(TTFont(face.path()).getBestCmap())
        assert not {"fpgm", "prep", "FFTM"} & set(font.keys())  # neither hints nor a font editor's time stamp


def test_the_same_text_gives_the_same_bytes():
    assert font_faces("añb") == font_faces("bañ")
    assert font_faces("a") == font_faces("b")  # ASCII is always there
    assert font_faces("a") != font_faces("é")
