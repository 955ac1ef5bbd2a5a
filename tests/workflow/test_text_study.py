"""A whole tiny study of texts: what comes out, what a change reruns, what a break leaves."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

REPO = Path(__file__).resolve().parents[2]
REPORT = {"provenance", "html", "pdf"}
DESCRIBED = {"describe_classifier"} | REPORT
ERRORS = {"represent_texts", "explain_errors", "make_sheet", "read_annotations", "project_errors", "draw_map"}
RETRAINED = {"fine_tune", "classify", "describe_llm", "describe_errors"} | ERRORS | DESCRIBED


def facts(workflow, name="classifier/facts.json"):
    return json.loads((workflow.folder / "results" / "tiny-texts" / name).read_text())


def test_the_report_is_a_pdf_and_a_page(texts_workflow):
    results = texts_workflow.folder / "results" / "tiny-texts"
    assert (results / "classifier.pdf").read_bytes().startswith(b"%PDF-")
    page = (results / "classifier.html").read_text()
    for word in ("Tiny texts", "Tiny BERT", "Negated texts are harder", "TF-IDF"):
        assert word in page


def test_the_accuracy_in_the_report_is_that_of_the_predictions(texts_workflow):
    table = pd.read_parquet(texts_workflow.folder / "results/tiny-texts/classifier/predictions.parquet")
    test = table[table["part"] == "test"]
    right = test["label"] == test["predicted"]
    found = facts(texts_workflow)
    assert found["test"]["accuracy"]["value"] == pytest.approx(right.mean(), abs=1e-12)
    assert found["errors"]["count"] == (~right).sum() and found["errors"]["of"] == len(test) == 40
    probabilities = test[["probability:negative", "probability:positive"]].to_numpy()
    assert np.array_equal(probabilities.argmax(axis=1), test["predicted"])


def test_the_saved_model_says_what_the_table_says(texts_workflow):
    from inquest.text.finetune import classify

    root = texts_workflow.folder / "results" / "tiny-texts"
    texts = pd.read_parquet(root / "text" / "texts.parquet")
    judged = texts[texts["part"] != "train"].reset_index(drop=True)
    table, _ = classify(root / "classifier" / "model", judged, 16, 32, 1)
    pd.testing.assert_frame_equal(table, pd.read_parquet(root / "classifier" / "predictions.parquet"))


def test_the_page_on_texts_shows_how_to_use_it(texts_workflow, capsys):
    page = (REPO / "docs" / "your-own-texts.md").read_text()
    (program,) = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    model = texts_workflow.folder / "results/tiny-texts/classifier/model"
    exec(compile(program.replace("results/default/classifier/model", str(model)), "page", "exec"), {})
    first, second = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"(negative|positive) \((0\.[5-9]\d|1\.00)\): A film that .*", first)
    assert second.startswith("positive (")


def test_no_pickle_and_no_checkpoint_stays(texts_workflow):
    root = texts_workflow.folder / "results" / "tiny-texts"
    assert not [path for path in root.rglob("*") if path.suffix in (".pt", ".pth", ".bin", ".pkl")]
    assert not (root / "classifier" / "checkpoints").exists()
    assert list((root / "timings" / "tracking").rglob("events.out.tfevents.*"))


def test_a_second_run_does_nothing(texts_workflow):
    assert texts_workflow.planned() == {}


def edit(*keys, value):
    def change(config):
        for key in keys[:-1]:
            config = config[key]
        config[keys[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        (edit("documents", "classifier", "title", value="Another"), {"html", "pdf"}),
        (edit("classifier", "reason", value="Another."), DESCRIBED),
        (edit("classifier", "bins", value=5), DESCRIBED),
        (edit("text", "about", value="Another."), {"describe_text"} | REPORT),
        (edit("classifier", "training", "learning_rate", value=1e-3), RETRAINED),
        (edit("classifier", "max_length", value=12), RETRAINED),
    ],
    ids=["title", "reason", "bins", "about", "learning_rate", "max_length"],
)
def test_a_changed_key_reruns_what_it_concerns(texts_workflow, change, rules):
    assert set(texts_workflow.planned(config=texts_workflow.config(change))) == rules


def test_a_run_that_was_cut_in_an_epoch_goes_on_and_ends_with_the_same_bytes(texts_workflow, fresh_texts):
    """The disk is full at the second checkpoint: one line; the next run goes on from the first."""
    (fresh_texts.folder / "full").mkdir()
    (fresh_texts.folder / "full" / "sitecustomize.py").write_text(
        """
import builtins, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "inquest.text.trainer":
            sys.meta_path.remove(self)
            import torch
            save = torch.save
            def full(content, path, *arguments, **options):
                if "checkpoint-16" in str(path):
                    raise OSError(28, "No space left on device")
                return save(content, path, *arguments, **options)
            torch.save = full
        return None
sys.meta_path.insert(0, Finder())
"""
    )
    done = fresh_texts.run(environment={"PYTHONPATH": str(fresh_texts.folder / "full")})
    screen = done.stdout + done.stderr
    assert done.returncode == 1, screen[-2000:]
    assert "the checkpoint can't be written ([Errno 28] No space left on device)" in screen
    assert "goes on from checkpoint-8" in screen
    kept = list((fresh_texts.folder / "results/tiny-texts/classifier/checkpoints").rglob("checkpoint-*"))
    assert [path.name for path in kept] == ["checkpoint-8"]

    done = fresh_texts.run(cores=1)
    assert done.returncode == 0, done.stderr[-2000:]
    resumed = fresh_texts.folder / "results/tiny-texts/timings/classifier/fine_tune.json"
    assert json.loads(resumed.read_text())["resumed"]
    before, after = texts_workflow.artefacts(), fresh_texts.artefacts()
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] != after[name]] == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (edit("text", "text", value="sentense"), "has no column 'sentense' (did you mean `sentence`?)"),
        (edit("text", "label", value="ratings"), "has no column 'ratings' (did you mean `rating`?)"),
        (edit("text", "split", "train", value=6000), "config key `text.split.train`: 6,000 texts, where"),
        (edit("text", "sources", value=[{"file": "text.csv"}]), "(did you mean `texts.csv`?)"),
        (edit("classifier", "encoder", value={"folder": "tiny"}), "config key `classifier.encoder.folder`"),
        (
            edit("classifier", "published", value={"dataset": "sst3", "justification": "."}),
            "(did you mean `sst2`?)",
        ),
    ],
    ids=["text", "label", "train", "file", "folder", "published"],
)
def test_mistakes_about_texts_are_one_line(fresh_texts, change, expected):
    done = fresh_texts.run("results/tiny-texts/text/texts.parquet", config=fresh_texts.config(change))
    assert expected in fresh_texts.complaint(done)


def test_mistakes_about_the_encoder_are_one_line(fresh_texts):
    """What is right stays: mending the folder goes on from there."""
    weights = fresh_texts.folder / "tiny-bert" / "model.safetensors"
    sound, target = weights.read_bytes(), "results/tiny-texts/classifier/history.json"
    weights.write_bytes(b"no weights")
    assert "tiny-texts/classifier/encoder`: it can't be loaded" in fresh_texts.complaint(
        fresh_texts.run(target)
    )
    weights.write_bytes(sound)
    too_long = fresh_texts.config(edit("classifier", "max_length", value=64))
    says = fresh_texts.complaint(fresh_texts.run(target, config=too_long))
    assert "config key `classifier.max_length`: found 64; the encoder reads 32 tokens at most" in says
    assert set(fresh_texts.planned(target)) == {"fine_tune"}


def test_pages_have_no_barrier_that_a_checker_finds(texts_workflow, barriers):
    pages = sorted((texts_workflow.folder / "results" / texts_workflow.study).glob("*.html"))
    assert {page.name for page in pages} >= set(["classifier.html", "error-map.html"])
    assert {page.name: found for page in pages if (found := barriers(page))} == {}
