"""A table that tries to be more than data, through the whole workflow: to the pages, and to nowhere else."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pandas as pd
import pytest

SCRIPT = "<script>alert(1)</script>"
IMAGE = "<img src=x onerror=alert(1)>"
CLOSING = "</style></svg></td></table><b id=injected>bold</b>"
TEMPLATE = "{{ 7 * 191 }}{% raw %}"
FORMULA = '=HYPERLINK("http://example.invalid/"&A1,"click")'
WILDCARD = "{results}{wildcards.game}$PATH`id`"
POSITIVE = "<b id=injected>yes</b>"


class Tags(HTMLParser):
    """The elements of a page with their attributes, and the pictures in it."""

    def __init__(self, page: str):
        super().__init__(convert_charrefs=True)
        self.found, self.pictures, self.text = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        for _, value in attrs:
            picture = re.match(r"data:image/svg\+xml;base64,(.*)", value or "", flags=re.S)
            if picture:
                self.pictures.append(base64.b64decode(picture[1]).decode())

    def handle_data(self, data):
        self.text.append(data)


def injected(tags: Tags) -> list:
    """Return the elements that no template of ours writes."""
    return [
        (tag, attributes)
        for tag, attributes in tags.found
        if tag in ("script", "iframe", "object", "embed", "form")
        or attributes.get("id") == "injected"
        or attributes.get("src") == "x"
        or any(name.startswith("on") for name in attributes)
    ]


def contents(folder, but=()):
    """Return a digest of each file below a folder, but for those in some folders of it."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and not str(path.relative_to(folder)).startswith(but)
    }


@pytest.fixture(scope="module")
def hostile(make_workflow, tmp_path_factory):
    """The workflow with a study of hostile data done, and what lay around it before."""
    around = tmp_path_factory.mktemp("around")
    (around / "results").mkdir()
    (around / "results" / "precious.txt").write_text("mine")
    (around / "home").mkdir()
    (around / "work").mkdir()
    made = make_workflow(around / "work")
    table = pd.read_csv(made.folder / "tiny.csv")
    table["colour"] = table["colour"].map({"red": SCRIPT, "green": CLOSING}).fillna(IMAGE)
    table["outcome"] = table["outcome"].map({"yes": POSITIVE, "no": FORMULA})
    table = table.rename(columns={"colour": TEMPLATE})
    table[WILDCARD] = table["size"].fillna(0).round().map("@SUM({:.0f})".format)
    table.to_csv(made.folder / "tiny.csv", index=False)

    def change(config):
        config["data"] |= {"positive": POSITIVE, "title": SCRIPT, "about": f"Of {IMAGE} and {TEMPLATE}."}
        config["influence"]["groups"] = [
            {"name": "half", "kind": "random", "fraction": 0.5},
            {"name": CLOSING[:30], "kind": "label", "label": FORMULA},
        ]

    config = made.config(change)
    before = contents(around, ("work/results", "work/.snakemake"))
    done = made.run(config=config, environment={"HOME": str(around / "home")})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return made, around, before


def test_nothing_from_the_data_becomes_a_part_of_the_page(hostile):
    made, _, _ = hostile
    page = (made.folder / "results/tiny/influence.html").read_text()
    tags = Tags(page)
    assert injected(tags) == []
    assert tags.pictures
    assert [found for picture in tags.pictures if (found := injected(Tags(picture)))] == []
    text = " ".join(tags.text)
    for said in (SCRIPT, IMAGE, TEMPLATE, WILDCARD, POSITIVE, FORMULA):
        assert said in text, said
    assert str(7 * 191) not in text


def test_nothing_from_the_data_becomes_a_part_of_the_explorer(hostile):
    made, _, _ = hostile
    tags = Tags((made.folder / "results/tiny/explorer.html").read_text())
    own = [("form", "controls"), ("script", "data"), ("script", None)]
    assert [(tag, attributes.get("id")) for tag, attributes in injected(tags)] == own
    assert POSITIVE in " ".join(tags.text) and tags.pictures == []


def test_nothing_outside_the_results_is_written(hostile):
    made, around, before = hostile
    after = contents(around, ("work/results", "work/.snakemake"))
    caches = ("home/.cache", "home/.config")  # of libraries, for all programs of this person
    assert {name for name in after if not name.startswith(caches)} == set(before)
    assert [name for name in before if after[name] != before[name]] == []
    assert not [path for path in (made.folder / "results").iterdir() if path.name != "tiny"]
