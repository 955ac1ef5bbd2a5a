"""What MkDocs does besides: links that hold on GitHub and on the site, pages made from the code, own fonts.

Pages of `docs/` link to files elsewhere in the repository (`../config.yaml`), which MkDocs alone does not
know. What is linked becomes a page of the site: Markdown as it is, pictures as files, all else as a page that
shows it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote

from config_reference import config_reference
from library_reference import library_reference
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from inquest.report.fonts import font_faces

ROOT = Path(__file__).resolve().parents[1]
HOME = "README.md"
PLACES = {HOME: "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
"""Pages from outside `docs/`, and where they stand on the site; all others go to `source/`."""
MADE = {"<!-- made: config -->": config_reference, "<!-- made: library -->": library_reference}
"""Marks in pages, and what is put there."""

FENCED = re.compile(r"(^ {0,3}```.*?^ {0,3}```[ \t]*$)", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"(!?\[(?:[^\[\]]|\[[^\]]*\])*\]\()([^)\s#]+)([^)\s]*\))")
PICTURES = {".png", ".svg", ".jpg"}
HEAD, FENCE = "---\nhide: [toc]\nsearch: {exclude: true}\n---\n", "`" * 8
CODE = {".py": "python", ".yaml": "yaml", ".yml": "yaml", ".json": "json", ".smk": "python", ".j2": "html"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what pages link to outside `docs/`, followed through."""
    waiting = [HOME, *(f"docs/{file.src_uri}" for file in files.documentation_pages())]
    seen = set(waiting)
    while waiting:
        path = waiting.pop()
        if not path.startswith("docs/"):
            files.append(_file(path, config))
        if path.endswith(".md"):
            found = set(_targets(path)) - seen
            seen |= found
            waiting += sorted(found)
    written = "".join(_read(path) for path in sorted(seen) if Path(path).suffix not in PICTURES)
    files.append(File.generated(config, "assets/fonts.css", content=font_faces(written + "…–—’“”·→←↔✓×≤≥")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links between files of the repository into links between pages; fill in what is made."""
    uri = page.file.src_uri
    origin = {place: path for path, place in PLACES.items()}.get(uri)
    origin = origin or (uri.removeprefix("source/") if uri.startswith("source/") else f"docs/{uri}")
    for mark, make in MADE.items():
        if mark in markdown:
            markdown = markdown.replace(mark, make())

    def moved(match: re.Match) -> str:
        target = _target(origin, match[2])
        if target is None:
            return match[0]
        place = posixpath.relpath(_place(target), posixpath.dirname(uri) or ".")
        return f"{match[1]}{place}{match[3]}"

    return "".join(part if FENCED.match(part) else LINK.sub(moved, part) for part in FENCED.split(markdown))


def _targets(path: str) -> Iterator[str]:
    """Yield the files outside `docs/` that a page links to."""
    prose = FENCED.sub("", _read(path))
    for match in LINK.finditer(prose):
        target = _target(path, match[2])
        if target is not None and not target.startswith("docs/"):
            if not (ROOT / target).is_file():
                raise PluginError(f"{path} links to {match[2]}, which is no file of the repository")
            yield target


def _target(origin: str, link: str) -> str | None:
    """Return the file of the repository that a link leads to; None if it leads elsewhere."""
    if re.match(r"[a-z]+:", link):
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(origin), unquote(link)))


def _place(path: str) -> str:
    """Return where a file of the repository stands on the site."""
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    suffix = Path(path).suffix
    return PLACES.get(path, f"source/{path}" if suffix in {".md", *PICTURES} else f"source/{path}.md")


def _file(path: str, config: MkDocsConfig) -> File:
    """Return a file of the repository as a file of the site."""
    suffix = Path(path).suffix
    if path in PLACES or suffix in {".md", *PICTURES}:
        content = (ROOT / path).read_bytes() if suffix in PICTURES else _read(path)
    else:
        shown = f"{FENCE}{CODE.get(suffix, 'text')}\n{_read(path)}\n{FENCE}\n"
        content = f"{HEAD}# {path}\n\n{shown}"
    return File.generated(config, _place(path), content=content)


def _read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def on_nav(nav, config: MkDocsConfig, files: Files):
    """Refuse a page of `docs/` that the navigation forgot."""
    shown: Iterable[Page] = nav.pages
    forgotten = {f.src_uri for f in files.documentation_pages()} - {p.file.src_uri for p in shown}
    forgotten = {uri for uri in forgotten if not uri.startswith("source/")}
    if forgotten:
        raise PluginError(f"mkdocs.yml: `nav` has no {', '.join(sorted(forgotten))}")
    return nav
