"""`snakemake --report`: a page with the documents, the pages and the figures, and what each one shows."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
OFFLINE = {name: "http://127.0.0.1:9" for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")}


CAPTIONS = REPO / "report" / "captions"


def said(page: str, name: str) -> dict:
    """Return what the report holds under a name."""
    *_, found = re.finditer(rf"^ *var {name} = ", page, flags=re.M)
    return json.JSONDecoder().raw_decode(page[found.end() :])[0]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """Return a function that makes the report of a finished study and unpacks it.

    The proxy that isn't there stands for a network that isn't.
    """

    def make(workflow) -> Path:
        done = workflow.run("--report", "report.zip", environment=OFFLINE)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        folder = tmp_path_factory.mktemp("report")
        with zipfile.ZipFile(workflow.folder / "report.zip") as file:
            file.extractall(folder)
        return folder / "report"

    return make


def checked(folder: Path, workflow, documents: set[str], pages: set[str], chapters: set[str]) -> None:
    """Check a report: its categories, that each file is the study's, and that each has its caption."""
    page = (folder / "report.html").read_text()
    categories, results = said(page, "categories"), said(page, "results")
    assert list(categories) == ["Documents", "Figures", "Pages to explore"]
    assert {Path(path).name for path in categories["Documents"]["Other"]} == documents
    assert {Path(path).name for path in categories["Pages to explore"]["Other"]} == pages
    assert set(categories["Figures"]) == chapters
    held = [path for kinds in categories.values() for paths in kinds.values() for path in paths]
    figures = sorted((workflow.folder / "results" / workflow.study).glob("*/figures/*.svg"))
    assert {workflow.folder / path for path in held if path.endswith(".svg")} == set(figures) and figures
    for path in held:
        about = results[path]
        (copy,) = [file for file in folder.rglob(Path(path).name) if str(file).endswith(about["data_uri"])]
        assert copy.read_bytes() == (workflow.folder / path).read_bytes()
        assert about["caption"].startswith("<p>") and "System Message" not in about["caption"]
        if path.endswith(".svg"):
            chapter, _, name = Path(path).parts[-3:]
            assert about["labels"] == {"figure": name.removesuffix(".svg").replace("_", " ")}
            assert about["job_properties"]["rule"] not in ("html", "provenance")
            called = {"llm": "Language model"}.get(chapter, chapter.capitalize())
            assert path in categories["Figures"][called]


def test_a_study_of_a_table_has_a_tidy_report(workflow, unpacked):
    folder = unpacked(workflow)
    checked(
        folder,
        workflow,
        documents={"influence.html", "influence.pdf"},
        pages={"explorer.html"},
        chapters={"Data", "Baseline", "Influence", "Shapley", "Quality"},
    )
    page = (folder / "report.html").read_text()
    assert "What made this model what it is" in said(page, "workflow_desc")
    results = said(page, "results")
    assert "Right of zero, the row helps" in results["results/tiny/influence/figures/points.svg"]["caption"]
    assert "influence as PDF" in results["results/tiny/influence.pdf"]["caption"]


def test_a_study_of_texts_has_a_tidy_report(texts_workflow, unpacked):
    checked(
        unpacked(texts_workflow),
        texts_workflow,
        documents={"classifier.html", "classifier.pdf"},
        pages={"error-map.html", "errors.csv"},
        chapters={"Text", "Classifier", "Language model", "Errors"},
    )


def test_the_report_opens_without_a_network(workflow, browser):
    done = workflow.run("--report", "report.html", environment=OFFLINE)
    assert done.returncode == 0, done.stderr[-3000:]
    asked, page = [], browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto((workflow.folder / "report.html").as_uri())
    page.get_by_text("Figures", exact=True).first.click()
    page.get_by_text("Influence", exact=True).first.click()
    assert page.get_by_text("every row", exact=True).is_visible()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    page.close()


def test_every_caption_is_of_a_result():
    rules = "".join(path.read_text() for path in sorted((REPO / "rules").glob("*.smk")))
    snakefile = (REPO / "Snakefile").read_text()
    for path in sorted(CAPTIONS.rglob("*.rst")):
        name = path.relative_to(CAPTIONS).with_suffix("")
        if name.parent.name and name.name != "sheet":
            words = f'"{name.name}"'
            assert words in (REPO / "rules" / f"{name.parent}.smk").read_text(), path
        else:
            assert (
                f'caption("{name}")' in rules or f"captions/{name}.rst" in snakefile or name.name == "figure"
            ), path
