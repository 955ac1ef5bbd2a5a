# Paths, the checked config, and helpers that the chapters share.
#
# Snakemake fills in wildcards where a param is a text or a list of texts. What people write may hold braces of its
# own, so that a rule gives it as a function of its wildcards, as the rule `describe_data` does.

import contextlib
import functools
import hashlib
import json
import logging
import math
import os
import site
import sys
import time
from pathlib import Path

BASE = Path(workflow.basedir)
sys.path.insert(0, str(BASE / "src"))

from inquest.bundle import code_files, files_digest, own_files
from inquest.config import concerning, load_study, slug, work_digest
from inquest.config.listed import listed_rows
from inquest.errors import InquestError, nearest
from inquest.lineage import code_digest
from inquest.progress import Run, earlier_seconds
from inquest.report.rulegraph import rules_behind
from inquest.runs import guard
from inquest.runtime import batch, hand_down
from inquest.sections import check_keys
from inquest.text.published import scores_for

hand_down(BASE / "src")

STARTED = time.time()


def own_paths(study):
    """The files and folders of one's own that the config names, by its keys."""
    sources = {
        f"{section}.sources[{i}].file": source.file
        for section, about in (("data", study.data), ("text", study.text))
        for i, source in enumerate(about.sources if about else ())
    }
    if study.data:
        sources |= {
            f"influence.groups[{i}].file": getattr(group, "file", None)
            for i, group in enumerate(study.influence.groups)
        }
    if study.text:
        sources["classifier.encoder.folder"] = study.classifier.encoder.folder
        used = {chapter for document in study.documents.values() for chapter in document.chapters}
        sources["llm.model.folder"] = study.llm.model.folder if "llm" in used else None
        sources["errors.taxonomy"] = study.errors.taxonomy if "errors" in used else None
    sources |= {f"references[{i}]": file for i, file in enumerate(study.references)}
    for name, document in study.documents.items():
        if document.citation_style.endswith(".csl"):
            sources[f"documents.{name}.citation_style"] = document.citation_style
    return {key: file for key, file in sources.items() if file}


def check_files(study):
    """Find a file of one's own that isn't there, before Snakemake misses it in more words."""
    for key, file in own_paths(study).items():
        path = Path(os.path.expanduser(file))
        if not os.path.exists(path):  # which takes a name that is too long for one that isn't there
            there = [str(other) for other in path.parent.glob("*")] if os.path.isdir(path.parent) else []
            raise InquestError(
                f"config key `{key}`",
                f"there is no {str(path)!r}{nearest(path, there)}",
                f"a path from {Path.cwd().name}/, where the workflow was started, is allowed",
            )


def rows_in_files(study):
    """The row ids of the groups that name a file of them, by the place of the group: an edit reruns them."""
    groups = enumerate(study.influence.groups if study.data else ())
    files = {i: group.file for i, group in groups if getattr(group, "file", None)}
    return {i: listed_rows(file, f"influence.groups[{i}].file") for i, file in files.items()}


def check_classifiers(study):
    """Find import paths and hyperparameters that are none, where this environment has the learners.

    Importing them takes seconds, so what was found right is remembered until the config or the environment
    changes; the rule `fit` would find it out anyway.
    """
    specs = {name: spec.model_dump(by_alias=False) for name, spec in study.baseline.classifiers.items()}
    installed = [(path, os.stat(path).st_mtime) for path in site.getsitepackages() if os.path.isdir(path)]
    key = repr((specs, installed))
    memo = Path(".snakemake", "inquest", hashlib.sha256(key.encode()).hexdigest()[:16])
    if memo.exists():
        return
    try:
        from inquest.learners.estimators import build_classifier
    except ImportError:
        return  # with --sdm conda only the jobs have the learners
    for name, spec in specs.items():
        build_classifier(name, spec["path"], spec["params"], seed=0)
    with contextlib.suppress(OSError):
        memo.parent.mkdir(parents=True, exist_ok=True)
        memo.touch()


def recorded(study):
    """Return the record of a run that computed what the study does, if there is one (`make freeze` writes it)."""
    path = f"reference/{study.study}.run.json"
    try:
        record = json.loads(Path(path).read_text(encoding="utf-8"))
        config, _, _ = (record[name] for name in ("config", "provenance", "timings"))
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InquestError(path, f"it cannot be read ({error!r})", "`make freeze` writes it anew")
    return [path] if config == work_digest(study) else []


try:
    for path in workflow.configfiles:
        check_keys(path)
    STUDY = load_study(
        config,
        chapters={path.name.split(".")[0] for path in (BASE / "report" / "chapters").glob("*.html.j2")},
        rubrics=[path.stem for path in (BASE / "report" / "rubrics").glob("*.yaml")],
    )
    check_files(STUDY)
    LISTED_ROWS = rows_in_files(STUDY)
    RECORD = recorded(STUDY) if STUDY.provenance == "stable" else []
    if STUDY.data:
        check_classifiers(STUDY)
    if STUDY.text and STUDY.classifier.published:
        scores_for(STUDY.classifier.published.dataset, BASE / "report" / "published_scores.yaml")
except InquestError as error:
    sys.exit(f"inquest: {error}")

if workflow.is_main_process:
    guard(workflow, STUDY.study)

RESULTS = f"results/{STUDY.study}"
CONFIG = STUDY.model_dump(mode="json", by_alias=True)
ENVIRONMENT = str(BASE / "envs" / "inquest.yaml")
CHAPTERS = dict.fromkeys(name for document in STUDY.documents.values() for name in document.chapters)

# What a chapter adds here is all that others need to know of it:
REPORTED = {}  # chapter -> the artefacts that its pages read
CLOCKED = {}  # chapter -> its times, which no rerun reproduces: `timings` in its template
TIMED = []  # the names of the jobs whose times the report adds up, as their benchmark files have them
PAGES = []  # pages of their own that stand beside the documents
RETRAINING = []  # dicts: what is retrained, how often, on which share of the training rows


def code(script):
    """The digest of a script and of what it imports from inquest: code counts as input."""
    return code_digest(BASE / "scripts" / f"{script}.py")


CALLED = {"llm": "Language model"}  # chapters whose name in a list is not that of their folder


def caption(name):
    """What `snakemake --report` says of a result; a figure without words of its own has those of all figures."""
    path = BASE / "report" / "captions" / f"{name}.rst"
    return str(path if path.exists() else path.parents[1] / "figure.rst")


def shown_figure(chapter, name):
    """A figure of a chapter, which `snakemake --report` shows."""
    return report(
        f"{RESULTS}/{chapter}/figures/{name}.svg",
        caption=caption(f"{chapter}/{name}"),
        category="Figures",
        subcategory=CALLED.get(chapter, chapter.capitalize()),
        labels={"figure": name.replace("_", " ")},
    )


def artefacts(chapter, tables=(), figures=()):
    """The files that a chapter's pages read."""
    return [
        f"{RESULTS}/{chapter}/facts.json",
        *(f"{RESULTS}/{chapter}/tables/{name}.parquet" for name in tables),
        *(shown_figure(chapter, name) for name in figures),
    ]


def read_by(chapters):
    """What the pages of chapters read: bare paths, so that `snakemake --report` names the rules that made them."""
    return [str(path) for name in chapters for path in REPORTED[name]]


def chapters_of(document):
    """The chapters of a document, in order."""
    return STUDY.documents[document].chapters


def timings_of(document):
    """The times of those of its chapters that have some, if the document prints this run's."""
    printed = chapters_of(document) if STUDY.provenance == "full" else []
    return {name: CLOCKED[name] for name in printed if name in CLOCKED}


def rubric_of(document):
    """The file of a document's rubric, if it has one."""
    rubric = STUDY.documents[document].rubric
    return f"{BASE}/report/rubrics/{rubric}.yaml" if rubric else []


def inside(path):
    """The files of one's own at a path, a file or a folder: an edit is noticed by them, not by the folder."""
    place = Path(os.path.expanduser(path or ""))
    found = sorted(place.rglob("[!.]*")) if path and place.is_dir() else [place]
    return [str(file) for file in found if file.is_file()]


def batches(count, size):
    """Names of jobs that do 0 … count - 1, so many each: `3`, or `3-5`. A larger count keeps the full ones."""
    firsts = range(0, count, size)
    return [str(a) if size == 1 else f"{a}-{min(a + size, count) - 1}" for a in firsts]


@functools.lru_cache(maxsize=None)
def bytes_in_memory(file, modified):
    """How many bytes a file takes once it is read: eight for each cell of a table, its size for any other."""
    if file.endswith(".parquet"):
        try:
            from pyarrow.parquet import read_metadata

            about = read_metadata(file)
            return 8 * about.num_rows * about.num_columns
        except (ImportError, OSError, ValueError):
            pass  # with --sdm conda only the jobs have pyarrow; a damaged file is for the job to complain of
    return os.path.getsize(file)


def memory(mb, times=0):
    """How many MB a job asks for: `mb`, and `times` what its inputs take; twice as many on each further attempt."""

    def needed(wildcards, input, attempt):
        files = [file for path in input for file in inside(path)] if times else []
        read = sum(bytes_in_memory(file, os.path.getmtime(file)) for file in files)
        return math.ceil(mb + times * read / 1e6) * 2 ** (attempt - 1)

    return needed


def minutes(number):
    """How many minutes a job asks for, with much to spare; twice as many on each further attempt."""
    return lambda wildcards, attempt: number * 2 ** (attempt - 1)


def group_batches(groups, size):
    """Jobs that do so many groups each, by name: the group's own, or its numbers as in `batches`."""
    if size == 1:
        return {name: [group] for name, group in groups.items()}
    each = list(groups.values())
    return {name: [each[i] for i in batch(name)] for name in batches(len(each), size)}


class Overall(logging.Handler):
    """Says now and then how far the run has come, unless that, or all, is to be quiet."""

    def __init__(self, run):
        super().__init__()
        self.run = run

    def emit(self, record):
        event, line = str(getattr(record, "event", "")), None
        if event == "run_info":
            self.run.plan({rule: jobs for rule, jobs in record.stats.items() if rule != "total"})
        elif event == "job_info":
            self.run.start(record.jobid, record.rule_name)
        elif event == "job_finished":
            line = self.run.end(record.job_id)
        if line:
            print(line, file=sys.stderr, flush=True)


if workflow.is_main_process and not {"progress", "all"} & set(map(str, workflow.output_settings.quiet or [])):
    logger.addHandler(
        Overall(
            Run(
                workflow.resource_settings.nodes or workflow.resource_settings.cores or 1,
                lambda: earlier_seconds(f"{RESULTS}/timings/rules"),
            )
        )
    )


def software_options():
    """The options of Snakemake by which another run has the same software."""
    given = workflow.deployment_settings
    methods = (
        sorted(method.name.lower().replace("_", "-") for method in given.deployment_method) if given else []
    )
    kept = ["--conda-prefix", str(given.conda_prefix or Path(".snakemake", "conda").resolve())]
    return ["--sdm", *methods, *(kept if "conda" in methods else [])] if methods else []


def freeze_command():
    """The command that writes the study's manifest."""
    files = [os.path.relpath(path) for path in workflow.overwrite_configfiles]
    return " ".join(["make freeze", *(f"STUDY={path}" for path in files)])


def code_that_ran(document):
    """What an appendix with the code is to show: chapter, rule, script, and the digest of what that runs.

    These are the rules of the document's chapters, and before them those of other chapters that they read from.
    """
    if not STUDY.documents[document].code_appendix:
        return []
    ran = [workflow.get_rule(name) for name in dict.fromkeys(job.partition("-")[0] for job in TIMED)]
    chapter = {rule.name: Path(rule.snakefile).stem for rule in ran}
    shown = {rule.name for rule in ran if chapter[rule.name] in chapters_of(document)}
    before = 0
    while before < len(shown):
        before = len(shown)
        read = {str(path) for rule in ran if rule.name in shown for path in rule.input if not callable(path)}
        shown |= {rule.name for rule in ran if any(map(rule.is_producer, read))}
    scripts = {rule.name: os.path.normpath(Path(rule.snakefile).parent / rule.script) for rule in ran}
    return [
        (chapter[name], name, os.path.relpath(scripts[name], BASE), code_digest(scripts[name]))
        for name in chapter
        if name in shown
    ]


def feeding(document):
    """Which rules feed which, down to a document, but for the drawing of it: known once all rules are."""
    edges = rules_behind(workflow, "pdf", {"document": document})
    return [edge for edge in edges if "draw_rules" not in edge]


def own_inputs():
    """What a rerun needs besides the workflow: the config's files, and all that it names."""
    configs = [os.path.relpath(path) for path in workflow.overwrite_configfiles]
    kept = [f"reference/{STUDY.study}.json", f"reference/{STUDY.study}.run.json", "reference/tolerances.yaml"]
    return [
        *configs,
        *filter(os.path.exists, kept),
        *inside(f"annotations/{STUDY.study}"),
        *own_paths(STUDY).values(),
    ]


def rerun_command():
    """The command that makes the documents again."""
    files = [os.path.relpath(path) for path in workflow.overwrite_configfiles]
    return " ".join(["make report", *(f"STUDY={path}" for path in files)])


def complaints(log):
    """Say again, last of all, why rules failed: one line each."""
    for path in sorted(Path(RESULTS, "logs").rglob("*.log")):
        if path.stat().st_mtime >= STARTED:
            last = path.read_text(encoding="utf-8", errors="replace").rstrip().rpartition("\n")[2]
            if last.startswith("inquest: "):
                print(last, file=sys.stderr)
    print(f"What is already computed stays; start again with the same command to go on.", file=sys.stderr)
