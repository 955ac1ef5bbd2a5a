"""What a large language model is asked: the turns of a chat that end with the question about one text."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from inquest.errors import InquestError, listing, nearest
from inquest.runtime import seed_for

if TYPE_CHECKING:
    import pandas as pd

LONGEST = 4000  # characters of a text that a model is shown
PLACES = re.compile(r"\{(text|pair|labels)\}")


class Example(NamedTuple):
    """A training text that is shown with the answer to it."""

    text: str
    pair: str | None
    answer: str


@dataclass(frozen=True)
class Prompt:
    """One way to ask for the label of a text.

    Parameters
    ----------
    name : str
    system : str
        What the model is told first; nothing if it is empty.
    user : str
        The question, with ``{text}``, and ``{pair}`` and ``{labels}`` if it has them.
    answers : dict of str to str
        What the model is to answer, by label, in the order of the classes.
    examples : tuple of Example
        Texts whose answers are shown before the question.
    """

    name: str
    system: str
    user: str
    answers: dict[str, str]
    examples: tuple[Example, ...] = ()

    def messages(self, text: str, pair: str | None = None) -> list[dict[str, str]]:
        """Return the turns of the chat, each with `role` and `content`; the last one is the question.

        What stands in a text is never taken for a place to fill: a text with ``{labels}`` keeps it. A text of
        more than `LONGEST` characters loses its end.
        """
        turns = [("system", self._filled(self.system))] if self.system.strip() else []
        for example in self.examples:
            turns += [("user", self._filled(self.user, *example[:2])), ("assistant", example.answer)]
        turns.append(("user", self._filled(self.user, text, pair)))
        return [{"role": role, "content": content} for role, content in turns]

    def _filled(self, template: str, text: str = "", pair: str | None = None) -> str:
        words = {"text": shortened(text), "pair": shortened(pair or ""), "labels": self.labels}
        return PLACES.sub(lambda place: words[place[1]], template)

    @property
    def labels(self) -> str:
        """The answers as a sentence lists them: `a`, `a or b`, `a, b or c`."""
        *others, last = self.answers.values()
        return f"{', '.join(others)} or {last}" if others else last


def shortened(text: str) -> str:
    """Return a text, or its start and an ellipsis: `LONGEST` characters at most."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def too_long(text: str, pair: str | None = None) -> bool:
    """Whether a text, or the other one of the pair, loses its end."""
    return max(len(text), len(pair or "")) > LONGEST


def clash(one: str, other: str) -> bool:
    """Whether one answer is the other, or its start: then what a model says may mean both."""
    one, other = (answer.strip().casefold() for answer in (one, other))
    return one.startswith(other) or other.startswith(one)


def build_prompts(
    options: Sequence[Mapping[str, Any]], train: pd.DataFrame, classes: Sequence[str], seed: int
) -> list[Prompt]:
    """Return the prompts of the config, with their examples.

    Examples are drawn from the training texts of up to the median length (in characters), as many of each
    label, and stand in random order; another prompt's examples change nothing. A label with too few texts of
    that length gives its shortest ones.

    Parameters
    ----------
    options : list of mappings
        `name`, `system`, `user`, `examples` and `answers` of each, as in the config.
    train : DataFrame
        The training texts: `text`, `label`, and `pair` for tasks on pairs.
    classes : sequence of str
        The labels.
    seed : int
        The study's seed.

    Raises
    ------
    InquestError
        If a prompt does not fit the texts: it has answers for unknown labels, answers that can't be told
        apart, no place for the second text of a pair, or asks for more examples than there are.
    """
    prompts = []
    for i, given in enumerate(options):
        where = f"config key `llm.prompts[{i}]"
        answers = _answers(given["answers"], classes, where)
        _check_pair("pair" in train, given["user"], where)
        drawn_by = seed_for(seed, "llm", "examples", given["name"])
        examples = _examples(given["examples"], train, answers, drawn_by, where)
        prompts.append(Prompt(given["name"], given["system"], given["user"], answers, examples))
    return prompts


def _answers(given: Mapping[str, str], classes: Sequence[str], where: str) -> dict[str, str]:
    for label in given:
        if label not in classes:
            found = f"there is no label {label!r}{nearest(label, classes)}"
            raise InquestError(f"{where}.answers`", found, f"allowed: {listing(classes)}")
    answers = {label: given.get(label, label.lower()).strip() for label in classes}
    for one, other in combinations(answers.values(), 2):
        if clash(one, other):
            found = f"the answers {one!r} and {other!r}"
            raise InquestError(f"{where}.answers`", found, "no answer may be the start of another")
    return answers


def _check_pair(pairs: bool, user: str, where: str) -> None:
    if pairs != ("{pair}" in user):
        found = "there is no `{pair}`" if pairs else "found `{pair}`"
        allowed = "it must stand there if the config names a column `text.pair`, and only then"
        raise InquestError(f"{where}.user`", found, allowed)


def _examples(
    count: int, train: pd.DataFrame, answers: Mapping[str, str], seed: int, where: str
) -> tuple[Example, ...]:
    if not count:
        return ()
    lengths = train["text"].str.len()
    median, drawn = lengths.median(), []
    for label in answers:
        own = lengths[train["label"] == label].sort_values(kind="stable")
        if len(own) < count:
            found = f"found {count}, and the label {label!r} has {len(own)}"
            allowed = "there must be so many training texts of each label"
            raise InquestError(f"{where}.examples`", found, allowed)
        short = train.index.isin(own.index[: max(count, int((own <= median).sum()))])
        drawn.append(train[short].sample(count, random_state=seed))
    rows = [row for table in drawn for row in table.to_dict("records")]
    random.Random(seed).shuffle(rows)
    return tuple(Example(row["text"], row.get("pair"), answers[row["label"]]) for row in rows)
