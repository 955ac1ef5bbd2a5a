"""From raw tables to texts with labels, in three parts: to learn from, to choose by, to be judged on."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from inquest.data.tables import ROW, check_classes, draw_by_label, largest_remainder, named_label
from inquest.errors import InquestError, listing, nearest
from inquest.runtime import seed_for

PARTS = ("train", "validation", "test")
WHOLE = {"validation": 0.1, "test": 0.2}  # the shares of the texts to learn from, where no other is asked for
LEAST = 2  # training texts of a class


@dataclass(frozen=True)
class RawTexts:
    """A raw table of texts."""

    name: str
    """What error messages call it."""
    part: str | None
    """The official split that it is, if it is one."""
    table: pd.DataFrame
    """Its cells as text, as `read_raw` returns them."""


def make_texts(
    raw: Sequence[RawTexts], options: Mapping[str, Any], seed: int
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Choose the columns, name the labels and split the texts.

    Parameters
    ----------
    raw : list of RawTexts
        The raw tables, in the order of the config; either all have a part or none has.
    options : mapping
        The config's `text` section.
    seed : int
        Seed of the split. Each part is drawn with a seed of its own, and the test part first: how many texts
        there are to learn from changes nothing about those to be judged on.

    Returns
    -------
    texts : DataFrame
        `row` (the number among all raw rows, from 0), `id`, `text`, `pair` (if the config names one),
        `label`, `score` (the number behind the label, with `ranges`) and `part`; sorted by `row`.
    facts : dict
        `title`, `classes` (the positive one last), `positive`, `pair`, `scored`, `counts` by part, `raw`,
        `dropped` and `split`.

    Raises
    ------
    InquestError
        For a column that is missing, a row without text or label, a label that can't be learnt or judged, and
        parts that ask for more texts than there are.
    """
    table = _stacked(raw, options)
    found = len(table)
    table, incomplete = _complete(table, raw, options)
    table, outside = _labelled(table, raw, options)
    classes, positive = _classes(table, options)
    labels = pd.Categorical(table["label"], categories=classes)
    table, split = _split(table.assign(code=labels.codes), classes, options["split"], seed)
    _check_learnable(split["balance"])
    table.insert(1, "id", _ids(table, options["title"]))
    names = [ROW, "id", "text", "pair", "label", "score", "part"]
    table = table[[name for name in names if name in table]].reset_index(drop=True)
    facts = {
        "title": options["title"],
        "classes": classes,
        "positive": positive,
        "pair": "pair" in table,
        "scored": "score" in table,
        "counts": {part: int((table["part"] == part).sum()) for part in PARTS},
        "raw": found,
        "dropped": {"outside_ranges": outside, "incomplete": incomplete},
        "split": split,
    }
    return table, facts


# Rows


def _stacked(raw: Sequence[RawTexts], options: Mapping[str, Any]) -> pd.DataFrame:
    """Return the columns that are used, of all tables, with each row's source and official part."""
    columns = {key: options[key] for key in ("text", "pair", "label") if options[key] is not None}
    for one in raw:
        for key, name in columns.items():
            if name not in one.table.columns:
                raise InquestError(
                    f"config key `text.{key}`",
                    f"{one.name} has no column {name!r}{nearest(name, one.table.columns)}",
                    f"it has {listing(one.table.columns)}",
                )
    table = pd.concat([one.table[list(columns.values())] for one in raw], ignore_index=True)
    table.columns = list(columns)
    table["source"] = np.repeat(np.arange(len(raw)), [len(one.table) for one in raw])
    official = pd.Categorical([one.part for one in raw], categories=PARTS)
    table["part"] = pd.Categorical.from_codes(official.codes[table["source"]], categories=PARTS)
    table.insert(0, ROW, np.arange(len(table)))
    return table


def _place(row: pd.Series, raw: Sequence[RawTexts]) -> str:
    """Return the file of a row, and its number there, counted from 1."""
    before = sum(len(one.table) for one in raw[: row["source"]])
    return f"{raw[row['source']].name}, row {row[ROW] - before + 1}"


def _short(cell: str) -> str:
    """Return a cell as an error message shows it."""
    return repr(cell if len(cell) <= 60 else cell[:59] + "…")


def _complete(
    table: pd.DataFrame, raw: Sequence[RawTexts], options: Mapping[str, Any]
) -> tuple[pd.DataFrame, int]:
    """Refuse or drop the rows that lack a text, the second text or the label; return how many they were."""
    keys = [key for key in ("text", "pair", "label") if key in table]
    absent = table[keys].isna() | (table[keys] == "")
    lacking = absent.any(axis=1)
    count = int(lacking.sum())
    if count and options["incomplete"] == "refuse":
        first = table[lacking].iloc[0]
        key = next(key for key in keys if absent.at[first.name, key])
        more = f" (as are cells of {count - 1:,} more)" if count > 1 else ""
        raise InquestError(
            f"{_place(first, raw)}, column `{options[key]}`",
            f"the {'label' if key == 'label' else 'text'} is missing{more}",
            "mend the row, or drop such rows with `text.incomplete: drop`",
        )
    if count == len(table):
        raise InquestError("the texts", "every row lacks a text or a label", "complete rows are needed")
    return table[~lacking], count


# Labels


def _labelled(
    table: pd.DataFrame, raw: Sequence[RawTexts], options: Mapping[str, Any]
) -> tuple[pd.DataFrame, int]:
    """Name the labels, or make them of numbers; return how many rows were in no range."""
    if options["ranges"]:
        return _in_ranges(table, raw, options)
    names = options["names"]
    if not names:
        return table, 0
    unknown = ~table["label"].isin(list(names))
    if unknown.any():
        first = table[unknown].iloc[0]
        raise InquestError(
            _place(first, raw),
            f"the label {_short(first['label'])} has no name{nearest(first['label'], names)}",
            f"`text.names` has {listing(names)}",
        )
    return table.assign(label=table["label"].map(names)), 0


def _in_ranges(
    table: pd.DataFrame, raw: Sequence[RawTexts], options: Mapping[str, Any]
) -> tuple[pd.DataFrame, int]:
    score = pd.to_numeric(table["label"], errors="coerce").astype(float)
    bad = ~np.isfinite(score)
    if bad.any():
        first = table[bad].iloc[0]
        raise InquestError(
            f"{_place(first, raw)}, column `{options['label']}`",
            f"found {_short(first['label'])}",
            "`text.ranges` needs a number in each row",
        )
    label = pd.Series(pd.NA, index=table.index, dtype="str")
    for name, ends in options["ranges"].items():
        inside = np.ones(len(table), dtype=bool)
        for end, compare in (
            ("below", score.lt),
            ("above", score.gt),
            ("at_least", score.ge),
            ("at_most", score.le),
        ):
            if ends[end] is not None:
                inside &= compare(ends[end]).to_numpy()
        label[inside] = name
    kept = label.notna()
    if not kept.any():
        raise InquestError("config key `text.ranges`", "no row is in any of them", "mend the ranges")
    return table.assign(label=label, score=score)[kept], int((~kept).sum())


def _classes(table: pd.DataFrame, options: Mapping[str, Any]) -> tuple[list[str], str | None]:
    """Return the classes in order, and the positive one where there are two (it is the last)."""
    counts = table["label"].value_counts()
    ordered = (
        list(options["ranges"]) or list(dict.fromkeys(options["names"].values())) or sorted(counts.index)
    )
    classes = [name for name in ordered if name in counts.index]
    check_classes(counts, options, "text", "`text.ranges` makes labels of numbers")
    if len(classes) > 2:
        return classes, None
    positive = classes[-1]
    if options["positive"] is not None:
        positive = named_label(options["positive"], classes, "config key `text.positive`")
    return sorted(classes, key=lambda name: name == positive), positive


# The split


def _split(
    table: pd.DataFrame, classes: Sequence[str], options: Mapping[str, Any], seed: int
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the texts that take part, by row, each with its part; and how they were drawn.

    A part is drawn from the official split of its name. Where there is none, test and validation are drawn,
    in this order, from the texts to learn from; a share is that of all of them.
    """
    official = table["part"].notna().any()
    pools = {part: np.flatnonzero(table["part"] == part) for part in PARTS}
    if not official:
        pools["train"] = np.arange(len(table))
    codes = table["code"].to_numpy()
    learnt = len(pools["train"])
    drawn, how = {}, {}
    for part in ("test", "validation", "train"):
        own = part == "train" or len(pools[part]) > 0
        pool = pools[part] if own else pools["train"]
        whole = len(pool) if own and part != "train" else learnt
        asked = options[part] if own else options[part] or WHOLE[part]
        size = len(pool) if asked is None else round(asked * whole) if isinstance(asked, float) else asked
        if not 1 <= size <= len(pool):
            raise _too_many(part, asked, size, len(pool), whole)
        taken = pool
        if size < len(pool):
            taken = pool[_draw(codes[pool], size, classes, options["draw"], part, seed_for(seed, part))]
        drawn[part] = taken
        how[part] = {
            "asked": asked,
            "official": bool(official and own),
            "of": whole,  # not what other parts have left of it
            "drawn": size < len(pool),
        }
        if not own:
            pools["train"] = np.setdiff1d(pools["train"], taken, assume_unique=True)
    part = np.full(len(table), -1, dtype=np.int8)
    for i, name in enumerate(PARTS):
        part[drawn[name]] = i
    table = table.assign(part=pd.Categorical.from_codes(part, categories=PARTS).astype("str"))[part >= 0]
    counts = pd.crosstab(table["label"], table["part"]).reindex(index=classes, columns=PARTS, fill_value=0)
    return table, {
        "draw": options["draw"],
        "reason": options["reason"],
        "official": bool(official),
        "parts": how,
        "balance": [
            {"label": name, **{part: int(counts.at[name, part]) for part in PARTS}} for name in classes
        ],
    }


def _too_many(part: str, asked: Any, size: int, left: int, whole: int) -> InquestError:
    if asked is None:
        return InquestError(
            f"config key `text.split.{part}`", "no text is left for it", "leave some by smaller other parts"
        )
    share = f", which is {size:,} of {whole:,} texts" if isinstance(asked, float) else " texts"
    return InquestError(
        f"config key `text.split.{part}`",
        f"{asked:{'g' if isinstance(asked, float) else ','}}{share}, where there are {left:,}",
        f"1 to {left:,} can be taken",
    )


def _draw(
    codes: np.ndarray, size: int, classes: Sequence[str], draw: str, part: str, seed: int
) -> np.ndarray:
    """Return the sorted positions of ``size`` texts drawn from those of a pool."""
    if draw == "random":
        return np.sort(np.random.default_rng(seed).permutation(len(codes))[:size])
    counts = np.bincount(codes, minlength=len(classes))
    present = np.flatnonzero(counts)
    counts = counts[present]
    if draw == "balanced":
        quota = largest_remainder(np.full(len(present), 1 / len(present)), size)
        short = np.flatnonzero(quota > counts)
        if len(short):
            raise InquestError(
                f"config key `text.split.{part}`",
                f"{size:,} texts are {quota[short[0]]:,} of each of {len(present)} labels, and "
                f"{classes[present[short[0]]]!r} has {counts[short[0]]:,}",
                f"up to {counts.min() * len(present):,} can be drawn with `draw: balanced`",
            )
    elif size < len(present):
        raise InquestError(
            f"config key `text.split.{part}`",
            f"{size:,} texts, and {len(present)} labels",
            "with `draw: stratified` there must be a text of each",
        )
    else:
        least = np.minimum(LEAST if part == "train" else 1, counts)
        quota = largest_remainder(counts / counts.sum(), size).clip(least)
        while quota.sum() > size:  # rare labels got more than their share
            quota[quota.argmax()] -= 1
    wanted = dict(zip(present, quota, strict=True))
    return draw_by_label(pd.Series(codes), wanted, seed)


def _check_learnable(balance: Sequence[Mapping[str, Any]]) -> None:
    """Refuse labels of which there is too little to learn from."""
    for label in balance:
        if label["train"] < LEAST:
            texts = [f"{label[part]:,} in {part}" for part in PARTS if label[part] or part == "train"]
            raise InquestError(
                "the split of the texts",
                f"the label {label['label']!r} has {listing(texts)}",
                f"at least {LEAST} in train are needed: take more, or put labels together by `text.names`",
            )


def _ids(table: pd.DataFrame, title: str) -> pd.Series:
    """Return what a text is known by: the same in every run and order, even where it stands there twice.

    It is made of the title, the part and the text, and has a form that no spreadsheet takes for a number or a
    date: ten letters and digits (base 32) behind ``t-``.
    """
    columns = [table["part"], table["text"], *([table["pair"]] if "pair" in table else [])]
    prefix = hashlib.sha256(f"{title}\x1f".encode())

    def digest(*cells: str) -> str:
        whole = prefix.copy()
        whole.update("\x1f".join(cells).encode("utf-8", "surrogatepass"))
        return f"t-{base64.b32encode(whole.digest()[:7])[:10].decode().lower()}"

    ids = pd.Series([digest(*cells) for cells in zip(*columns, strict=True)], index=table.index, dtype="str")
    times = ids.groupby(ids).cumcount()
    return ids.where(times == 0, ids + "-" + (times + 1).astype("str"))
