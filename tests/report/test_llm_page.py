"""The language model's page and its part of the appendix: their words, from facts that the summary made."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pypdf import PdfReader

from inquest.artefacts import read_json, write_chapter, write_json
from inquest.config.llm import Llm
from inquest.report.document import render
from inquest.report.pdf import write_pdf
from inquest.report.plots.llm import by_label, who_is_right
from inquest.text.evaluation import wilson
from inquest.text.llm.summary import summarise_llm

REPORT = Path(__file__).parents[2] / "report"
HOSTILE = "<script>alert('boo')</script> & \"Söhne\""
TEXT = "an entertaining, colourful, action-filled crime story with a heart, but the last act drags on "
PROMPTS = [
    {"name": "plain", "user": "Is it {labels}?\n{text}"},
    {"name": "with examples", "user": "{text}", "examples": 2},
    {"name": "with criteria", "system": "Be just.", "user": "{text}"},
]
OWN = {"folder": "models/smol", "title": "Smol", "citation": "allal2025", "licence": "Apache-2.0"}
THERE = {"endpoint": "http://localhost:8000/v1", "name": "big/Big-8B"}
DOCUMENT = {
    "title": "What does a language model make of film reviews?",
    "subtitle": "",
    "authors": ["Ada Ahorn"],
    "course": "",
    "date": None,
    "chapters": ["llm"],
    "rubric": None,
    "statements": [],
    "paper": "A4",
    "pages": 6,
    "contents": False,
}
PROVENANCE = {
    "versions": {},
    "hardware": {
        "processor": "Invented CPU", "cores": 2, "memory_gib": 8.0, "system": "Linux 6", "python": "3.11.9",
    },
    "commit": None,
    "rules": [],
    "of": "this",
}  # fmt: skip
TIMINGS = {"seconds": 84.0, "texts": 1000, "seconds_per_text": 0.084, "requests": 0, "from_cache": 0}


def study(
    folder: Path,
    classes: tuple[str, ...] = ("negative", "positive"),
    model: dict[str, Any] = OWN,
    prompts: int = 3,
    unparsed: int = 0,
    drawn: int = 1000,
    right: float = 0.75,
    pair: bool = False,
    **timings: Any,
) -> dict[str, Any]:
    """Write the facts and tables of 1,000 test texts, and return the arguments of `render` for them.

    The classifier is wrong on the first 160 texts, the language model on a random share of all.
    """
    rng = np.random.default_rng(0)
    k, section = len(classes), Llm.model_validate({"model": model, "prompts": PROMPTS[:prompts]})
    gold = rng.integers(k, size=1000)
    predicted = np.where(np.arange(1000) < 160, (gold + 1) % k, gold)
    said = np.where(rng.random(1000) < right, gold, (gold + 1) % k)
    texts = pd.DataFrame(
        {
            "row": np.arange(1000),
            "id": [f"{i:012x}" for i in range(1000)],
            "text": [f"{i} {HOSTILE} {TEXT * 3}" for i in range(1000)],
            "label": [classes[code] for code in gold],
            "part": "test",
        }
    )
    texts = texts.assign(pair=TEXT) if pair else texts
    predictions = pd.DataFrame({"row": np.arange(1000), "part": "test", "predicted": predicted})
    for code, name in enumerate(classes):
        predictions[f"probability:{name}"] = np.where(predicted == code, 0.9, 0.1)
    silent = np.arange(1000) < unparsed
    labels = pd.DataFrame(
        {
            "row": np.arange(1000),
            "label": [None if silent[i] else classes[said[i]] for i in range(1000)],
            "answer": [HOSTILE if silent[i] else None for i in range(1000)],
            "cut": np.arange(1000) < 2,
        }
    ).head(drawn)
    tried = pd.concat(
        pd.DataFrame(
            {
                "prompt": one["name"],
                "row": np.arange(200),
                "gold": classes[0],
                "label": np.where((np.arange(200) + 60 * i) % 200 < 150 - 10 * i, classes[0], classes[1]),
            }
        )
        for i, one in enumerate(PROMPTS[:prompts])
    )
    asked = {
        "chosen": "plain",
        "scores": choose(tried),
        "messages": {
            one["name"]: [{"role": "system", "content": HOSTILE}, {"role": "user", "content": one["user"]}]
            for one in PROMPTS[:prompts]
        },
    }
    kind = next(kind for kind in ("folder", "endpoint") if kind in model)
    about = {"kind": kind, "place": model[kind], "member": None, "sha256": "ab" * 32, "bytes": 98}
    facts, tables = summarise_llm(
        texts=texts,
        texts_facts={"classes": list(classes), "positive": None, "counts": {"test": 1000}},
        predictions=predictions,
        labels=labels,
        prompts=tried,
        prompts_facts=asked,
        model=about | ({"parameters": {"total": 134_515_008}} if kind == "folder" else {}),
        options=section.model_dump(mode="json") | {"reason": f"It is small, and {HOSTILE}"},
        seed=1,
        bootstrap=200,
    )
    write_chapter(folder / "llm", facts | {"by_label": by_label(facts["classes"])}, tables)
    who_is_right(folder / "llm" / "figures" / "who_is_right.svg", tables["agreement"], facts["classes"])
    return {
        "document": DOCUMENT,
        "study": {"study": "films", "seed": 1, "text": {"pair": "second" if pair else None}},
        "chapters": {"llm": folder / "llm"},
        "rubric": None,
        "provenance": PROVENANCE | {"timings": {"llm": TIMINGS | timings}},
    }


def choose(tried: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the scores of the prompts, as the rule that chooses one writes them."""
    scores = []
    for name, own in tried.groupby("prompt", sort=False):
        right = int((own["label"] == own["gold"]).sum())
        low, high = wilson(right, len(own))
        counts = {"texts": len(own), "right": right, "unparsed": 0, "cut": 0}
        scores.append({"name": name, **counts, "accuracy": right / len(own), "low": low, "high": high})
    return scores


def typeset(arguments: dict[str, Any]) -> str:
    return render(**arguments, templates=REPORT, references=REPORT / "references.json")


def text_of(html: str) -> str:
    html = re.sub(r"<style>.*?</style>", "", html, flags=re.S)
    html = re.sub(r"<[^>]*>", "", re.sub("</(t[dh]|p|h.|figcaption|caption|pre)>", " ", html))
    return re.sub(r"\s+", " ", html.replace("\u00a0", " ").replace("&amp;", "&").replace("&lt;", "<"))


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Return the page of a study, as HTML and as facts; fonts, which take their time, are left out."""
    monkeypatch.setattr("inquest.report.document.font_faces", lambda text: "")

    def make(**keys: Any) -> tuple[str, dict[str, Any]]:
        html = typeset(study(tmp_path, **keys))
        return html, read_json(tmp_path / "llm" / "facts.json")

    return make


def share(found: dict[str, Any]) -> tuple[str, str, str]:
    return tuple(f"{100 * found[key]:.1f}%" for key in ("value", "low", "high"))


def test_the_answer_has_both_accuracies_and_the_classifier_s_errors(page):
    html, facts = page()
    answer = text_of(html.split('<div class="answer">')[1].split("</div>")[0])
    value, low, high = share(facts["accuracy"])
    right, of_wrong, *ends = facts["wrong"]["right"], *share(facts["wrong"])
    assert answer.strip() == (
        f"Asked for the label of 1,000 test texts, Smol is right on {value} (95 % interval {low} to {high}), "
        "the classifier on 84.0% of the same texts. Of the 160 texts that the classifier gets wrong, it is "
        f"right on {right}: {of_wrong} ({ends[0]} to {ends[1]})."
    )


def test_model_prompt_and_time(page):
    text = text_of(page()[0])
    assert (
        "Smol (Allal et al., 2025), 135 million parameters, is read from the folder models/smol (licence: "
        "Apache-2.0); it was not trained on these texts here."
    ) in text
    assert (
        "Of 3 prompts the one that does best on 200 validation texts was taken, plain with 75.0% (68.6% to "
        "80.5%); the others get 70.0% and 65.0%, and on other texts another might be the best. Appendix A "
        "has them word for word, and texts on which the two differ."
    ) in text
    assert "Its label is the one that it finds likeliest as an answer. 2 texts were too long for it" in text
    assert "A text took 84 ms." in text


def test_who_is_right(page):
    html, facts = page()
    text, right = text_of(html), facts["right"]
    same, kappa = facts["same"]["value"], facts["kappa"]
    assert (
        f"The two say the same of {100 * same:.1f}% of the texts. Cohen’s kappa (Cohen, 1960) is "
        f"{kappa['value']:.2f} ({kappa['low']:.2f} to {kappa['high']:.2f}), where 1 is full"
    ) in text
    assert (
        f"Both are right on {right['both']} texts, only the classifier on {right['only_classifier']}, only "
        f"the language model on {right['only_llm']}, neither on {right['neither']}."
    ) in text
    assert (
        f"Were both equally good, {right['only_classifier']} against {right['only_llm']}, or still less "
        "even, would have a probability of "
    ) in text
    assert facts["says"] in text


@pytest.mark.parametrize(("right", "shown"), [(0.75, r"\d\.\d × 10−\d"), (0.86, r"0\.\d{3} ")])
def test_a_tiny_probability_is_no_zero(page, right, shown):
    assert re.search(rf"a probability of {shown}", text_of(page(right=right)[0]))


def test_the_table(page):
    html, facts = page()
    table = text_of(html.split('id="tab-llm-accuracy"')[1].split("</table>")[0])
    (value, low, high), (of_wrong, *_) = share(facts["accuracy"]), share(facts["wrong"])
    row = f"Smol {value} [{low}, {high}] {of_wrong} [".replace("%", "")
    assert row in table and "the classifier 84.0 [81.6, 86.1] 0.0 100.0" in table
    assert f"label, {facts['majority']['label']}, would be right on" in text_of(html)


def test_one_prompt_alone(page):
    text = text_of(page(prompts=1)[0])
    assert (
        "Its one prompt, plain, is right on 75.0% (68.6% to 80.5%) of 200 validation texts; Appendix" in text
    )
    assert "the other gets 70.0%, and on other texts another might be" in text_of(page(prompts=2)[0])


def test_an_endpoint_with_answers_that_are_none(page):
    html, facts = page(model=THERE, unparsed=30, from_cache=400)
    text = text_of(html)
    assert "Big-8B is asked at http://localhost:8000/v1; it was" in text and "None" not in text
    assert "one, but for capitals and quotes; 30 of 1,000 are none, and count as wrong." in text
    assert "on average; 400 of them were kept from an earlier run." in text and "A text took" not in text
    assert facts["sources"] == [] and "This document uses no raw data." in text
    assert "and all are." in text_of(page(model=THERE)[0])


def test_drawn_texts(page):
    text = text_of(page(drawn=100)[0])
    assert "Accuracy on 100 test texts, drawn of 1,000, and on the 100 that the classifier gets wrong" in text
    assert "Smol" in text and "0.0 – " in text  # it is right on none of them


def test_many_labels_and_pairs(page):
    html, facts = page(classes=tuple(f"intent {i:02d}" for i in range(40)), pair=True, right=0.5)
    assert len(facts["examples"]) == 6 and "¶ an entertaining" in text_of(html)
    assert "and ¶ parts the two texts of a pair." in text_of(html)


def test_the_appendix_has_the_prompts_word_for_word(page):
    html, facts = page()
    part = html.split('id="appendix-llm"')[1].split("<h2")[0]
    assert re.findall(r'<p class="small-heading">(.*?)</p>', part) == [one["name"] for one in PROMPTS]
    assert part.count("<pre") == 3
    assert "user: Is it {labels}?\n{text}</pre>" in part
    assert "with examples 2 200 140 0 70.0 [63.3, 75.9] no" in text_of(part)
    assert (
        part.count('<td class="left">classifier</td>')
        == part.count('<td class="left">language model</td>')
        == 3
    )
    assert facts["examples"][0]["text"] not in text_of(part) and "…" in part


def test_text_from_data_prompts_and_answers_is_shown_not_run(page):
    html, _ = page(model=THERE, unparsed=900)
    assert "<script" not in html
    # three texts that only the classifier gets right, the answers to them, three prompts, the reason
    assert html.count("&lt;script&gt;alert(") == 3 + 3 + 3 + 1 and "&amp;lt;" not in html


def test_a_labeller_that_never_differs(page, tmp_path):
    arguments = study(tmp_path)
    path = tmp_path / "llm" / "facts.json"
    facts = read_json(path)
    share = facts["wrong"] | {"texts": 0, "right": 0, "value": None, "low": None, "high": None}
    facts |= {"wrong": share, "examples": [], "kappa": {"value": None, "low": None, "high": None}}
    facts["right"] |= {"only_classifier": 0, "only_llm": 0}
    write_json(path, facts)
    text = text_of(typeset(arguments))
    assert "Both give every text one and the same label." in text and "McNemar" not in text
    assert "Of the 0 texts" not in text and "only one of the two is right" not in text


def test_the_chapter_takes_little_room(tmp_path):
    """Title, chapter and references are on one page: the whole report must stay within six."""
    write_pdf(typeset(study(tmp_path, unparsed=30)), tmp_path / "x.pdf", most=1)
    pages = [" ".join(page.extract_text().split()) for page in PdfReader(tmp_path / "x.pdf").pages]
    assert "1 A language model" in pages[0] and "References Allal" in pages[0]
