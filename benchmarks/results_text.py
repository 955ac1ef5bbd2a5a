"""The text classifier's part of the results: a table in Markdown."""

from __future__ import annotations

from typing import Any

from benchmarks.markdown import named, seconds, table, verdict


def text_page(facts: dict[str, Any]) -> list[str]:
    """Return the sections on the training loop."""
    runs = ", ".join(str(len(loop["times"])) for loop in facts["loops"])
    return [
        "## Fine-tuning an encoder",
        f"{named(facts['versions'])}.",
        f"{facts['encoder']} on {facts['epochs']} × {facts['texts']:,} texts ({facts['data']}) of "
        f"{facts['max_length']} tokens at most, in batches of {facts['batch_size']}, with {facts['threads']} "
        f"threads; medians of {runs} runs.",
        loops(facts["loops"]),
    ]


def loops(found: list[dict[str, Any]]) -> str:
    """Return the table of training loops, ours first."""
    rows = [[found[0]["name"], *speed(found[0]), "–", "–", "–", "–"]]
    rows += [
        [
            loop["name"],
            *speed(loop),
            f"**{loop['ratio']:.2f}**",
            loop["at_least"] or "–",
            verdict(loop["ratio"] >= loop["at_least"]) if loop["at_least"] else "–",
            weights(loop["equal"]),
        ]
        for loop in found[1:]
    ]
    head = ["training loop", "s", "texts a second", "padding", "peak, MiB", "inquest is times as fast"]
    return table([*head, "at least", "met", "final weights"], rows)


def speed(loop: dict[str, Any]) -> list[str]:
    return [
        seconds(loop["seconds"]),
        f"{loop['per_second']:.3g}",
        f"{loop['padding']:.0%}",
        f"{loop['peak_mib']:,.0f}",
    ]


def weights(equal: bool | None) -> str:
    """Return how the weights compare with ours; a loop that takes other steps has others."""
    if equal is None:
        return "–"
    return "equal, bit for bit" if equal else "**different**"
