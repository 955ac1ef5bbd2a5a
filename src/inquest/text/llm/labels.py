"""Labels by a large language model: what a labeller returns, which texts it gets, which prompt wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import pandas as pd

from inquest.data.tables import draw_by_label, largest_remainder
from inquest.text.evaluation import wilson

if TYPE_CHECKING:
    from inquest.text.llm.prompts import Prompt


@dataclass(frozen=True)
class Labelled:
    """What a model said of texts.

    Parameters
    ----------
    table : DataFrame
        A row a text, in their order: `row`; `label`, None if the answer was none of those allowed; `answer`,
        the words that came back (None where the allowed answers were scored instead); `cut`, whether the
        text lost its end; ``probability:<class>`` or `stopped` (whether the answer reached the most tokens
        that were allowed), where they are known.
    seconds : float
        That it took, the loading of the model apart.
    requests, from_cache : int
        Questions that were sent to an endpoint, and those that an earlier run had sent.
    each : float or None
        Seconds that an answer took on average, whichever run it came in; None takes them from ``seconds``.
    """

    table: pd.DataFrame
    seconds: float
    requests: int = 0
    from_cache: int = 0
    each: float | None = None

    def timings(self) -> dict[str, float]:
        """Return the times, which no rerun reproduces."""
        return {
            "seconds": self.seconds,
            "texts": len(self.table),
            "seconds_per_text": self.seconds / max(len(self.table), 1) if self.each is None else self.each,
            "requests": self.requests,
            "from_cache": self.from_cache,
        }


class Labeller(Protocol):
    """A model that labels texts, here or behind an endpoint."""

    def label(self, prompt: Prompt, texts: pd.DataFrame) -> Labelled: ...


def labeller_for(
    options: Mapping[str, Any], request: Mapping[str, Any], folder: str | Path | None, cache: str | Path
) -> Labeller:
    """Return the labeller of a study.

    Parameters
    ----------
    options : mapping
        Of the config's `llm` section: ``model``, or ``threads`` and ``batch_size``.
    request : mapping
        How an endpoint is asked.
    folder : path or None
        The model's folder; None if it is behind an endpoint.
    cache : path
        Where an endpoint's answers are kept.
    """
    if folder is None:
        from inquest.text.llm.endpoint import EndpointLabeller

        model = options["model"]
        return EndpointLabeller(model["endpoint"], model["name"], request, Path(cache))
    from inquest.text.llm.causal import CausalLabeller

    return CausalLabeller(folder, options["threads"], options["batch_size"])


def draw(texts: pd.DataFrame, part: str, count: int | None, seed: int) -> pd.DataFrame:
    """Return texts of a part, in their order: all, or so many, drawn so that labels keep their shares."""
    texts = texts[texts["part"] == part].reset_index(drop=True)
    if count is None or count >= len(texts):
        return texts
    sizes = texts["label"].value_counts().sort_index()
    quota = largest_remainder(sizes / len(texts), count)
    rows = draw_by_label(texts["label"], dict(zip(sizes.index, quota, strict=True)), seed)
    return texts.iloc[rows].reset_index(drop=True)


class Choice(NamedTuple):
    """The prompts, compared on the same texts."""

    answers: pd.DataFrame
    """A row for each prompt and text: `prompt`, `row`, `gold`, `label`, `answer`, `cut`."""
    scores: pd.DataFrame
    """A row a prompt: `name`, `texts`, `right`, `unparsed`, `cut`, `accuracy` with its 95 % interval `low` to
    `high` (Wilson 1927), `seconds`."""
    chosen: str
    """The name of the most accurate prompt; of equals the first."""
    timings: dict[str, float]
    """As of `Labelled`, over all prompts."""


def choose(prompts: Sequence[Prompt], labeller: Labeller, texts: pd.DataFrame) -> Choice:
    """Label the same texts with each prompt, and choose the one that is right most often.

    An answer that is none of the labels is a wrong one.

    Parameters
    ----------
    prompts : list of Prompt
    labeller : Labeller
    texts : DataFrame
        `row`, `text`, `label`, and `pair` for tasks on pairs.
    """
    answers, scores, every = [], [], []
    for prompt in prompts:
        said = labeller.label(prompt, texts)
        table = answers_of(said, texts)
        right, count = int((table["label"] == table["gold"]).sum()), len(table)
        low, high = wilson(right, count)
        scores.append(
            {
                "name": prompt.name,
                "texts": count,
                "right": right,
                "unparsed": int(table["label"].isna().sum()),
                "cut": int(table["cut"].sum()),
                "accuracy": right / count,
                "low": low,
                "high": high,
                "seconds": said.seconds,
            }
        )
        answers.append(table[["row", "gold", "label", "answer", "cut"]].assign(prompt=prompt.name))
        every.append(said)
    ranked = pd.DataFrame(scores)
    whole = Labelled(
        pd.concat(answers, ignore_index=True),
        sum(said.seconds for said in every),
        sum(said.requests for said in every),
        sum(said.from_cache for said in every),
    )
    return Choice(whole.table, ranked, ranked["name"][ranked["right"].idxmax()], whole.timings())


def answers_of(said: Labelled, texts: pd.DataFrame) -> pd.DataFrame:
    """Return what was said of texts beside their gold labels; what is missing is so in any file format."""
    table = said.table.astype({"label": "str", "answer": "str"})
    table.insert(1, "gold", texts["label"].to_numpy())
    return table
