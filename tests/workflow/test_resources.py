"""What the rules ask of a machine."""

from __future__ import annotations

import re
from pathlib import Path

RULES = {
    name: body
    for path in sorted((Path(__file__).parents[2] / "rules").glob("*.smk"))
    for name, body in re.findall(r"^rule (\w+):\n((?:[ \n].*\n|\n)+)", path.read_text(), flags=re.M)
}


def test_each_rule_says_how_much_memory_and_time_it_takes():
    assert len(RULES) > 40
    memory, time = r"mem_mb=memory\(.+\),", r"runtime=minutes\(\d+\),"
    asking = re.compile(rf"^    resources:\n        {memory}\n        {time}$", flags=re.M)
    assert [name for name, body in RULES.items() if not asking.search(body)] == []
