"""What is handed in: named documents, and an archive that can be unpacked and run again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile

import pytest
import yaml
from pypdf import PdfReader

NAME = "ML_101-A2-Ada-Lovelace"
BOOK = {
    "id": "Zimmer2020", "type": "book", "title": "A book",
    "author": [{"family": "Zimmer", "given": "Jo"}], "issued": {"date-parts": [[2020]]},
}  # fmt: skip


def handed_in(config):
    config["references"] = ["my.json"]
    config["documents"] = {
        "short": {
            "title": "A short one",
            "course": "ML 101",
            "assignment": "A2",
            "authors": [{"name": "Ada Lovelace", "email": "ada@example.org"}, "Plato"],
            "file": "{course}-{assignment}-{first}-{last}.pdf",
            "chapters": ["data"],
            "rubric": "data-influence",
            "code_appendix": True,
            "citation_style": "ieee",
            "statements": [{"title": "S", "text": "As in [@Zimmer2020; @cook1977]."}],
        }
    }


@pytest.fixture(scope="module")
def packed(workflow, make_workflow, tmp_path_factory):
    """A copy of the finished tiny study, with a document of one chapter, packed."""
    made = make_workflow(tmp_path_factory.mktemp("packed"))
    for part in ("results", ".snakemake"):
        shutil.copytree(workflow.folder / part, made.folder / part, symlinks=True)
    (made.folder / "my.json").write_text(json.dumps([BOOK]))
    config = made.config(handed_in, "named")
    done = made.run("all", "bundle", config=config)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return made


def test_the_document_has_its_name_and_says_what_was_asked(packed):
    folder = packed.folder / "results" / "tiny" / "hand-in"
    names = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    assert names == {f"{NAME}.pdf", f"{NAME}.html"}
    reader = PdfReader(folder / f"{NAME}.pdf")
    assert reader.metadata.author == "Ada Lovelace, Plato"
    text = " ".join(page.extract_text() for page in reader.pages)
    assert "ML 101 · A2" in text and "[1]" in text and "J. Zimmer, A book" in " ".join(text.split())
    assert "scripts/data/clean.py" in text and "scripts/baseline/fit.py" not in text
    html = (folder / f"{NAME}.html").read_text(encoding="utf-8")
    assert (packed.folder / "results/tiny/short.html").read_text(encoding="utf-8") == html


def test_what_is_unpacked_can_be_run_again(packed, tmp_path):
    archive = packed.folder / "results" / "tiny" / f"{NAME}.zip"
    before = archive.read_bytes()
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(tmp_path)
    there = tmp_path / NAME
    assert {path.name for path in there.iterdir()} == {
        "CONTENTS.txt", "code", "marks", f"{NAME}.pdf", f"{NAME}.html",
    }  # fmt: skip
    assert "make report STUDY=named.yaml" in (there / "CONTENTS.txt").read_text(encoding="utf-8")
    assert not list((there / "code").rglob("results")) and (there / "code" / "tiny.csv").is_file()
    command = [sys.executable, "-m", "snakemake", "bundle", "-n", "--cores", "1"]
    command += ["--configfile", "named.yaml"]
    done = subprocess.run(command, cwd=there / "code", capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "clean" in done.stdout and "bundle" in done.stdout
    archive.unlink()
    done = packed.run("bundle", config="named.yaml")
    assert done.returncode == 0 and archive.read_bytes() == before


def test_an_edit_of_what_an_appendix_shows_sets_it_anew(packed):
    config = "named.yaml"
    assert packed.planned(config=config) == {}
    script = packed.folder / "src" / "inquest" / "data" / "splits.py"
    before = script.read_text(encoding="utf-8")
    script.write_text(before + "# edited\n", encoding="utf-8")
    try:
        assert {"split", "html", "name_documents"} <= packed.planned(config=config).keys()
    finally:
        script.write_text(before, encoding="utf-8")


def test_a_key_that_no_reference_has_is_told_with_the_nearest(packed):
    def misspelt(config):
        handed_in(config)
        config["documents"]["short"]["statements"][0]["text"] = "As in [@Zimer2020]."

    config = packed.config(misspelt, "misspelt")
    said = packed.complaint(packed.run("results/tiny/short.html", config=config))
    assert "no reference has the key 'Zimer2020' (did you mean `Zimmer2020`?)" in said
    assert yaml.safe_load((packed.folder / config).read_text())["references"] == ["my.json"]
