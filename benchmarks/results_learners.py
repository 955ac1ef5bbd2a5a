"""The learners' part of the results: tables in Markdown, and two figures in the house style."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from benchmarks.markdown import named, ratio, seconds, table, verdict
from inquest.artefacts import write_figure
from inquest.report.figures import CHOSEN, INK, RULE, SOFT, Width, figure

STEEPEST = 2.1
LONGEST = 240.0
"""The most that growth (an exponent) and all permutations of Adult (wall seconds) are to be."""


def draw_learners(folder: Path, facts: dict[str, Any]) -> None:
    """Write speed.svg and growth.svg."""
    draw_speed(folder / "speed.svg", facts["cases"])
    draw_growth(folder / "growth.svg", facts["growth"])


def learners_page(facts: dict[str, Any]) -> list[str]:
    """Return the sections on the learners."""
    ours, peers = named(facts["versions"]["inquest"]), named(facts["versions"]["peers"])
    return [
        "## Learners against the peers",
        f"inquest and the plain loop with {ours}; pyDVL with {peers}.",
        comparisons(facts["cases"]),
        "![How many times faster than each peer](speed.svg)",
        "Utilities: how many are equal; the others, if any, are *ties* (test rows nearer to the decision "
        "boundary than the solver's tolerance; listed below), *unfit* (the peer gave its default score, as "
        "scikit-learn can't fit one class, or has fewer rows than neighbours), or *wrong*.",
        "### All of Adult",
        whole(facts["study"]),
        "### Growth with rows",
        f"Time grows with rows to the power {facts['growth']['exponent']:.2f} (at most {STEEPEST} is asked: "
        f"{verdict(facts['growth']['exponent'] <= STEEPEST)}).",
        "![Time of one permutation over rows](growth.svg)",
        "### Distance to the floor",
        "The floor is one pass of gradient and one of scoring for each prefix, by BLAS alone.",
        floors(facts),
        "### How the models were had",
        paths(facts["cases"]),
        "### Ties",
        ties(facts["cases"]),
    ]


def comparisons(cases: list[dict[str, Any]]) -> str:
    rows = [
        [
            case["work"],
            peer["name"],
            seconds(case["inquest"]["seconds"]),
            seconds(peer["seconds"]),
            f"**{ratio(peer['ratio'])}**",
            ratio(peer["at_least"]) if peer["at_least"] else "–",
            verdict(peer["ratio"] >= peer["at_least"]) if peer["at_least"] else "–",
            counted(peer["utilities"]),
        ]
        for case in cases
        for peer in case["peers"]
    ]
    head = ["work", "peer", "inquest, s", "peer, s", "times faster", "at least", "met", "utilities"]
    return table(head, rows, left=2)


def counted(compared: dict[str, Any]) -> str:
    others = [f"{compared[name]:,} {name}" for name in ("ties", "unfit", "wrong") if compared[name]]
    return ", ".join([f"{compared['equal']:,} of {compared['compared']:,} equal", *others])


def whole(study: dict[str, Any]) -> str:
    spots = study["spots"]
    return (
        f"{study['work']}: **{study['wall']:.0f} s** by the clock, imports included (at most "
        f"{LONGEST:.0f} s is asked: {verdict(study['wall'] <= LONGEST)}), {study['peak_mib']:,.0f} MiB at "
        f"most in a process. The plain loop would take {study['extrapolated']:,.0f} s on as many cores, "
        f"{ratio(study['ratio'])} times as long. That is *extrapolated* from its fits at "
        f"{', '.join(f'{size:,}' for size in spots['sizes'])} rows of the first permutation, joined by "
        f"straight lines; the largest difference of a utility at these is {spots['largest_difference']:.1g}."
    )


def floors(facts: dict[str, Any]) -> str:
    found = [(case["work"], case["inquest"], case["floor"]) for case in facts["cases"] if case["floor"]]
    found += [
        (f"Adult, logistic regression, 1 permutation of {point['rows']:,} rows", point, point["floor"])
        for point in facts["growth"]["points"]
    ]
    rows = [
        [
            work,
            seconds(ours["seconds"]),
            seconds(floor["gradient"]),
            seconds(floor["scoring"]),
            f"{floor['times']:.1f}",
            f"{ours['peak_mib']:,.0f}",
        ]
        for work, ours, floor in found
    ]
    return table(["work", "inquest, s", "gradient, s", "scoring, s", "times the floor", "peak, MiB"], rows)


def paths(cases: list[dict[str, Any]]) -> str:
    rows = [
        [case["work"], case["inquest"]["family"], ", ".join(map(pair, case["inquest"]["solved"].items()))]
        for case in cases
    ]
    return table(["work", "family", "models"], rows, left=3)


def pair(item: tuple[str, int]) -> str:
    return f"{item[1]:,} {item[0]}"


def ties(cases: list[dict[str, Any]]) -> str:
    rows = [
        [
            case["work"],
            peer["name"],
            "–" if tie["walk"] is None else tie["walk"] + 1,
            tie["size"],
            tie["test_rows"],
            ", ".join(f"{margin:.1e}" for margin in tie["margins"]),
        ]
        for case in cases
        for peer in case["peers"]
        for tie in peer["utilities"]["listed"]
    ]
    if not rows:
        return "None."
    return table(["work", "peer", "walk", "rows", "test rows apart", "their margins"], rows, left=2)


@contextlib.contextmanager
def white_figure(width: Width, height: float) -> Iterator[tuple[Figure, Any]]:
    """Yield a figure in the house style, on white: a browser may show the page on black."""
    with figure(width, height) as drawn:
        matplotlib.rcParams["savefig.facecolor"] = "white"
        yield drawn


def draw_speed(path: Path, cases: list[dict[str, Any]]) -> None:
    """Draw each ratio as a dot, and what is asked of it as a bar."""
    rows = [(case, peer) for case in cases for peer in case["peers"]][::-1]
    with white_figure("wide", 0.5 + 0.34 * len(rows)) as (fig, axes):
        for y, (_, peer) in enumerate(rows):
            axes.plot([1, peer["ratio"]], [y, y], color=RULE, linewidth=2.4, solid_capstyle="butt", zorder=1)
            axes.plot(peer["ratio"], y, "o", color=CHOSEN, label="measured" if y == 0 else None)
            if peer["at_least"]:
                axes.plot(peer["at_least"], y, "|", color=INK, markersize=11, markeredgewidth=1.4, zorder=3)
        axes.plot([], [], "|", color=INK, markersize=9, markeredgewidth=1.4, label="at least")
        axes.set_yticks(
            range(len(rows)), [f"{case['work']}\nagainst {peer['name']}" for case, peer in rows], fontsize=6.5
        )
        axes.set(xscale="log", xlabel="times faster than the peer (logarithmic)")
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.4g}")
        axes.grid(axis="x")
        axes.grid(axis="y", visible=False)
        fig.legend(loc="outside upper right", ncols=2)
        write_figure(path, fig)


def draw_growth(path: Path, growth: dict[str, Any]) -> None:
    """Draw the time of one permutation over rows, both logarithmic, beside the floor."""
    rows = [point["rows"] for point in growth["points"]]
    ours = [point["seconds"] for point in growth["points"]]
    least = [point["floor"]["gradient"] + point["floor"]["scoring"] for point in growth["points"]]
    steepest = [ours[0] * (size / rows[0]) ** STEEPEST for size in rows]
    with white_figure("full", 2.9) as (fig, axes):
        axes.plot(rows, steepest, color=SOFT, linestyle=(0, (5, 1.5)), label=f"rows to the power {STEEPEST}")
        axes.plot(rows, ours, "o-", color=CHOSEN, label=f"inquest (power {growth['exponent']:.2f})")
        axes.plot(rows, least, "s:", color=INK, label="floor: a gradient and a scoring for each prefix")
        axes.set(xscale="log", yscale="log", xlabel="training rows", ylabel="seconds for one permutation")
        axes.set_xticks(rows, [f"{size:,}" for size in rows])
        axes.minorticks_off()
        axes.legend(loc="upper left")
        write_figure(path, fig)
