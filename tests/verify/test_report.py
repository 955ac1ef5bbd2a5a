"""The verification report: one page, whatever there is to say."""

from __future__ import annotations

from pathlib import Path

from pypdf import PdfReader

from inquest.verify.compare import compare
from inquest.verify.manifest import Manifest
from inquest.verify.report import Rerun, verification_page, write_report

TEMPLATES = Path(__file__).parents[2] / "report"
MACHINE = {
    "processor": "A <b>chip</b>",
    "blas": ["openblas"],
    "system": "Linux",
    "versions": {"numpy": "2.4"},
}
ARTEFACTS = {f"influence/tables/{i}.parquet": "a" * 64 for i in range(60)}
NUMBERS = {f"influence/tables/{i}.parquet#influence_neg_log_loss/mean": (i / 7, 1e-9) for i in range(60)}
MANIFEST = Manifest("small", "c0ffee", MACHINE, "0123abc", ARTEFACTS, [], NUMBERS)
RERUN = Rerun("c0ffee", "0123abc+", 75.0, 2, "results/verify/small.log")
MARKS = {
    name: {
        "title": "A rubric",
        "total": 20,
        "bonus": 1,
        "marks": [
            {
                "what": f"Line {i}, said at some length",
                "marks": 1,
                "bonus": i == 0,
                "number": "1.2",
                "met": i > 1,
            }
            for i in range(21)
        ],
    }
    for name in ("influence", "classifier")
}


def test_many_differences_stay_on_one_page(tmp_path):
    found = {name: value + 0.01 for name, (value, _) in NUMBERS.items()}
    comparison = compare(
        MANIFEST, dict.fromkeys(ARTEFACTS, "b" * 64), found, {**MACHINE, "processor": "Other"}
    )
    write_report(tmp_path / "verification", comparison, RERUN, MARKS, ["influence"], TEMPLATES)
    (page,) = PdfReader(tmp_path / "verification.pdf").pages
    text = " ".join(page.extract_text().split())
    assert "Not verified. 60 of 60 artefacts differ from the manifest, on another machine." in text
    assert "more, in results/verify/small.log" in text
    assert "19 of 20 marks, and 0 of 1 bonus mark" in text and "1 min 15" in text
    assert "4 lines of the rubrics not earned" in text


def test_what_machines_are_called_is_no_markup():
    numbers = {name: value for name, (value, _) in NUMBERS.items()}
    page = verification_page(compare(MANIFEST, ARTEFACTS, numbers, MACHINE), RERUN, {}, [], TEMPLATES, 5)
    assert "A &lt;b&gt;chip&lt;/b&gt;" in page and "<b>chip" not in page
    assert "Verified." in page and "What differs" not in page and "The marks" not in page
