"""The workflow's parts of the results: tables in Markdown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.markdown import seconds, table, verdict
from inquest.artefacts import write_text

PLAN, MEMORY, JOB = 20.0, 2**10, 4 * 2**10  # at most: seconds, MiB of the scheduler, MiB of a job
BEGIN, END = "<!-- written by make benchmark PART=scale -->\n", "<!-- end -->"


def scale_page(facts: dict[str, Any]) -> list[str]:
    """Return the sections on studies of several sizes."""
    return ["## Large studies", *scale_tables(facts)]


def scale_tables(facts: dict[str, Any]) -> list[str]:
    studies = facts["studies"]
    one = studies[-1]
    return [
        f"A made-up study of {one['columns']} columns and {one['groups']:,} groups; {one['permutations']} "
        f"walks through {one['valued']:,} rows; logistic regression.",
        table(
            [
                "rows",
                "all jobs, min",
                "costliest rule",
                "largest job, MiB",
                "met",
                "planning, s",
                "met",
                "scheduler, MiB",
                "met",
            ],
            [
                [
                    f"{one['rows']:,}",
                    f"{sum(rule['cpu_all'] for rule in one['rules']) / 60:,.1f}",
                    f"`{one['rules'][0]['rule']}`",
                    f"{largest(one):,.0f}",
                    verdict(largest(one) <= JOB),
                    seconds(one["plan_cpu"]),
                    verdict(one["plan_cpu"] <= PLAN),
                    f"{one['scheduler_mib']:,.0f}",
                    verdict(one["scheduler_mib"] <= MEMORY),
                ]
                for one in studies
            ],
        ),
        "Times are those of the processor, which depend little on what else runs; divide by the cores. At "
        f"most {PLAN:.0f} s of planning and {MEMORY:,} MiB of the scheduler are asked for, and at most "
        f"{JOB:,} MiB of any job. Where not all jobs of a rule ran, the others count as the mean of those; a "
        "rule of which none ran is left out.",
        *(by_rule(one) for one in studies[-1:]),
        *(more(one) for one in studies[-1:] if "more" in one),
    ]


def largest(study: dict[str, Any]) -> float:
    return max(rule["peak_mib"] for rule in study["rules"])


def by_rule(study: dict[str, Any]) -> str:
    """Return the table of the rules of one study."""
    rows = [
        [
            f"`{rule['rule']}`",
            rule["jobs"],
            rule["measured"],
            seconds(rule["cpu"]),
            f"{rule['cpu_all'] / 60:,.1f}",
            f"{rule['peak_mib']:,.0f}",
        ]
        for rule in study["rules"]
    ]
    head = [f"rule, {study['rows']:,} rows", "jobs", "measured", "a job, s", "all, min", "peak, MiB"]
    return table(head, rows)


def more(study: dict[str, Any]) -> str:
    jobs = ", ".join(f"{count} × `{rule}`" for rule, count in study["more"]["planned"].items())
    return f"{study['more']['permutations']} more walks plan {jobs}."


def runs_page(facts: dict[str, Any]) -> list[str]:
    """Return the section on runs that have little to do."""
    names = {"nothing": "nothing to do", "reports": "only the reports, all of them"}
    rows = [
        [
            names[what],
            seconds(facts[what]["seconds"]),
            facts[what]["at_most"],
            verdict(facts[what]["seconds"] <= facts[what]["at_most"]),
            seconds(facts[what]["cpu"]),
            f"{facts[what]['peak_mib']:,.0f}",
        ]
        for what in names
    ]
    head = ["run", "s", "at most", "met", "processor, s", "scheduler, MiB"]
    return [
        "## Runs with little to do",
        f"{facts['study']}, {facts['cores']} cores; medians of {facts['repeats']}.".capitalize(),
        table(head, rows),
    ]


def put_into(page: Path, facts: dict[str, Any]) -> None:
    """Renew the tables of docs/scale.md, between its marks."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if end:
        write_text(page, before + BEGIN + "\n" + "\n\n".join(scale_tables(facts)) + "\n\n" + END + after)
