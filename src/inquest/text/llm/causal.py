"""Labels by a language model that runs here: how likely it is to give each of the answers that are allowed.

The model writes nothing. It reads the chat once, with all answers behind it, each of which sees the chat and
itself only; so an answer's likelihood is what it would be if the model had been asked to write it. What the
chats of all texts begin with (the system's turn, the examples) is read once and kept.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from jinja2 import TemplateError
from transformers import DynamicCache

from inquest.errors import InquestError, one_line
from inquest.runtime import Progress
from inquest.text.llm.labels import Labelled
from inquest.text.llm.models import load_llm, quiet
from inquest.text.llm.prompts import Prompt, shortened, too_long

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_LOGITS = 2**26  # numbers in the logits of a batch: a quarter of a gigabyte
TOLERANCE = 0.01  # nats by which the quick way may differ from the plain one
CHECKED = 4  # answers, the longest ones, that are scored in the plain way, too
HOLDER = "Placeholder7391"  # stands for an answer: no chat template has it in the words around

Layers = list[tuple[torch.Tensor, torch.Tensor]]


class CausalLabeller:
    """A causal language model that chooses among the answers of a prompt.

    Parameters
    ----------
    folder : path
        The model's folder, as `fetch_llm` makes it.
    threads : int
        Threads of PyTorch.
    batch_size : int
        Texts that go through the model at a time.
    """

    def __init__(self, folder: str | Path, threads: int = 2, batch_size: int = 16):
        quiet()
        torch.set_num_threads(threads)
        self.model, self.tokenizer = load_llm(folder)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model.to(self.device)
        config = self.model.config.get_text_config()
        self.positions = getattr(config, "max_position_embeddings", None) or math.inf
        self.vocabulary = config.vocab_size
        self.special = [str(token) for token in self.tokenizer.added_tokens_decoder.values() if token.special]
        self.batch_size = batch_size

    def label(self, prompt: Prompt, texts: pd.DataFrame) -> Labelled:
        """Choose the likeliest answer for each text.

        Parameters
        ----------
        prompt : Prompt
        texts : DataFrame
            `row`, `text`, and `pair` for tasks on pairs.

        Returns
        -------
        Labelled
            Its ``probability:<class>`` is the likelihood of the class's whole answer, with the token that
            ends the turn, as a share of that of all answers together.
        """
        start = time.perf_counter()
        answers = self.answer_tokens(prompt)
        chats, cut = self._chats(prompt, texts, room=self.positions - max(map(len, answers)))
        scores = self.scores(chats, answers)
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        classes = list(prompt.answers)
        table = pd.DataFrame(
            {
                "row": texts["row"].to_numpy(),
                "label": [classes[code] for code in scores.argmax(axis=1)],
                "answer": None,
                "cut": cut,
            }
        )
        for name, share in zip(classes, (weights / weights.sum(axis=1, keepdims=True)).T, strict=True):
            table[f"probability:{name}"] = share
        return Labelled(table, time.perf_counter() - start)

    # From words to tokens

    def _rendered(self, turns: Sequence[Mapping[str, str]], answered: bool = False) -> str:
        turns = [{**turn, "content": self._harmless(turn["content"])} for turn in turns]
        try:
            return self.tokenizer.apply_chat_template(
                turns, tokenize=False, add_generation_prompt=not answered
            )
        except TemplateError as error:
            raise InquestError(
                "language model",
                f"its chat template refuses the turns of a prompt ({one_line(str(error))})",
                "a prompt with `system` empty may be allowed",
            ) from error

    def _harmless(self, content: str) -> str:
        """Part what the model would take for the end of a turn: a text may not leave its own."""
        for token in self.special:
            content = content.replace(token, f"{token[:1]} {token[1:]}")
        return content

    def _tokens(self, text: str) -> list[int]:
        return self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]

    def answer_tokens(self, prompt: Prompt) -> list[list[int]]:
        """Return the tokens of each answer as the chat template writes it, and the one that ends the turn."""
        turns = prompt.messages("text", "pair")
        opened, found = self._rendered(turns), []
        # an answer such as `d` may stand in the words around it, too: <|im_end|>
        whole = self._rendered([*turns, {"role": "assistant", "content": HOLDER}], answered=True)
        before, said, after = whole.removeprefix(opened).rpartition(HOLDER)
        if not whole.startswith(opened) or not said:
            before, after = "", ""
        end = self._tokens(after)[:1] or [self.tokenizer.eos_token_id]
        for answer in prompt.answers.values():
            found.append(self._tokens(before + answer) + end)
        return found

    def _chats(self, prompt: Prompt, texts: pd.DataFrame, room: float) -> tuple[list[list[int]], list[bool]]:
        """Return the tokens of the chat about each text, and whether the text lost its end."""
        pairs = texts["pair"] if "pair" in texts else [None] * len(texts)
        chats, cut = [], []
        for text, pair in zip(texts["text"], pairs, strict=True):
            lost = too_long(text, pair)
            chat = self._tokens(self._rendered(prompt.messages(text, pair)))
            while len(chat) > room:
                lost = True
                text, pair = _shorter(text, pair, int(len(chat) - room))
                chat = self._tokens(self._rendered(prompt.messages(text, pair)))
                if not text and not pair and len(chat) > room:
                    found = f"its prompt {prompt.name!r} has {len(chat):,} tokens before any text"
                    allowed = f"the model reads {self.positions:,}: take fewer examples, or fewer words"
                    raise InquestError("config key `llm.prompts`", found, allowed)
            chats.append(chat)
            cut.append(lost)
        return chats, cut

    # From tokens to likelihoods

    def scores(self, chats: Sequence[Sequence[int]], answers: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """Return the log-likelihood, in nats, of each answer behind each chat, shape (n_chats, n_answers).

        Raises
        ------
        InquestError
            If the model's architecture is not one whose attention can be told what to see.
        """
        shared = shared_tokens(chats)
        layout = Layout(answers)
        order = np.argsort([len(chat) for chat in chats], kind="stable")
        size = max(1, min(self.batch_size, MOST_LOGITS // (self.vocabulary * (len(layout.tokens) + 1))))
        scores = np.empty((len(chats), len(answers)))
        progress = Progress("texts labelled", len(chats))
        with torch.inference_mode():
            prefix = self._read(chats[0][:shared])
            for i in range(0, len(order), size):
                rows = order[i : i + size]
                scores[rows] = self._batch([chats[row][shared:] for row in rows], prefix, layout)
                progress.step(len(rows))
            self._check(chats[order[-1]], answers, scores[order[-1]])
        return scores

    def _read(self, tokens: Sequence[int]) -> Layers:
        """Return each layer's keys and values for what all chats begin with, shape (1, …, n_tokens, …)."""
        if not tokens:
            return []
        cache = DynamicCache()
        ids = torch.tensor([tokens], device=self.device)
        self.model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
        return [(layer.keys, layer.values) for layer in cache.layers]

    def _batch(self, chats: Sequence[Sequence[int]], prefix: Layers, layout: Layout) -> NDArray[np.float64]:
        """Return the log-likelihoods for chats without what they share, shape (n_chats, n_answers).

        A row holds padding, the chat and all answers, so that these stand in the same place in each row.
        """
        before = prefix[0][0].shape[-2] if prefix else 0
        lengths = torch.tensor([len(chat) for chat in chats])
        longest = int(lengths.max())
        padding = longest - lengths
        ids = torch.tensor(
            [[0] * (longest - len(chat)) + list(chat) + layout.tokens for chat in chats], device=self.device
        )
        places = torch.tensor([*range(longest), *(longest + depth for depth in layout.depths)])
        positions = before + (places[None] - padding[:, None]).clamp(min=0)
        sees = torch.cat(
            [
                torch.ones(len(chats), ids.shape[1], before, dtype=torch.bool),
                layout.sees(longest, padding),
            ],
            dim=2,
        )
        cache = DynamicCache(
            [(k.expand(len(chats), -1, -1, -1), v.expand(len(chats), -1, -1, -1)) for k, v in prefix]
        )
        logits = self.model(
            input_ids=ids,
            attention_mask=sees[:, None].to(self.device),
            position_ids=positions.to(self.device),
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=len(layout.tokens) + 1,
        ).logits
        return layout.summed(logits).cpu().numpy()

    def _check(
        self, chat: Sequence[int], answers: Sequence[Sequence[int]], scores: NDArray[np.float64]
    ) -> None:
        """Compare a text's scores with those of the plain way: one answer at a time, and no cache."""
        both = sorted(zip(answers, scores, strict=True), key=lambda one: -len(one[0]))
        for answer, score in both[:CHECKED]:
            ids = torch.tensor([[*chat, *answer]], device=self.device)
            logits = self.model(input_ids=ids, logits_to_keep=len(answer) + 1).logits[0, :-1].double()
            plain = logits.log_softmax(-1).gather(1, ids[0, -len(answer) :, None]).sum().item()
            if not abs(plain - score) < TOLERANCE:
                raise InquestError(
                    "config key `llm.model`",
                    f"a {type(self.model).__name__} can't be shown several answers at once "
                    f"(log-likelihood {score:.4f}, one at a time {plain:.4f})",
                    "a model with full attention and rotary positions is needed, or an endpoint",
                )


def _shorter(text: str, pair: str | None, characters: int) -> tuple[str, str | None]:
    """Take characters off the end of a text, or of the longer one of a pair."""
    longer = shortened(pair if pair and len(pair) > len(text) else text)
    kept = longer.removesuffix("…")[:-characters]
    kept = kept + "…" if kept else ""
    return (text, kept) if pair and len(pair) > len(text) else (kept, pair)


def shared_tokens(chats: Sequence[Sequence[int]]) -> int:
    """Return how many tokens all chats begin with; each keeps one more of its own."""
    first, last = min(chats), max(chats)  # what these share, all between them in alphabetical order share
    same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return min(same, min(map(len, chats)) - 1)


class Layout:
    """How answers stand behind a chat: all but the last token of each, one answer after the other.

    Parameters
    ----------
    answers : sequence of sequences of int
        The tokens of each answer, at least one.
    """

    def __init__(self, answers: Sequence[Sequence[int]]):
        self.answers = answers
        self.tokens = [token for answer in answers for token in answer[:-1]]
        self.owners = [i for i, answer in enumerate(answers) for _ in answer[:-1]]
        self.depths = [depth for answer in answers for depth in range(len(answer) - 1)]

    def sees(self, longest: int, padding: torch.Tensor) -> torch.Tensor:
        """Return which places a place looks at, shape (n_texts, n_places, n_places).

        Each sees what stands before it, but for padding and other answers. Padding sees itself, as attention
        to nothing is not a number.
        """
        owners = torch.tensor([-1] * longest + self.owners)
        count = len(owners)
        before = torch.ones(count, count, dtype=torch.bool).tril()
        allowed = before & ((owners == -1) | (owners == owners[:, None]))
        real = torch.arange(count) >= padding[:, None]  # (n_texts, n_places)
        return (allowed & real[:, None]) | torch.eye(count, dtype=torch.bool)

    def summed(self, logits: torch.Tensor) -> torch.Tensor:
        """Return the log-likelihood of each answer from the logits of the chat's last token and of `tokens`.

        Parameters
        ----------
        logits : Tensor, shape (n_texts, 1 + len(tokens), n_vocabulary)

        Returns
        -------
        Tensor of float64, shape (n_texts, n_answers)
        """
        norms = logits.float().logsumexp(-1).double()
        sums, start = [], 1
        for answer in self.answers:
            places = [0, *range(start, start + len(answer) - 1)]
            chosen = logits[:, places, list(answer)].double() - norms[:, places]
            sums.append(chosen.sum(-1))
            start += len(answer) - 1
        return torch.stack(sums, dim=-1)
