"""The workflow's parts of the benchmarks: the made-up study, what is gathered, and the pages."""

from __future__ import annotations

import json

import pandas as pd
import pytest
import yaml

from inquest.config import load_study

PLAN = {
    "seconds": 9.0,
    "cpu": 5.5,
    "peak_mib": 270.0,
    "said": "job  count\nfit      3\nall      1\ntotal  4\n",
}


def test_a_made_up_study_is_one_that_can_be_read_and_the_same_each_time(bench, tmp_path):
    size = bench.scale.TINY
    first, again = (bench.large.write_study(tmp_path / name, size) for name in "ab")
    tables = [path.with_name("large.csv").read_bytes() for path in (first, again)]
    assert tables[0] == tables[1]
    table = pd.read_csv(first.with_name("large.csv"))
    assert table.shape == (600, 8) and set(table["returns"]) == {"yes", "no"}
    study = load_study(
        yaml.safe_load(first.read_text()), ["data", "baseline", "influence", "shapley", "quality"]
    )
    assert len(study.influence.groups) == 12 and study.shapley.permutations == 4
    assert table["shop"].nunique() == 12 - 3
    assert size.more(9).permutations == 9 and size.more(9).rows == size.rows


def gathered(bench, folder):
    rules = folder / "results" / "large" / "timings" / "rules"
    rules.mkdir(parents=True)
    for name, cpu, memory in (("fit-a", "2.0", "100"), ("fit-b", "4.0", "90"), ("clean", "-", "-")):
        (rules / f"{name}.tsv").write_text(f"s\tmax_rss\tcpu_time\n9\t{memory}\t{cpu}\n")
    return bench.scale.facts_of(folder, bench.scale.TINY, PLAN)


def test_jobs_that_did_not_run_count_as_the_mean_of_those_that_did(bench, tmp_path):
    (fit,) = gathered(bench, tmp_path)["rules"]
    assert (fit["rule"], fit["jobs"], fit["measured"], fit["peak_mib"]) == ("fit", 3, 2, 100)
    assert (fit["cpu"], fit["cpu_all"]) == pytest.approx((3.0, 9.0))


def test_the_pages_print_the_facts(bench, tmp_path):
    run = {"seconds": 4.0, "cpu": 3.5, "peak_mib": 180.0}
    facts = {
        "machine": dict.fromkeys(("processor", "cores", "memory_gib", "system", "python"), "x"),
        "studies": [gathered(bench, tmp_path)],
    }
    runs = {"nothing": run | {"at_most": 5.0}, "reports": run | {"seconds": 16.0, "at_most": 15.0}}
    workflow = {"machine": facts["machine"], "study": "the study", "cores": 2, "repeats": 3, **runs}
    bench.results.write(tmp_path, {"scale": facts, "workflow": workflow})
    text = (tmp_path / "results.md").read_text()
    assert "| 600 | 0.1 | `fit` | 100 | yes | 5.5 | yes | 270 | yes |" in text
    assert "| `fit` | 3 | 2 | 3 | 0.1 | 100 |" in text
    assert "| nothing to do | 4 | 5.0 | yes | 3.5 | 180 |" in text
    assert "| only the reports, all of them | 16 | 15.0 | **no** | 3.5 | 180 |" in text
    assert set(json.loads((tmp_path / "results.json").read_text())) == {"scale", "workflow"}


def test_the_tables_of_the_docs_are_renewed_and_nothing_else(bench, tmp_path):
    page, facts = tmp_path / "scale.md", {"studies": [gathered(bench, tmp_path)]}
    begin, end = bench.results_scale.BEGIN, bench.results_scale.END
    page.write_text(f"# Before\n\n{begin}old\n{end}\nafter\n")
    for _ in range(2):
        bench.results_scale.put_into(page, facts)
    text = page.read_text()
    assert text.startswith(f"# Before\n\n{begin}") and text.endswith(f"{end}\nafter\n")
    assert "old" not in text and text.count("| 600 |") == 1
