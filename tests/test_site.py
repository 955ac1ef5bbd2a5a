"""The site: it builds without a warning, its links lead somewhere, and it asks nothing of the network."""

from __future__ import annotations

import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from inquest.config import schema

ROOT = Path(__file__).parents[1]
LOADED = {"img": "src", "script": "src", "link": "href", "source": "src", "iframe": "src", "use": "href"}


class Page(HTMLParser):
    """What a page links to, what it loads, and what can be linked to on it."""

    def __init__(self, path: Path):
        super().__init__()
        self.links: set[str] = set()
        self.loaded: set[str] = set()
        self.ids: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids |= {value for key, value in attrs if key in ("id", "name") and value}
        if tag == "a" and given.get("href"):
            self.links.add(given["href"])
        if given.get(LOADED.get(tag, ""), ""):
            self.loaded.add(given[LOADED[tag]])


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "src", "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site) -> dict[Path, Page]:
    return {path: Page(path) for path in site.rglob("*.html") if path.name != "404.html"}


def test_every_link_leads_to_a_page_and_to_a_place_on_it(site, pages):
    lost = []
    for path, page in pages.items():
        for link in page.links | page.loaded:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            known = pages[target].ids if target in pages else set()
            fragment = unquote(parts.fragment)
            if not target.is_file() or (fragment and target.suffix == ".html" and fragment not in known):
                lost.append(f"{path.relative_to(site)}: {link}")
    assert sorted(lost) == []
    assert len(pages) > 30


def test_nothing_is_loaded_from_elsewhere(site, pages):
    loaded = {link for page in pages.values() for link in page.loaded}
    assert sorted(link for link in loaded if urlsplit(link).netloc) == []
    style = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert "url(http" not in style and "url(//" not in style and "@import" not in style
    assert 'font-family: "Source Sans Pro"' in (site / "assets" / "fonts.css").read_text(encoding="utf-8")


def test_the_reference_has_every_key(site, pages):
    sections = schema()["$defs"] | {"Study": schema()}
    text = (site / "reference" / "config.html").read_text(encoding="utf-8")
    for name, section in sections.items():
        for key, about in section["properties"].items():
            assert f"<code>{key}</code>" in text or "$ref" in str(about), f"{name}.{key}"
    assert "key.shapley.until.standard_error" in pages[site / "reference" / "config.html"].ids
    assert "<dd><p></p>" not in text


def test_the_library_has_its_docstrings(site):
    text = (site / "reference" / "library.html").read_text(encoding="utf-8")
    assert "inquest.valuation.tmc_shapley" in text
    assert "Return the utility of training rows for a classifier" in text
    assert ":::" not in text


def test_every_name_that_notebooks_import_is_in_the_reference():
    import inquest.valuation

    text = (ROOT / "website" / "library_reference.py").read_text(encoding="utf-8")
    assert [name for name in inquest.valuation.__all__ if f'"{name}"' not in text] == []


def test_it_reads_and_searches_from_the_file_system(site, pages, browser):
    """On a phone no page is wider than the screen; nothing is asked of the network, and nothing fails."""
    asked, failed = [], []
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: failed.append(str(error)))
    for path in sorted(pages):
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path.name
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto((site / "reference" / "config.html").as_uri())
    page.click(".md-search__input")
    page.type(".md-search__input", "antithetic")
    page.wait_for_selector(".md-search-result__item")
    assert "Glossary" in page.inner_text(".md-search-result")
    page.close()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert failed == []


@pytest.mark.parametrize("name", ["index", "tutorial", "how-it-compares", "reference/config", "notebook"])
def test_the_accessibility_checker_finds_nothing_serious(site, barriers, name):
    found = barriers(site / f"{name}.html")
    assert [rule for rule in found if "(serious)" in rule or "(critical)" in rule or "wider" in rule] == []
