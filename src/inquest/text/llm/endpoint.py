"""Labels from a language model behind an address: an OpenAI-compatible endpoint, asked for chat completions.

The key, if there is one, is read from the environment and goes into one header of each request, and nowhere
else: it is cut out of what a server says before anyone sees it, and redirects, which could take it to another
host, are not followed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import threading
import time
import unicodedata
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pandas as pd
import requests
import urllib3
from requests.adapters import HTTPAdapter

from inquest.artefacts import read_json, write_json
from inquest.data.packages import reason, without_credentials
from inquest.errors import InquestError, listing, nearest
from inquest.runtime import Progress
from inquest.text.llm.labels import Labelled
from inquest.text.llm.prompts import Prompt, too_long

LARGEST = 1 << 22  # bytes of an answer with all that a server wraps around it
CHUNK = 1 << 16
SECRET = 8  # characters; a shorter key is none, and would be found in any word
HIDDEN = "[key]"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
PAIRS = {'""', "''", "“”", "„“", "‘’", "«»", "``", "**", "__"}
Messages = Sequence[Mapping[str, str]]


def parse(answer: str, answers: Mapping[str, str]) -> str | None:
    """Return the label whose word the answer is, or None: nothing is guessed.

    White space around it does not count, nor do quotes, Markdown's emphasis, one full stop at the end,
    and capitals. Of a model that thinks aloud, what stands behind ``</think>`` is the answer.

    Parameters
    ----------
    answer : str
        What the model said.
    answers : mapping
        The word for each label.

    >>> parse(" **Positive.** ", {"pos": "positive", "neg": "negative"})
    'pos'
    >>> parse("Sentiment: positive", {"pos": "positive", "neg": "negative"}) is None
    True
    """
    said = _bare(answer.rpartition("</think>")[2])
    found = [label for label, word in answers.items() if _bare(word) == said]
    return found[0] if len(found) == 1 else None


def _bare(text: str) -> str:
    text = unicodedata.normalize("NFC", text).strip()
    while True:
        inner = text if text.endswith("..") else text.removesuffix(".").rstrip()
        if len(inner) > 1 and inner[0] + inner[-1] in PAIRS:
            inner = inner[1:-1].strip()
        if inner == text:
            return text.casefold()
        text = inner


class EndpointLabeller:
    """A model behind an endpoint, with a cache of its answers on disk.

    Parameters
    ----------
    base_url : str
        Such as ``http://localhost:8000/v1``; ``/chat/completions`` is asked below it.
    name : str
        The model's name there.
    request : mapping
        ``concurrency``, how many requests are under way at once; ``retries``, how often one is repeated after
        a lost connection, a time-out, and the statuses 429 and 5xx; ``timeout``, seconds that a whole answer
        may take; ``key``, the name of the environment variable that holds the key, or None; ``params``,
        what is sent with each question, such as ``max_tokens``.
    cache : Path
        A folder that studies may share. Each answer is a file there, under the SHA-256 of what was asked.
    wait, longest_wait : float
        Seconds before the first repetition, doubled from one to the next, and the most that are waited, also
        if a server asks for more.
    """

    def __init__(
        self,
        base_url: str,
        name: str,
        request: Mapping[str, Any],
        cache: str | Path,
        wait: float = 1.0,
        longest_wait: float = 60.0,
    ):
        self.endpoint = Endpoint(base_url, name, request, wait, longest_wait)
        self.concurrency, self.cache = request["concurrency"], Path(cache)

    def label(self, prompt: Prompt, texts: pd.DataFrame) -> Labelled:
        """Ask for the label of each text.

        Every answer is kept as soon as it is there, so that a run that was cut short goes on from where it
        was. The order in which answers come changes nothing.

        Parameters
        ----------
        prompt : Prompt
        texts : DataFrame
            `row`, `text` and, for pairs, `pair`.

        Returns
        -------
        Labelled
            Its table has `row`, `label` (missing if the answer is none of the prompt's), `answer` (as it was
            given), `cut` and `stopped`, in the texts' order.

        Raises
        ------
        InquestError
            If the endpoint can't be reached, refuses the key or does not know the model, or if what it
            answers is no chat completion.
        """
        started, sent = time.perf_counter(), self.endpoint.sent
        asked = _columns(texts)
        messages = [prompt.messages(text, pair) for _, text, pair in asked]
        files = [self._file(one) for one in messages]
        answers = {file: said for file in files if (said := _kept(file)) is not None}
        from_cache = sum(file in answers for file in files)
        answers |= self._ask(
            {
                file: (row, one)
                for file, (row, *_), one in zip(files, asked, messages, strict=True)
                if file not in answers
            }
        )
        said = [answers[file] for file in files]
        table = pd.DataFrame(
            {
                "row": texts["row"].to_numpy(),
                "label": pd.Series([parse(one.answer, prompt.answers) for one in said], dtype=object),
                "answer": pd.Series([one.answer for one in said], dtype=object),
                "cut": [too_long(text, pair) for _, text, pair in asked],
                "stopped": [one.stopped for one in said],
            }
        )
        seconds = time.perf_counter() - started
        each = sum(one.seconds for one in said) / max(len(said), 1)
        return Labelled(table, seconds, self.endpoint.sent - sent, from_cache, each)

    def _ask(self, asked: Mapping[Path, tuple[int, Messages]]) -> dict[Path, Said]:
        """Return what the endpoint says to each conversation; the first failure ends it for all."""
        progress = Progress("texts that the language model labelled", len(asked))
        found, over = {}, threading.Event()
        pool = ThreadPoolExecutor(self.concurrency)
        try:
            jobs = {
                pool.submit(self._answer, file, row, messages, over): file
                for file, (row, messages) in asked.items()
            }
            for job in as_completed(jobs):
                if (said := job.result()) is not None:
                    found[jobs[job]] = said
                    progress.step()
        finally:
            over.set()
            pool.shutdown(cancel_futures=True)
        return found

    def _answer(self, file: Path, row: int, messages: Messages, over: threading.Event) -> Said | None:
        """Return an answer that is kept from now on, or None if another text's request has failed."""
        if over.is_set():
            return None
        try:
            said = self.endpoint.complete(messages, f"the text of row {row}", over)
        except BaseException:
            over.set()
            raise
        write_json(file, said._asdict())
        return said

    def _file(self, messages: Messages) -> Path:
        """Return where the answer is kept: all that it depends on is in the name, and no more."""
        asked = {"base_url": self.endpoint.base_url, "messages": list(messages), **self.endpoint.parameters}
        digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
        return self.cache / digest[:2] / f"{digest}.json"


class Said(NamedTuple):
    """An answer, as it is kept."""

    answer: str
    stopped: bool
    """Whether it reached the most tokens that were allowed, and might have gone on."""
    seconds: float
    """From the question that got it to its end."""


def _kept(file: Path) -> Said | None:
    """Return an answer that is kept; one that is damaged is asked for again."""
    with contextlib.suppress(OSError, ValueError, RecursionError, KeyError, TypeError):
        kept = read_json(file)
        said = Said(kept["answer"], bool(kept["stopped"]), float(kept["seconds"]))
        return said if isinstance(said.answer, str) else None
    return None


class _Reply(NamedTuple):
    """What a server said, as far as it matters."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: Any  # None if it is no JSON

    @property
    def line(self) -> str:
        return f"{self.status} {self.reason}".rstrip()


class Endpoint:
    """A model's address, asked for one chat completion at a time, from several threads.

    Parameters
    ----------
    base_url, name, request, wait, longest_wait
        As for `EndpointLabeller`.
    """

    def __init__(
        self, base_url: str, name: str, request: Mapping[str, Any], wait: float, longest_wait: float
    ):
        self.base_url, self.name = base_url.rstrip("/"), name
        self.parameters = {"model": name, **request["params"]}
        self.tries, self.timeout = 1 + request["retries"], request["timeout"]
        self.wait, self.longest_wait = wait, longest_wait
        self.variable = request["key"]
        self.key = _read_key(self.variable)
        self.sent = 0
        self._lock = threading.Lock()
        self.session = requests.Session()
        self.session.auth = self._sign
        # the user's proxies lead away from this machine
        self.session.trust_env = urlsplit(self.base_url).hostname not in LOOPBACK
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, HTTPAdapter(pool_maxsize=max(10, request["concurrency"])))

    def complete(self, messages: Messages, what: str, over: threading.Event) -> Said:
        """Return what the model answers; a model that says nothing gives an empty answer.

        Parameters
        ----------
        messages : list of mapping
            `role` and `content` of each.
        what : str
            What is asked, in words for an error message.
        over : Event
            Set by another thread, it ends the waits and the tries.

        Raises
        ------
        InquestError
            If there is no answer after all tries, or one that another try would not mend.
        """
        for done in range(1, self.tries + 1):
            pause = min(self.wait * 2 ** (done - 1), self.longest_wait)
            started = time.perf_counter()
            try:
                reply = self._send(
                    "POST", "/chat/completions", {**self.parameters, "messages": list(messages)}
                )
            except (requests.RequestException, urllib3.exceptions.HTTPError, TimeoutError) as error:
                found = self._lost(error)
            else:
                if reply.status != 429 and reply.status < 500:
                    return Said(*self._read(reply, what), time.perf_counter() - started)
                found = f"it answers {reply.line}{self._words(reply)}"
                pause = min(_asked_to_wait(reply.headers, pause), self.longest_wait)
            if done < self.tries and over.wait(pause):
                break
        tries = f", tried {self.tries} times" if self.tries > 1 else ""
        raise self._error(
            found + tries, "see that the server runs, and start again: what it has answered is kept"
        )

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        # also without a key: requests would look for a password in ~/.netrc
        if self.key:
            request.headers["Authorization"] = f"Bearer {self.key}"
        return request

    def _send(self, method: str, path: str, body: Any = None) -> _Reply:
        with self._lock:
            self.sent += method == "POST"
        deadline = time.monotonic() + self.timeout
        with self.session.request(
            method,
            self.base_url + path,
            json=body,
            timeout=self.timeout,
            stream=True,
            allow_redirects=False,
        ) as response:
            data = b""
            # requests' time-out is that between two bytes
            while (piece := response.raw.read1(CHUNK, decode_content=True)) and len(data) <= LARGEST:
                data += piece
                if time.monotonic() > deadline:
                    raise TimeoutError
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            found = None
        return _Reply(response.status_code, str(response.reason or ""), response.headers, found)

    def _lost(self, error: Exception) -> str:
        late = (TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError)
        if isinstance(error, late) and not isinstance(error, requests.ConnectTimeout):
            return f"no whole answer within {self.timeout:g} s"
        return f"it can't be reached ({reason(str(error)) or type(error).__name__})"

    def _read(self, reply: _Reply, what: str) -> tuple[str, bool]:
        """Return the answer that a reply holds, and whether it was stopped for its length."""
        if reply.status in (401, 403):
            raise self._refused(reply)
        if reply.status == 404:
            raise self._unknown(reply)
        if 300 <= reply.status < 400:
            there = without_credentials(self._without_key(reply.headers.get("Location", "")))
            host = re.match(r"https?://([^/?#]+)", there)
            found = f"it answers {reply.line} and leads to {host[1] if host else 'another place'}"
            raise self._error(found, "the address itself is needed: the key is taken nowhere else")
        if reply.status != 200:
            found = f"it answers {reply.line} to {what}{self._words(reply)}"
            raise self._error(
                found, "a model is needed that takes what is asked of it, and `request.params` that it knows"
            )
        try:
            choice = reply.body["choices"][0]
            said, stopped = choice["message"]["content"], choice.get("finish_reason") == "length"
        except (KeyError, IndexError, TypeError, AttributeError):
            said = False
        if said is not None and not isinstance(said, str):
            kind = reply.headers.get("Content-Type", "of no type")
            raise self._error(
                f"its answer to {what} is no chat completion{self._words(reply) or f' ({kind})'}",
                "the base_url of an OpenAI-compatible server is needed; it often ends in /v1",
            )
        # what no file could hold is replaced: half of a pair of surrogates
        return self._without_key(said or "").encode("utf-8", "replace").decode(), stopped

    def _refused(self, reply: _Reply) -> InquestError:
        """Return the error of a key that is missing or wrong; the server's own words may hold it."""
        if not self.variable:
            allowed = "name under `request.key` the environment variable that holds a key for it"
        elif not self.key:
            allowed = f"set the environment variable {self.variable} to a key for it"
        else:
            allowed = f"the environment variable {self.variable} must hold a key that it takes"
        return self._error(f"it answers {reply.line}", allowed)

    def _unknown(self, reply: _Reply) -> InquestError:
        names = self._models()
        if names is None:
            found = f"it answers {reply.line}{self._words(reply)}"
            return self._error(found, "check base_url (it often ends in /v1) and the model's name")
        if self.name in names:
            found = f"it answers {reply.line}, though it lists the model{self._words(reply)}"
            return self._error(found, "a model for chat completions is needed")
        found = f"the model `{self.name}` is unknown there{nearest(self.name, names)}"
        return self._error(found, f"the endpoint lists: {listing(names) or 'none'}")

    def _models(self) -> list[str] | None:
        """Return the names of the models that the endpoint has, or None if it doesn't say."""
        with contextlib.suppress(
            requests.RequestException, urllib3.exceptions.HTTPError, TimeoutError, KeyError, TypeError
        ):
            return [str(one["id"]) for one in self._send("GET", "/models").body["data"]]
        return None

    def _words(self, reply: _Reply) -> str:
        """Return what a server says of an error, in parentheses; nothing if it is silent."""
        said = reply.body
        for key in ("error", "message"):
            said = said.get(key, said) if isinstance(said, Mapping) else said
        said = self._without_key(said).strip() if isinstance(said, str) else ""  # before it is cut
        return f" ({said[:200]})" if said else ""

    def _error(self, found: str, allowed: str) -> InquestError:
        where = f"endpoint `{without_credentials(self.base_url)}`"
        return InquestError(*map(self._without_key, (where, found, allowed)))

    def _without_key(self, text: str) -> str:
        return text.replace(self.key, HIDDEN) if len(self.key) >= SECRET else text


def _read_key(variable: str | None) -> str:
    """Return the key that an environment variable holds, or an empty text."""
    key = os.environ.get(variable or "", "").strip()
    if not re.fullmatch(r"[!-~]*", key):
        raise InquestError(
            f"environment variable {variable}",
            "it holds what no key has: white space, or a letter beyond ASCII",
            "set it to the key alone",
        )
    return key


def _asked_to_wait(headers: Mapping[str, str], otherwise: float) -> float:
    """Return the seconds that a server asks to wait, by a number or a date."""
    asked = headers.get("Retry-After", "").strip()
    if asked.isdecimal():
        return float(asked)
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds())
    return otherwise


def _columns(texts: pd.DataFrame) -> list[tuple[int, str, str | None]]:
    """Return row, text and the pair's other text, or None, of each."""
    pairs = texts["pair"] if "pair" in texts else [None] * len(texts)
    return list(zip(texts["row"].tolist(), texts["text"], pairs, strict=True))
