"""What a contestant of the text classifier's part is given."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar


@dataclass(frozen=True)
class Tuning:
    """Texts to fine-tune an encoder on, and how.

    Attributes
    ----------
    encoder : str
        The pre-trained encoder's folder.
    texts : dict of lists
        The columns `row`, `text`, `label` and `part`, all of it `train`.
    classes : list of str
    options : dict
        As the config's `classifier` section: `max_length`, `pooling`, `dropout`, `training`.
    seed : int
    usual : dict
        The `padding` and the `sampling` of the stock Trainer, where it trains as it usually does.
    """

    encoder: str
    texts: dict[str, list[Any]]
    classes: list[str]
    options: dict[str, Any]
    seed: int
    usual: dict[str, Any] = field(default_factory=dict)

    suffix: ClassVar[str] = ".json"

    @property
    def threads(self) -> int:
        return self.options["training"]["threads"]

    @property
    def seen(self) -> int:
        """How many texts the training sees, counted anew in each epoch."""
        return len(self.texts["row"]) * self.options["training"]["epochs"]

    def rehearsal(self) -> Tuning:
        """Return the same contest over one batch."""
        training = self.options["training"]
        texts = {name: cells[: training["batch_size"]] for name, cells in self.texts.items()}
        return replace(self, texts=texts, options=self.options | {"training": training | {"epochs": 1}})

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: str | Path) -> Tuning:
        return cls(**json.loads(Path(path).read_text(encoding="utf-8")))
