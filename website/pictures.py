"""Draw docs/pages.png, the README's picture: a page of each of the default study's two reports.

`make pictures` runs it once the reports are there. A page is found by words on it, so that the picture
follows when chapters grow.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

RESULTS, PICTURE = Path("results/default"), Path("docs/pages.png")
SHOWN = {"influence": "The valued rows on a plane", "classifier": "Who gives the gold label"}
"""Documents, and words of the caption whose page is shown."""
HEIGHT, FRAME, GROUND = 878, 11, "#e1e2e6"
"""Pixels of a page's height and of the ground around it; the ground's colour."""


def main() -> None:
    """Draw the picture."""
    pages = [draw(RESULTS / f"{name}.pdf", words) for name, words in SHOWN.items()]
    width = sum(page.width for page in pages) + FRAME * (len(pages) + 1)
    picture = Image.new("RGB", (width, HEIGHT + 2 * FRAME), GROUND)
    left = FRAME
    for page in pages:
        picture.paste(page, (left, FRAME))
        left += page.width + FRAME
    picture.quantize(160, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(PICTURE, optimize=True)
    print(f"{PICTURE}: {picture.width} x {picture.height} pixels, {PICTURE.stat().st_size / 1000:.0f} kB")


def draw(pdf: Path, words: str) -> Image.Image:
    """Return the page with these words, drawn twice as large as it is shown and made smaller."""
    if not pdf.exists():
        sys.exit(f"{pdf} is not there; `make report` makes it")
    number = page_with(pdf, words)
    with tempfile.TemporaryDirectory() as folder:
        size = ["-scale-to-x", "-1", "-scale-to-y", str(2 * HEIGHT)]
        pages = ["-f", str(number), "-l", str(number), "-singlefile"]
        subprocess.run(["pdftoppm", "-png", *size, *pages, str(pdf), f"{folder}/page"], check=True)
        page = Image.open(f"{folder}/page.png").convert("RGB")
    return page.resize((page.width // 2, HEIGHT), Image.Resampling.LANCZOS)


def page_with(pdf: Path, words: str) -> int:
    """Return the number of the first page after the title page that has these words."""
    text = subprocess.run(["pdftotext", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
    for number, page in enumerate(text.split("\f"), start=1):
        if number > 1 and words in " ".join(page.split()):
            return number
    sys.exit(f"no page of {pdf} has the words {words!r}; website/pictures.py names another")


if __name__ == "__main__":
    main()
