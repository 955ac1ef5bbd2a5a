"""An invented study of two chapters, drawn and written with the same words as the real ones."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from inquest.artefacts import write_figure, write_json, write_table
from inquest.report.document import render
from inquest.report.figures import (
    INK,
    LABELS,
    METHOD,
    RULE,
    SIGN,
    SOFT,
    classifier_lines,
    figure,
    label_colours,
)

HERE = Path(__file__).parent
REPORT = HERE.parents[1] / "report"
HOSTILE = "<script>alert('boo')</script> & \"Söhne\""

DOCUMENT = {
    "title": "Which orchard rows make the model",
    "subtitle": "Data influence on an invented census of apple trees",
    "authors": ["Ada Ahorn", "Béla Birke"],
    "course": "Statistics 101, assignment 2",
    "date": "22 November 2026",
    "chapters": ["data", "influence"],
    "rubric": "data-influence",
    "statements": [
        {
            "title": "Who contributed what",
            "text": f"Ada wrote *everything*; Béla ate the apples.\n\n- one\n- two\n\n{HOSTILE}",
        },
        {"title": "Use of generative AI", "text": "None was used."},
    ],
    "paper": "A4",
}
STUDY = {
    "study": "orchard",
    "seed": 7,
    "documents": {"influence": DOCUMENT},
    "data": {"title": "Orchard", "sources": [{"file": "trees.csv", "sha256": "ab" * 32}], "label": "ripe"},
    "influence": {
        "groups": [{"name": f"random {i}0 %", "kind": "random", "fraction": i / 10} for i in range(1, 11)]
    },
    "shapley": {"permutations": 10, "tolerance": 0.0},
}
PROVENANCE = {
    "versions": {f"package-{i}": f"1.{i}.0" for i in range(22)},
    "hardware": {
        "processor": "Invented CPU",
        "cores": 2,
        "memory_gib": 8.0,
        "system": "Linux 6",
        "python": "3.11.9",
    },
    "commit": "0123456789abcdef0123456789abcdef01234567",
    "rules": [
        {"rule": "download", "jobs": 1, "seconds": 2.25, "max_rss_mib": 81.0},
        {"rule": "leave_one_out", "jobs": 10, "seconds": 61.5, "max_rss_mib": None},
    ],
    "timings": {},
    "of": "this",
}


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Path:
    """A folder with the sample's templates and results."""
    folder = tmp_path_factory.mktemp("orchard")
    (folder / "report" / "chapters").mkdir(parents=True)
    for name in ("document.html.j2", "title.html.j2", "appendix.html.j2", "code.html.j2", "style.css"):
        shutil.copy(REPORT / name, folder / "report" / name)
    for name, draw in (("data", _data), ("influence", _influence)):
        shutil.copy(HERE / "chapters" / f"{name}.html.j2", folder / "report" / "chapters")
        draw(folder / "results" / name)
    return folder


def _arguments(folder: Path) -> dict[str, Any]:
    return {
        "document": DOCUMENT,
        "study": STUDY,
        "chapters": {name: folder / "results" / name for name in DOCUMENT["chapters"]},
        "templates": folder / "report",
        "references": REPORT / "references.json",
        "rubric": REPORT / "rubrics" / "data-influence.yaml",
        "provenance": PROVENANCE,
    }


@pytest.fixture(scope="session")
def page(built) -> str:
    """The sample as HTML."""
    return render(**_arguments(built))


@pytest.fixture
def arguments(built, tmp_path) -> dict[str, Any]:
    """The arguments of `render` for a copy of the sample that a test may spoil."""
    shutil.copytree(built, tmp_path / "orchard")
    return _arguments(tmp_path / "orchard")


@pytest.fixture
def chapter(arguments, monkeypatch):
    """A function that renders a document of one chapter with a template, and returns the chapter."""

    monkeypatch.setattr("inquest.report.document.font_faces", lambda text: "")  # they take their time

    def fill(template: str, **changes: Any) -> str:
        path = arguments["templates"] / "chapters" / "data.html.j2"
        path.write_text('{{ chapter("A") }}' + template, encoding="utf-8")
        only = {
            "document": DOCUMENT | {"chapters": ["data"], "statements": []},
            "chapters": {"data": arguments["chapters"]["data"]},
            "rubric": None,
        }
        html = render(**(arguments | only | changes))
        return html.split('<section class="chapter">')[1].split("</section>")[0]

    return fill


def _data(folder: Path) -> None:
    source = {
        "kind": "file", "place": "trees.csv", "member": None, "sha256": "ab" * 32, "bytes": 3974305,
        "licence": "CC BY 4.0", "citation": "becker1996",
    }  # fmt: skip
    write_json(
        folder / "facts.json",
        {
            "headline": [
                {"label": "trees in the census, of which 10,000 take part", "value": 32561},
                {"label": "features, five of them numeric", "value": 14},
                {"label": "accuracy of the chosen classifier on 2,000 test rows", "value": "85.3%"},
                {"label": "group that the model would miss most", "value": "old trees"},
            ],
            "rows": {"raw": 32561, "sampled": 10000},
            "features": {"count": 14},
            "label": {"classes": ["ripe", "unripe"]},
            "split": {"method": "stratified", "train": 8000, "test": 2000},
            "sources": [source],
            "hostile": HOSTILE,
            "nothing": None,
            "values": [1, 2, 3],
        },
    )
    rng = np.random.default_rng(1)
    write_table(
        folder / "tables" / "features.parquet",
        pd.DataFrame(
            {
                "name": ["height", "age", "site", "owner", "sugar content", "distance to the nearest road"],
                "kind": ["numeric", "numeric", "categorical", "categorical", "numeric", "numeric"],
                "missing": [0, 12, 1836, 0, 3, 0],
                "share": [0.0, 0.0012, 0.1836, 0.0, 0.0003, 0.0],
                "mean": [3.412, 27.1, np.nan, np.nan, -0.0004, 1210.5],
                "about": [
                    "metres",
                    "years since planting",
                    "one of nine slopes",
                    HOSTILE,
                    "degrees Brix",
                    "metres",
                ],
            }
        ),
    )
    write_table(
        folder / "tables" / "long.parquet",
        pd.DataFrame(
            {
                "row": np.arange(60) * 137,
                "site": [f"slope {i % 9}" for i in range(60)],
                "value": rng.normal(0, 0.002, 60),
                "low": rng.normal(-0.004, 0.0002, 60),
                "high": rng.normal(0.004, 0.0002, 60),
                "seconds": rng.gamma(2, 3, 60),
            }
        ),
    )
    colours = label_colours(["ripe", "unripe"])
    with figure("full", 2.6) as (fig, axes):
        for name, mean in (("ripe", 24.0), ("unripe", 33.0)):
            axes.hist(rng.normal(mean, 8, 2000), bins=40, alpha=0.85, color=colours[name], label=name)
        axes.set(xlabel="Age (years)", ylabel="Trees")
        axes.legend()
        write_figure(folder / "figures" / "ages.svg", fig)
    with figure("column", 2.7) as (fig, axes):
        axes.imshow([[1420, 93], [201, 286]], cmap="Greys", vmax=3000)
        for i, line in enumerate([[1420, 93], [201, 286]]):
            for j, n in enumerate(line):
                axes.text(j, i, f"{n:,}", ha="center", va="center")
        axes.set(xticks=[0, 1], yticks=[0, 1], xlabel="Predicted", ylabel="True")
        axes.set_xticklabels(["ripe", "unripe"])
        axes.set_yticklabels(["ripe", "unripe"])
        axes.grid(False)
        write_figure(folder / "figures" / "confusion.svg", fig)
    names = ["dummy", "logistic regression", "forest", "k-NN", "XGBoost"]
    with figure("wide", 2.7, columns=3) as (fig, axes):
        x = np.linspace(0, 1, 60)
        for panel, title in zip(axes, ["ROC", "Precision and recall", "Calibration"], strict=True):
            for i, (name, line) in enumerate(classifier_lines(names, "XGBoost").items()):
                panel.plot(x, x ** (1 / (1 + i)), label=name, **line)
            panel.set(title=title, xlabel="False positive rate", ylabel="True positive rate")
        axes[0].legend(loc="lower right")
        write_figure(folder / "figures" / "curves.svg", fig)


def _influence(folder: Path) -> None:
    rng = np.random.default_rng(2)
    write_json(
        folder / "facts.json",
        {
            "points": {"count": 10, "exact": True, "mean": -0.00012},
            "unusual": {"count": 5},
            "groups": {"count": 10, "sizes": 9},
        },
    )
    points = pd.DataFrame(
        {
            "row": rng.choice(8000, 10, replace=False),
            "age": rng.integers(1, 80, 10),
            "label": rng.choice(["ripe", "unripe"], 10),
            "probability": rng.uniform(0, 1, 10),
            "influence": rng.choice([-0.001, -0.0005, 0, 0.0005, 0.0015], 10),
            "loss": rng.gamma(1, 0.5, 10),
            "exact": True,
        }
    )
    write_table(folder / "tables" / "points.parquet", points)
    with figure("full", 2.5) as (fig, axes):
        order = points.sort_values("influence")["influence"].to_numpy() * 1000
        colours = [SIGN["helps"] if v > 0 else SIGN["hurts"] for v in order]
        axes.barh(np.arange(10), order, color=colours, height=0.6)
        axes.axvline(0, color=INK, lw=0.8)
        axes.set(xlabel="Influence on accuracy (thousandths)", yticks=np.arange(10))
        axes.set_yticklabels([f"row {r}" for r in points["row"]])
        axes.grid(axis="x", color=RULE)
        write_figure(folder / "figures" / "points.svg", fig)
    with figure("full", 2.9) as (fig, axes):
        size = np.linspace(0.1, 0.9, 9)
        axes.fill_between(size, size**3 * 0.03, size**3 * 0.09, color=METHOD["group"], alpha=0.2, lw=0)
        axes.plot(size, size**3 * 0.06, color=METHOD["group"], marker="o", label="random groups")
        axes.annotate("old trees", (0.31, 0.045), xytext=(4, 4), textcoords="offset points")
        axes.plot(0.31, 0.045, "D", color=INK)
        axes.set(xlabel="Share of the training rows left out", ylabel=r"Influence $U(N) - U(N \setminus S)$")
        axes.legend(loc="upper left")
        write_figure(folder / "figures" / "sizes.svg", fig)
    with figure("wide", 3.2, columns=2, width_ratios=[3, 2]) as (fig, axes):
        loo, values = rng.normal(0, 1, 200), rng.normal(0, 1, 200)
        for i in range(2):
            axes[0].scatter(loo[i::2], values[i::2], s=12, color=LABELS[i], label=f"class {i}")
        axes[0].set(xlabel="LOO", ylabel="Shapley value")
        axes[0].legend(loc="lower right")
        axes[1].hist(values, bins=25, color=METHOD["shapley"])
        axes[1].set(xlabel="Shapley value", ylabel="Rows")
        axes[1].axvline(0, color=SOFT, lw=0.8)
        write_figure(folder / "figures" / "values.svg", fig)
