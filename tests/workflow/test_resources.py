"""What the rules ask of a machine, and how the profiles run them."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
RULES = {
    name: body
    for path in sorted((ROOT / "rules").glob("*.smk"))
    for name, body in re.findall(r"^rule (\w+):\n((?:[ \n].*\n|\n)+)", path.read_text(), flags=re.M)
}


def test_each_rule_says_how_much_memory_and_time_it_takes():
    assert len(RULES) > 40
    memory, time = r"mem_mb=memory\(.+\),", r"runtime=minutes\(\d+\),"
    asking = re.compile(rf"^    resources:\n        {memory}\n        {time}$", flags=re.M)
    assert [name for name, body in RULES.items() if not asking.search(body)] == []


def test_each_profile_reruns_and_goes_on_as_the_default_one_does():
    """Snakemake takes one workflow profile: one that is named takes the place of the default."""
    files = ROOT.glob("profiles/*/config.yaml")
    profiles = {path.parent.name: yaml.safe_load(path.read_text()) for path in files}
    assert profiles.keys() == {"default", "slurm", "cluster-generic"}
    for name, profile in profiles.items():
        assert profile.items() >= profiles["default"].items(), name
