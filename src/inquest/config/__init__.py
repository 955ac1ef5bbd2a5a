"""The config of a study: one file, checked as a whole before any job starts.

Each section has its model in a module of its own name; a chapter adds a module, and a line below.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from inquest.config.baseline import Baseline
from inquest.config.classifier import TextClassifier
from inquest.config.data import Data
from inquest.config.documents import Document
from inquest.config.errors import Errors
from inquest.config.file_names import below, check_pattern, fill
from inquest.config.influence import Influence
from inquest.config.llm import Llm
from inquest.config.quality import Quality
from inquest.config.shapley import Shapley
from inquest.config.text import Text
from inquest.errors import InquestError, listing, nearest
from inquest.sections import EACH_ONCE, LONGEST, Mistake, Section, check_slugs, complain, slug, text_like

__all__ = ["Study", "concerning", "load_study", "schema", "slug", "work_digest"]


Name = text_like(
    r"(?!(downloads|verify)$)[A-Za-z0-9][A-Za-z0-9_-]{0,63}",
    "up to 64 letters, digits, hyphens and underscores are allowed; `downloads` and `verify` are taken",
)


class Study(Section):
    """A study: a name, a seed, and a section for each chapter."""

    study: Name
    """The study's name: results go to `results/<study>/`."""
    seed: Annotated[int, Field(ge=0, lt=2**63)]
    """The seed that every random choice is derived from."""
    provenance: Literal["stable", "full"] = "stable"
    """What reports print of a run: `stable` what a rerun prints again, `full` its times and machine, too."""
    documents: Annotated[dict[str, Document], Field(min_length=1)]
    """The reports to write, by file name."""
    bundle: str | None = None
    """The name of the archive that `make bundle` packs, such as `{course}-{last}.zip`; its fields are
    those of the first document. Null takes that document's `file`, or the study's name."""
    references: Annotated[list[str], EACH_ONCE] = []
    """CSL-JSON files with references of one's own, besides report/references.json."""
    data: Data | None = None
    """The table that the chapters on data influence are about."""
    baseline: Baseline = Field(default_factory=Baseline)
    influence: Influence = Field(default_factory=Influence)
    shapley: Shapley = Shapley()
    quality: Quality = Quality()
    text: Text | None = None
    """The texts that the chapters on a text classifier are about."""
    classifier: TextClassifier = Field(default_factory=TextClassifier)
    llm: Llm = Field(default_factory=Llm)
    errors: Errors = Errors()

    @model_validator(mode="after")
    def _documents_are_files(self):
        if all(map(slug, self.documents)):  # else see `load_study`
            check_slugs("documents", self.documents)
        return self

    @model_validator(mode="after")
    def _handed_in_names_differ(self):
        if self.bundle is not None:
            with below("bundle"):
                check_pattern(self.bundle, ".zip")
        seen = {f"{page}.pdf": whose for page, whose in PAGES.items()}
        for document, name in self.file_names().items():
            if slug(document) in PAGES:
                continue  # see `load_study`
            if name.casefold() in seen:
                found = f"the name {name} is that of {seen[name.casefold()]}, too"
                raise Mistake(f"documents.{document}.file", found, "two documents need two names")
            seen[name.casefold()] = f"the document {document}"
        self.bundle_name()
        return self

    def file_names(self) -> dict[str, str]:
        """Return the name that each document's PDF is handed in under."""
        names = {}
        for key, document in self.documents.items():
            with below(f"documents.{key}.file"):
                names[key] = fill(document.file or f"{key}.pdf", document.fields(self.study, key), ".pdf")
        return names

    def bundle_name(self) -> str:
        """Return the name of the archive with all that is handed in."""
        key, first = next(iter(self.documents.items()))
        pattern = self.bundle or f"{(first.file or '{study}.pdf')[:-4]}.zip"
        with below("bundle"):
            return fill(pattern, first.fields(self.study, key), ".zip")

    @model_validator(mode="after")
    def _ratings_are_there(self):
        for i, one in enumerate(self.classifier.expectations):
            if one.property == "uncertain_label" and self.text and not self.text.ranges:
                raise Mistake(
                    f"classifier.expectations[{i}].property",
                    "found 'uncertain_label'",
                    "it is for labels made of numbers, by `text.ranges`",
                )
        return self

    @model_validator(mode="after")
    def _groups_are_few_enough_to_value(self):
        groups, until = len(self.influence.groups), self.shapley.until
        walks = until.max_permutations if until else self.shapley.permutations
        asked = any("shapley" in document.chapters for document in self.documents.values())
        if asked and self.shapley.groups and groups > self.shapley.groups_up_to:
            raise Mistake(
                "shapley.groups",
                f"found true, which with {groups:,} groups and {walks:,} permutations is "
                f"{groups * walks:,} retrains on up to all the training rows",
                f"set it to false, or `shapley.groups_up_to` to {groups} if you mean it",
            )
        return self


# Pages that stand beside the documents, and whose they are.
PAGES = {"error-map": "a page of the chapter errors", "explorer": "the page of the training rows"}

# What a chapter is about, as the section of the config that says it.
ABOUT = {
    **dict.fromkeys(("data", "baseline", "influence", "shapley", "quality"), "data"),
    **dict.fromkeys(("text", "classifier", "llm", "errors"), "text"),
}


def load_study(
    config: Mapping[str, Any], chapters: Collection[str] = (), rubrics: Collection[str] = ()
) -> Study:
    """Return the config as a `Study`, with every default filled in.

    Parameters
    ----------
    config : mapping
        The config as YAML gives it.
    chapters, rubrics : collections of str
        The names that a document may use.

    Raises
    ------
    InquestError
        One line: the key, what was found, what is allowed.
    """
    try:
        study = Study.model_validate(config)
    except ValidationError as error:
        raise complain(error, config) from None
    for name, document in study.documents.items():
        if not slug(name) or slug(name) != name.lower():
            raise InquestError(
                f"config key `documents.{name}`",
                "the name is a file name",
                "letters, digits and hyphens are allowed",
            )
        if slug(name) in PAGES or len(name) > LONGEST:
            raise InquestError(
                f"config key `documents.{name[:LONGEST]}`",
                "the name is too long"
                if len(name) > LONGEST
                else f"the name is taken by {PAGES[slug(name)]}",
                "another one is allowed",
            )
        for chapter in document.chapters:
            if chapter not in chapters:
                raise InquestError(
                    f"config key `documents.{name}.chapters`",
                    f"unknown chapter {chapter!r}{nearest(chapter, chapters)}",
                    f"allowed: {listing(sorted(chapters))}",
                )
            if getattr(study, ABOUT.get(chapter, ""), study) is None:
                raise InquestError(
                    f"config key `{ABOUT[chapter]}`",
                    "missing",
                    f"the chapter {chapter} of the document {name} needs it",
                )
        if document.rubric is not None and document.rubric not in rubrics:
            raise InquestError(
                f"config key `documents.{name}.rubric`",
                f"unknown rubric {document.rubric!r}{nearest(document.rubric, rubrics)}",
                f"allowed: {listing(sorted(rubrics))}",
            )
    return study


def concerning(study: Study, document: str) -> dict[str, Any]:
    """Return the config as plain values, less what does not concern a document: others, and their sections.

    Another study of texts may share the config with one of a table: neither's keys are printed in the other's
    document, nor typeset it anew. Nor are keys that only say how the work is cut into jobs.
    """
    config = _results_of(study)
    chapters = study.documents[document].chapters
    about = {ABOUT[name] for name in chapters if name in ABOUT}
    kept = {
        "references",
        "study",
        "seed",
        "provenance",
        *chapters,
        *(name for name, section in ABOUT.items() if section in about),
    }
    own = {"documents": {document: config["documents"][document]}}
    return {key: own.get(key, value) for key, value in config.items() if key in kept or key in own}


def work_digest(study: Study) -> str:
    """Return a digest of what is computed: of every key but those of the documents and of the jobs' layout.

    Two configs with the same digest give the same numbers, and take the same work.
    """
    work = _results_of(study)
    for key in ("documents", "bundle", "references", "provenance"):
        del work[key]
    return hashlib.sha256(json.dumps(work, sort_keys=True).encode()).hexdigest()[:16]


def _results_of(study: Study) -> dict[str, Any]:
    """Return the config as plain values, less the keys that only say how the work is cut into jobs."""
    return {
        name: {key: value for key, value in section.items() if not key.endswith("_per_job")}
        if isinstance(section, dict)
        else section
        for name, section in study.model_dump(mode="json", by_alias=True).items()
    }


def schema() -> dict[str, Any]:
    """Return the JSON schema of the config, for editors."""
    return Study.model_json_schema(by_alias=True)
