"""The figure of the language model's chapter: who is right on how many texts."""

import pandas as pd
import pytest

from inquest.report.plots.llm import MOST, outcomes, who_is_right

AGREEMENT = pd.DataFrame(
    [
        ("bad", "bad", "bad", 1278),
        ("bad", "bad", "good", 154),
        ("bad", "good", "bad", 30),
        ("bad", "good", "good", 40),
        ("bad", "good", None, 2),  # an answer that is no label is wrong
        ("good", "good", None, 51),
        ("good", "bad", "good", 56),
    ],
    columns=["gold", "classifier", "llm", "texts"],
)


def test_every_text_is_counted_once():
    found = outcomes(AGREEMENT)
    assert found.tolist() == [1278, 154 + 51, 30 + 56, 42]
    assert found.sum() == AGREEMENT["texts"].sum()
    for kind in ("category", "string"):
        assert outcomes(AGREEMENT.astype({"llm": kind})).tolist() == found.tolist()
    assert outcomes(AGREEMENT[AGREEMENT["llm"].isna()]).tolist() == [0, 51, 0, 2]


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """Return the words of the figure, and how long each bar is for each outcome."""

    def draw(agreement, classes):
        kept = {}

        def keep(path, fig):
            kept["fig"] = fig

        monkeypatch.setattr("inquest.report.plots.llm.write_figure", keep)
        who_is_right(tmp_path / "f.svg", agreement, classes)
        (ax,) = kept["fig"].axes
        bars = {bar.get_label(): [piece.get_width() for piece in bar] for bar in ax.containers}
        names = [label.get_text() for label in ax.get_yticklabels()]
        return names, pd.DataFrame(bars, index=names), [text.get_text() for text in ax.texts]

    return draw


def test_bars_are_shares_of_all_and_of_each_label(drawn):
    names, bars, numbers = drawn(AGREEMENT, ["bad", "good"])
    assert names == ["all texts", "bad", "good"]
    assert bars.sum(axis=1).tolist() == pytest.approx([1, 1, 1])
    assert bars.loc["good", "only the classifier"] == pytest.approx(51 / 107)
    assert bars.loc["bad", "both right"] == pytest.approx(1278 / 1504)
    assert "1,278" in numbers
    assert "30" not in numbers  # the piece is too short for it
    assert "51" in numbers


def test_many_labels_have_one_bar_and_a_label_without_texts_has_none(drawn):
    assert drawn(AGREEMENT, [f"label {i}" for i in range(MOST + 1)])[0] == ["all texts"]
    assert drawn(AGREEMENT, ["bad", "good", "unseen"])[0] == ["all texts", "bad", "good"]
