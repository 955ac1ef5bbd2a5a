"""The names of files that are handed in, whatever the config says."""

from __future__ import annotations

import datetime
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inquest.config import load_study
from inquest.config.file_names import LONGEST_NAME
from inquest.errors import InquestError

PATTERN = "{course}-{assignment}-{first}-{last}.pdf"


def study(bundle=None, **document):
    about = {"title": "T", "chapters": ["data"], "course": "ML 101", "assignment": "A2"} | document
    source = {"title": "D", "sources": [{"file": "a.csv"}], "label": "y"}
    config = {"study": "s", "seed": 1, "documents": {"report": about}, "data": source, "bundle": bundle}
    return load_study(config, chapters=["data"])


def name(**document):
    return study(**document).file_names()["report"]


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        ("Ada Lovelace", "ML_101-A2-Ada-Lovelace.pdf"),
        ("  Ada   Lovelace ", "ML_101-A2-Ada-Lovelace.pdf"),
        ("Plato", "ML_101-A2-Plato.pdf"),  # of one name: no first, and no gap for it
        ("José María O’Brien", "ML_101-A2-José_María-OBrien.pdf"),
        ("李明", "ML_101-A2-李明.pdf"),
        ("Zoe\u0301 Q", "ML_101-A2-Zo\u00e9-Q.pdf"),
        ("Ada \U0001f389 Love\U0001f389", "ML_101-A2-Ada-Love.pdf"),
        ("../../etc/passwd", "ML_101-A2-etc_passwd.pdf"),
        ("a/b c\\d:e|f", "ML_101-A2-a_b-c_d_ef.pdf"),
        ("\u202egnp.exe X", "ML_101-A2-gnp.exe-X.pdf"),
        ("-rf --x", "ML_101-A2-rf-x.pdf"),
        (
            {"name": "Gabriel García Márquez", "last": "García Márquez"},
            "ML_101-A2-Gabriel-García_Márquez.pdf",
        ),
        ({"name": "Mao Zedong", "last": "Mao"}, "ML_101-A2-Zedong-Mao.pdf"),
        ("x" * 300 + " y", f"ML_101-A2-{'x' * 60}-y.pdf"),
    ],
)
def test_names_of_people_in_names_of_files(author, expected):
    assert name(file=PATTERN, authors=[author]) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (None, "report.pdf"),
        ("{last}-{first}.pdf", "Plato.pdf"),
        ("{names}.PDF", "Plato-Lovelace.pdf"),
        ("{study} {document}, {date}.pdf", "s_report_2024-03-01.pdf"),
        ("{title}.pdf", "_".join(["Why"] * 15) + ".pdf"),
        ("..{last}...pdf", "Plato.pdf"),
    ],
)
def test_patterns(pattern, expected):
    given_date = datetime.date(2024, 3, 1)
    assert (
        name(file=pattern, authors=["Plato", "Ada Lovelace"], title="Why? " * 60, date=given_date) == expected
    )


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"authors": []}, "there is nothing for {first}; fill in `authors`"),
        ({"authors": ["A B"], "course": " "}, "there is nothing for {course}; fill in `course`"),
        ({"authors": ["\U0001f389"]}, "a letter or a digit is needed"),
        ({"authors": ["A B"], "file": "{title}" * 4 + ".pdf", "title": "漢" * 60}, "up to 180 are allowed"),
    ],
)
def test_what_makes_no_name_is_told(document, says):
    with pytest.raises(InquestError) as caught:
        study(**({"file": PATTERN} | document))
    assert str(caught.value).startswith("config key `documents.report.file`: ") and says in str(caught.value)


def test_the_archive_is_named_as_the_document_unless_it_has_a_pattern_of_its_own():
    assert study().bundle_name() == "s.zip"
    assert study(file=PATTERN, authors=["Ada Lovelace"]).bundle_name() == "ML_101-A2-Ada-Lovelace.zip"
    assert study(bundle="{course}.zip").bundle_name() == "ML_101.zip"


@given(st.text(min_size=1), st.text())
def test_a_name_stays_in_its_folder_whoever_wrote_it(author, course):
    try:
        made = name(file="{course}-{first}-{last}.pdf", authors=[author], course=course)
    except InquestError as error:
        assert "\n" not in str(error)
        return
    assert made == unicodedata.normalize("NFC", made) and made.isprintable()
    assert not set(made) & set('/\\:*?"<>|{} ') and ".." not in made
    assert made[0] not in ".-" and made.endswith(".pdf") and len(made.encode()) <= LONGEST_NAME
