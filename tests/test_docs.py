"""Programs, configs and messages on the pages are what they seem: they run, they are allowed, they are said.

Commands are tried by tests/workflow/test_commands.py; the walk-through of CONTRIBUTING is followed by
test_walkthrough.py there.
"""

import ast
import errno
import os
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

import inquest
from inquest.artefacts import write_json, write_table
from inquest.config import Llm, Study, load_study
from inquest.errors import InquestError
from tests.blocks import PAGES as PAGES_WITH_BLOCKS
from tests.blocks import ROOT, blocks

DOCS = ROOT / "docs"
CONFIGS = [block for page in PAGES_WITH_BLOCKS for block in blocks(page) if block.language == "yaml"]
INSIDE = {"llm": Llm}
BASE = {
    "study": "base",
    "seed": 1,
    "documents": {"base": {"title": "A title", "chapters": ["data"]}},
    "data": {"title": "A table", "sources": [{"file": "a.csv"}], "label": "label"},
    "text": {"title": "Texts", "sources": [{"file": "b.csv"}], "text": "text", "label": "label"},
}
"""A whole config, of which pages show parts."""
MISHAPS = "when-something-goes-wrong.md"
PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md"))}


def program(name: str) -> str:
    """Return what a page's blocks of Python make together."""
    return "".join(block.text for block in blocks(f"docs/{name}") if block.language == "python")


def test_every_block_is_of_a_kind_that_a_test_looks_at():
    """That of Python in your-own-texts.md needs a trained classifier: test_text_study.py runs it."""
    kinds = {"sh", "python", "yaml", "text", "html", ""}
    others = [block for page in PAGES_WITH_BLOCKS for block in blocks(page) if block.language not in kinds]
    assert others == []
    programs = [page for page in PAGES_WITH_BLOCKS if any(b.language == "python" for b in blocks(page))]
    assert [page.removeprefix("docs/") for page in programs if page != "CONTRIBUTING.md"] == [
        "notebook.md",
        "reference/files.md",
        "tutorial.md",
        "what-values-mean.md",
        "your-own-texts.md",
    ]
    assert [b.page for page in PAGES_WITH_BLOCKS for b in blocks(page) if b.language == "html"] == [
        "CONTRIBUTING.md"
    ]


def test_the_gloves_are_worth_what_the_page_says(capsys):
    exec(compile(program("what-values-mean.md"), "what-values-mean.md", "exec"), {})
    said = re.findall(r"# (\[.*\])", program("what-values-mean.md"))
    assert capsys.readouterr().out.splitlines() == said == ["[1.0, 0.0, 0.0]", "[0.667, 0.167, 0.167]"]


def test_the_tutorial_writes_a_table_that_its_config_reads(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(program("tutorial.md"), "tutorial.md", "exec"), {})
    study = yaml.safe_load((ROOT / "studies" / "your-own.yaml").read_text(encoding="utf-8"))
    table = pd.read_csv(study["data"]["sources"][0]["file"])
    assert set(table[study["data"]["label"]]) == {"no", study["data"]["positive"]} and len(table) == 400


def test_the_facts_of_a_study_are_read_as_the_page_says(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_json("results/iris/shapley/facts.json", {"b": 1, "a": 2})
    write_table("results/iris/influence/tables/groups.parquet", pd.DataFrame({"group": ["x"]}))
    exec(compile(program("reference/files.md"), "files.md", "exec"), {})
    assert capsys.readouterr().out.splitlines() == ["['a', 'b']", "['group']"]


@pytest.mark.parametrize("block", CONFIGS, ids=[f"{block.page}-{i}" for i, block in enumerate(CONFIGS)])
def test_every_config_on_a_page_is_allowed(block):
    """A part of one is put into a whole one; what stands further in, into the section that has its keys."""
    given = yaml.safe_load(block.text)
    if given is None:
        assert "yaml-language-server" in block.text
        return
    if "default-resources" in given:
        profile = yaml.safe_load((ROOT / "profiles" / "slurm" / "config.yaml").read_text(encoding="utf-8"))
        assert given["default-resources"].keys() <= {
            *profile["default-resources"],
            "slurm_account",
            "slurm_partition",
        }
        return
    if not given.keys() <= Study.model_fields.keys():
        given = {
            next(name for name, model in INSIDE.items() if given.keys() <= model.model_fields.keys()): given
        }
    parts = {
        name: BASE.get(name, {}) | part if isinstance(part, dict) else part for name, part in given.items()
    }
    whole = given if "study" in given else BASE | parts
    chapters = {path.name.split(".")[0] for path in (ROOT / "report" / "chapters").glob("*.html.j2")}
    study = load_study(whole, chapters=chapters | {"contradictions"}, rubrics=["data-influence"])
    assert isinstance(study, Study)


def test_what_the_tutorial_says_of_a_misspelt_key_is_said():
    with pytest.raises(InquestError) as raised:
        load_study(BASE | {"shapley": {"permutation": 3}})
    shown = next(b.text for b in blocks("docs/tutorial.md") if "unknown key" in b.text)
    assert f"inquest: {raised.value}".startswith(shown.strip().rstrip("…"))


def test_every_other_message_on_a_page_has_its_test():
    """The others are outputs of the tutorial; of what is said in annotate-errors.md, test_errors_study.py."""
    told = [b for page in PAGES_WITH_BLOCKS for b in blocks(page) if b.language in ("", "text")]
    assert [(b.page, b.text.split(" ")[0]) for b in told] == [
        ("docs/annotate-errors.md", "inquest:"),
        ("docs/tutorial.md", "progress:"),
        ("docs/tutorial.md", "inquest:"),
    ]


def test_the_notebook_page_shows_what_it_says(capsys):
    known: dict = {}
    exec(compile(program("notebook.md"), "notebook.md", "exec"), known)
    said = capsys.readouterr().out
    assert f"{known['utility'].n_rows} rows are worth" in said and "carried Newton steps" in said
    gap = known["shapley"].values.sum() - (known["everything"] - known["utility"]([]))
    assert gap == pytest.approx(0, abs=1e-9)
    assert known["found"].average_precision > 2 * known["flipped"].mean()
    assert known["influence"]["row"].tolist() == list(range(known["utility"].n_rows))
    assert said.rstrip().splitlines()[-1] == "0.0"


def test_the_messages_on_the_page_of_mishaps_are_said_by_the_program():
    """Each piece between two dots stands in the source, or in Snakemake's."""
    from snakemake import exceptions

    sources = [*(DOCS.parent / "src" / "inquest").rglob("*.py"), Path(exceptions.__file__)]
    texts = [text for path in sources for text in literals(ast.parse(path.read_text(encoding="utf-8")))]
    said = "\n".join([*texts, *vars(exceptions), os.strerror(errno.ENOSPC)])
    table = [line.split("|")[1] for line in PAGES[MISHAPS].splitlines() if line.startswith("| ")][1:]
    messages = [message for cell in table for message in re.findall(r"`([^`]+)`", cell)]
    pieces = [piece.strip(" ;:,()") for message in messages for piece in re.split("…|; ", message)]
    assert len(messages) > 15
    assert [piece for piece in pieces if piece not in said and piece != "inquest: rule"] == []


def literals(tree: ast.AST) -> list[str]:
    """Return the texts of a program; what is put into them is left out."""
    joined = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    texts = [
        "".join(part.value if isinstance(part, ast.Constant) else "\0" for part in node.values)
        for node in joined
    ]
    plain = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return texts + plain


def test_whoever_cites_it_cites_the_version_that_is_there():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert (cited["cff-version"], cited["license"], cited["type"]) == ("1.2.0", "MIT", "software")
    assert cited["version"] == inquest.__version__
    versions = re.findall(r"(?m)^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert versions[0] == inquest.__version__


def test_the_catalogue_of_workflows_is_told_what_is_so():
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text(encoding="utf-8"))["usage"]
    assert usage.keys() == {"mandatory-flags", "software-stack-deployment"}
    offered = usage["software-stack-deployment"]
    rules = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "rules").glob("*.smk"))
    assert offered["conda"] == ("conda:" in rules)
    assert offered["apptainer"] == ("container:" in rules)
