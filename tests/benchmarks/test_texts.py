"""The text classifier's part with a tiny encoder: loops, what is counted, whether weights are equal."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from transformers import Trainer

from inquest.artefacts import read_json, write_json
from inquest.config.classifier import TextClassifier

SHORT, LONG = "the film is good", "the film is not a very clever idea"


@pytest.fixture
def contest(bench, tiny_encoder):
    """Twelve texts of 6 tokens and twelve of 10, special ones counted, in batches of 4; two epochs."""
    size = 24
    columns = {
        "row": list(range(size)),
        "text": [LONG if i % 3 == 1 or i % 6 == 2 else SHORT for i in range(size)],
        "label": [["negative", "positive"][i % 2] for i in range(size)],
        "part": ["train"] * size,
    }
    section = TextClassifier(max_length=16).model_dump(mode="json", by_alias=True)
    options = bench.texts.settings(section, batch_size=4, threads=1, learning_rate=1e-3)
    return bench.tuning.Tuning(str(tiny_encoder), columns, ["negative", "positive"], options, 3)


@pytest.fixture(autouse=True)
def deterministic():
    """Leave PyTorch as it was: the stock Trainer runs without deterministic algorithms."""
    before = torch.are_deterministic_algorithms_enabled()
    yield
    torch.use_deterministic_algorithms(before, warn_only=True)


def usual(contest, padding, sampling):
    return replace(contest, usual={"padding": padding, "sampling": sampling})


def test_processes_of_their_own_end_with_the_same_weights(bench, contest):
    same = replace(bench.texts.LOOPS[1], runs=1)
    assert same.same and same.at_least == 0.97
    ours, stock = bench.texts.compete(contest, [same], 1)
    assert stock["equal"] is True
    assert stock["ratio"] == stock["seconds"] / ours["seconds"] > 0
    for loop in (ours, stock):
        assert loop["steps"] == 2 * 24 / 4 and loop["times"] == [loop["seconds"]]
        assert loop["per_second"] * loop["seconds"] == pytest.approx(48)
        assert loop["peak_mib"] > 100


def test_other_batches_or_another_seed_give_other_weights(bench, contest):
    def unsorted(contest, tuning, *arguments, group_by_length, **options):
        tuning.sets["train"].lengths = [1] * 24  # no text is longer than another
        return bench.loop_same.build(contest, tuning, *arguments, group_by_length=group_by_length, **options)

    ours = bench.loop.train(contest, bench.loop_ours.build)
    stock = bench.loop.train(contest, bench.loop_same.build)
    assert bench.texts.same_weights([ours, stock, ours])
    assert not bench.texts.same_weights([ours, bench.loop.train(contest, unsorted)])
    other = bench.loop.train(replace(contest, seed=4), bench.loop_same.build)
    assert not bench.texts.same_weights([ours, stock, other])


def test_a_digest_sees_the_smallest_change(bench):
    model = torch.nn.Linear(3, 2)
    before = bench.loop.digest(model)
    assert bench.loop.digest(model) == before
    with torch.no_grad():
        model.weight[1, 2] = torch.nextafter(model.weight[1, 2], torch.tensor(torch.inf))
    assert bench.loop.digest(model) != before


def test_padding_is_counted_by_batch(bench, contest):
    """Texts of 6 and 10 tokens: none is padded where like stands by like, half of 16 is text otherwise."""
    assert bench.loop.train(contest, bench.loop_ours.build)["padding"] == 0
    padded = bench.loop.train(usual(contest, "max_length", "random"), bench.loop_stock.build)
    assert padded["padding"] == pytest.approx(0.5) and padded["steps"] == 12
    grouped = bench.loop.train(usual(contest, "longest", "group_by_length"), bench.loop_stock.build)
    assert grouped["padding"] < 0.2


def test_the_stock_trainer_trains_as_it_usually_does(bench, contest):
    seen = []

    def build(*arguments, **options):
        seen.append(bench.loop_stock.build(*arguments, **options))
        return seen[0]

    bench.loop.train(usual(contest, "longest", "random"), build)
    (trainer,) = seen
    assert type(trainer) is Trainer and not torch.are_deterministic_algorithms_enabled()
    assert str(trainer.args.optim.value) == "adamw_torch_fused"
    rates = {group["weight_decay"] for group in trainer.optimizer.optimizer.param_groups}
    assert rates == {0.0, contest.options["training"]["weight_decay"]}
    assert not any(name.startswith("eval") for line in trainer.state.log_history for name in line)


def test_a_rehearsal_is_one_batch_of_one_epoch(bench, contest, tmp_path):
    short = contest.rehearsal()
    assert short.texts["row"] == [0, 1, 2, 3] and short.seen == 4 and contest.seen == 48
    contest.write(tmp_path / "contest.json")
    assert bench.tuning.Tuning.read(tmp_path / "contest.json") == contest


def answers(*seconds, weights):
    return [
        {"seconds": s, "peak_mib": 900 + s, "padding": 0.25, "steps": 12, "weights": weights} for s in seconds
    ]


def test_ratios_are_of_medians_and_one_odd_run_is_seen(bench, contest, monkeypatch):
    ours = answers(4, 2, 3, weights="a")
    odd = [*answers(3, 6, weights="a"), *answers(9, weights="b")]
    monkeypatch.setattr(bench.texts, "heats", lambda entries: [ours, answers(5, weights="c"), odd, odd])
    found = bench.texts.compete(contest, bench.texts.LOOPS, 3)
    assert [loop["seconds"] for loop in found] == [3, 5, 6, 6]
    assert [loop.get("ratio") for loop in found] == [None, pytest.approx(5 / 3), 2, 2]
    assert [loop.get("equal") for loop in found] == [None, None, False, None]
    assert [loop["peak_mib"] for loop in found] == [904, 905, 909, 909]
    assert found[0]["per_second"] == 16


def test_the_page_prints_the_facts(bench, contest, monkeypatch, tmp_path):
    given = [
        answers(3, weights="a"),
        answers(4, weights="b"),
        answers(2.7, weights="a"),
        answers(6, weights="c"),
    ]
    monkeypatch.setattr(bench.texts, "heats", lambda entries: given)
    facts = {
        "machine": dict.fromkeys(("processor", "cores", "memory_gib", "system", "python"), "x"),
        "versions": {"torch": "2"},
        **{"encoder": "E", "data": "D", "epochs": 2, "texts": 24, "max_length": 16},
        **{"batch_size": 4, "threads": 1, "loops": bench.texts.compete(contest, bench.texts.LOOPS, 1)},
    }
    bench.results.write(tmp_path, {"text": facts})
    text = (tmp_path / "results.md").read_text()
    assert "| inquest | 3 | 16 | 25% | 903 | – | – | – | – |" in text
    assert "padded to the limit | 4 | 12 | 25% | 904 | **1.33** | 1.5 | **no** | – |" in text
    assert "on our batches | 2.7 | 17.8 | 25% | 903 | **0.90** | 0.97 | **no** | equal, bit for bit |" in text
    assert "grouping by length | 6 | 8 | 25% | 906 | **2.00** | – | – | – |" in text
    assert "E on 2 × 24 texts (D) of 16 tokens at most, in batches of 4" in text
    assert json.loads((tmp_path / "results.json").read_text()) == {"text": facts}
    given[2] = answers(2.7, weights="d")
    facts["loops"] = bench.texts.compete(contest, bench.texts.LOOPS, 1)
    assert "| 0.97 | **no** | **different** |" in bench.results.page({"text": facts})


def test_one_part_is_renewed_alone(bench, monkeypatch, tmp_path):
    results = tmp_path / "build" / "benchmarks" / "results.json"
    write_json(results, {"learners": {"cases": [1]}, "text": {"loops": ["old"]}, "forgotten": 0})
    new = {"text": lambda quick: {"loops": ["new"], "quick": quick}, "learners": None}
    monkeypatch.setattr(bench.run, "PARTS", new)
    monkeypatch.setattr(bench.run, "ROOT", tmp_path)
    monkeypatch.setattr(bench.run, "hardware", lambda: {"cores": 2})
    monkeypatch.setattr(bench.run, "write", lambda folder, facts: write_json(folder / "results.json", facts))
    monkeypatch.setattr("sys.argv", ["run", "--quick", "--part", "text"])
    bench.run.main()
    assert read_json(results) == {
        "learners": {"cases": [1]},
        "text": {"machine": {"cores": 2}, "loops": ["new"], "quick": True},
    }


def test_the_full_run_takes_texts_and_settings_of_the_default_study(bench, monkeypatch, tmp_path):
    """Its raw file has a number, the rating and the text: the rating's sign is the label."""

    def fetch(source, downloads, path):
        lines = [f"{i}\t{1 if i % 2 else -1}.5\ttext {i}" for i in range(4000)]
        path.write_text("\n".join(lines))
        return {"filename": source["member"]}

    monkeypatch.setattr(bench.texts, "fetch", fetch)
    monkeypatch.setattr(bench.texts, "fetch_folder", lambda source, downloads, path: path.mkdir())
    contest, about = bench.texts.movies(tmp_path)
    texts = contest.texts
    assert len(set(texts["row"])) == 200 and set(texts["part"]) == {"train"}
    named = {f"text {row}": ["negative", "positive"][row % 2] for row in texts["row"]}
    assert dict(zip(texts["text"], texts["label"], strict=True)) == named
    training = contest.options["training"]
    assert (training["epochs"], training["batch_size"], contest.threads, contest.seen) == (2, 16, 2, 400)
    assert (training["tracker"], contest.options["max_length"]) == ("none", 64)
    assert about == {"encoder": "all-MiniLM-L6-v2", "data": "Movie-review sentences"}
    assert (tmp_path / "encoder").is_dir() and contest.encoder == str(tmp_path / "encoder")
