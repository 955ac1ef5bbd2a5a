"""Labels from an endpoint: a server in a process of its own, its whims, and what is kept of its answers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inquest.errors import InquestError
from inquest.text.llm.endpoint import EndpointLabeller, parse
from inquest.text.llm.prompts import LONGEST, Prompt

SERVER = Path(__file__).with_name("server.py")
KEY = "sk-Zq7/9+secret=key"
ANSWERS = {"pos": "positive", "neg": "negative"}
PROMPT = Prompt("plain", "Be brief.", "Is this {labels}?\n{text}", ANSWERS)
TEXTS = pd.DataFrame({"row": [5, 3, 9], "text": ["a good film", "a bad film", "a film"]})


class Server:
    """The process, what it is told to do, and what it was asked."""

    def __init__(self, folder: Path):
        folder.mkdir()
        self.folder, self.runs = folder, 0
        self.start()

    def start(self, port: int = 0):
        (self.folder / "port").unlink(missing_ok=True)
        self.process = subprocess.Popen([sys.executable, "-S", str(SERVER), str(self.folder), str(port)])
        deadline = time.monotonic() + 20
        while not (self.folder / "port").exists():
            assert self.process.poll() is None and time.monotonic() < deadline, "the server did not start"
            time.sleep(0.01)
        self.port = int((self.folder / "port").read_text())

    def stop(self):
        self.process.kill()
        self.process.wait()

    def does(self, **plan):
        self.runs += 1
        part = self.folder / "plan.part"
        part.write_text(json.dumps({"run": self.runs} | plan))
        part.replace(self.folder / "plan.json")

    def forget(self):
        (self.folder / "log.jsonl").unlink(missing_ok=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def asked(self) -> list[dict]:
        path = self.folder / "log.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("server") / "it")
    yield server
    server.stop()


@pytest.fixture
def server(process, monkeypatch):
    """The server, as if it had just been started."""
    if process.process.poll() is not None:
        process.start()
    process.does()
    process.forget()
    monkeypatch.delenv("INQUEST_API_KEY", raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # which loopback has no use for
    return process


@pytest.fixture
def labeller(server, tmp_path):
    """Make a labeller of the server, with waits of milliseconds."""

    def make(url=None, name="tiny", longest_wait=1.0, wait=0.01, **request) -> EndpointLabeller:
        usual = {"concurrency": 4, "retries": 2, "timeout": 5, "key": "INQUEST_API_KEY"}
        request = usual | {"params": {"temperature": 0, "seed": 0, "max_tokens": 64}} | request
        return EndpointLabeller(url or server.url, name, request, tmp_path / "cache", wait, longest_wait)

    return make


def line(labeller, texts=TEXTS) -> str:
    with pytest.raises(InquestError) as caught:
        labeller.label(PROMPT, texts)
    assert "\n" not in str(caught.value) and str(caught.value).startswith("endpoint `http://127.0.0.1:")
    return str(caught.value)


def many(count: int) -> pd.DataFrame:
    return pd.DataFrame(
        {"row": np.arange(count), "text": [f"{('good', 'bad')[i % 2]} film {i}" for i in range(count)]}
    )


def held(*folders: Path) -> bytes:
    return b"".join(path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file())


# What is asked and what comes back


def test_labels_are_those_of_the_texts_and_what_is_no_label_is_none(server, labeller):
    found = labeller().label(PROMPT, TEXTS)
    assert found.table["row"].tolist() == [5, 3, 9]
    assert found.table["label"].tolist() == ["pos", "neg", None]
    assert found.table["answer"].tolist() == ["Positive.", "negative", "I can’t tell."]
    assert not found.table["cut"].any() and found.seconds > 0
    assert (found.requests, found.from_cache) == (3, 0)
    bodies = {one["body"]["messages"][1]["content"]: one["body"] for one in server.asked}
    assert bodies["Is this positive or negative?\na good film"] == {
        "model": "tiny",
        "temperature": 0,
        "seed": 0,
        "max_tokens": 64,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Is this positive or negative?\na good film"},
        ],
    }
    assert all("Authorization" not in one["headers"] for one in server.asked)


def test_the_order_of_answers_changes_nothing(server, labeller):
    """Good texts are answered later than bad ones."""
    server.does(slow=0.1)
    texts = many(20)
    found = labeller().label(PROMPT, texts).table
    assert found["row"].tolist() == list(range(20))
    assert found["label"].tolist() == ["pos", "neg"] * 10


def test_so_many_are_asked_at_once_and_no_more(server, labeller):
    server.does(always={"wait": 0.05, "body": json.dumps({"choices": [{"message": {"content": "x"}}]})})
    labeller(concurrency=3).label(PROMPT, many(12))
    assert max(one["busy"] for one in server.asked) == 3
    server.forget()
    labeller(concurrency=1, name="tiny-large").label(PROMPT, many(4))
    assert max(one["busy"] for one in server.asked) == 1


def test_any_text_arrives_as_it_is(server, labeller):
    strange = [
        '<script>alert("x")</script> & </think> good',
        "🎬🍿 good \N{ZERO WIDTH JOINER}\x00 \x1b[31m {text} {0} %s",
        "סרט טוב מאוד 'good' \N{RIGHT-TO-LEFT OVERRIDE}",
        "good " + "x" * 100_000,
    ]
    found = labeller().label(PROMPT, pd.DataFrame({"row": range(4), "text": strange}))
    sent = {one["body"]["messages"][1]["content"].split("\n", 1)[1] for one in server.asked}
    assert sent == {*strange[:3], strange[3][: LONGEST - 1] + "…"}
    assert found.table["label"].tolist() == ["pos"] * 4
    assert found.table["cut"].tolist() == [False] * 3 + [True]


def test_pairs_are_asked_as_pairs(server, labeller):
    prompt = Prompt("pair", "", "{text} | {pair}", ANSWERS)
    labeller().label(prompt, TEXTS.assign(pair=["p1", "p2", "p3"]))
    assert {one["body"]["messages"][-1]["content"] for one in server.asked} == {
        "a good film | p1", "a bad film | p2", "a film | p3",
    }  # fmt: skip
    assert all(len(one["body"]["messages"]) == 1 for one in server.asked)


def test_no_texts_no_requests(server, labeller):
    found = labeller().label(PROMPT, TEXTS.head(0))
    assert len(found.table) == 0 and list(found.table) == ["row", "label", "answer", "cut", "stopped"]
    assert server.asked == []


# The cache


def test_answers_are_kept_and_asked_once(server, labeller):
    texts = pd.concat([TEXTS, TEXTS.assign(row=[50, 30, 90])], ignore_index=True)
    first = labeller().label(PROMPT, texts)
    assert (first.requests, first.from_cache) == (3, 0)  # of equal texts one is asked
    server.stop()
    again = labeller().label(PROMPT, texts)
    assert (again.requests, again.from_cache) == (0, 6)
    pd.testing.assert_frame_equal(again.table, first.table)


@pytest.mark.parametrize("change", ["name", "url", "prompt"])
def test_what_else_is_asked_has_another_answer(server, labeller, change):
    labeller().label(PROMPT, TEXTS)
    other = {"name": {"name": "tiny-large"}, "url": {"url": server.url.replace("127.0.0.1", "localhost")}}
    prompt = Prompt("x", "Be kind.", PROMPT.user, ANSWERS) if change == "prompt" else PROMPT
    assert labeller(**other.get(change, {})).label(prompt, TEXTS).from_cache == 0
    assert labeller(**other.get(change, {})).label(prompt, TEXTS).from_cache == 3
    slash = labeller(url=server.url + "/", concurrency=1, retries=0, timeout=1)  # what does not matter
    assert slash.label(PROMPT, TEXTS).from_cache == 3


@pytest.mark.parametrize(
    "damage", [b"", b"{", b'{"answer": 3}', b"[]", b"\xff\xfe", b'"answer"', b"[" * 100_000]
)
def test_a_damaged_file_is_asked_for_again(server, labeller, tmp_path, damage):
    labeller().label(PROMPT, TEXTS)
    for path in (tmp_path / "cache").rglob("*.json"):
        path.write_bytes(damage)
    found = labeller().label(PROMPT, TEXTS)
    assert (found.requests, found.from_cache) == (3, 0) and found.table["label"].tolist()[0] == "pos"
    assert labeller().label(PROMPT, TEXTS).from_cache == 3


def test_params_are_sent_and_are_part_of_the_question(server, labeller):
    labeller().label(PROMPT, TEXTS)
    found = labeller(params={"max_tokens": 9, "chat_template_kwargs": {"thinking": False}})
    assert found.label(PROMPT, TEXTS).from_cache == 0
    sent = {"max_tokens", "chat_template_kwargs", "model", "messages"}
    assert set(server.asked[-1]["body"]) == sent and server.asked[-1]["body"]["max_tokens"] == 9


def test_an_answer_that_was_stopped_is_told_and_kept_with_its_time(server, labeller):
    choice = {"message": {"role": "assistant", "content": "<think>Well,"}, "finish_reason": "length"}
    server.does(first=[{"body": {"choices": [choice]}, "wait": 0.3}])
    first = labeller(concurrency=1).label(PROMPT, TEXTS)
    assert first.table["stopped"].tolist() == [True, False, False] and first.table["label"].isna()[0]
    assert first.timings()["seconds_per_text"] > 0.1  # of three
    again = labeller().label(PROMPT, TEXTS)
    assert again.requests == 0 and again.seconds < 0.1
    assert again.timings()["seconds_per_text"] == first.timings()["seconds_per_text"]
    assert again.table["stopped"].tolist() == [True, False, False]


def test_a_server_that_dies_loses_no_answer(server, labeller):
    """After 7 of 20 answers it is gone; what it has said is not asked of its successor."""
    server.does(die_after=7)
    port = server.port
    assert f"`http://127.0.0.1:{port}/v1`: it can't be reached" in line(labeller(concurrency=1), many(20))
    server.process.wait()
    server.does()
    server.forget()
    server.start(port)
    found = labeller(concurrency=1).label(PROMPT, many(20))
    assert (found.from_cache, found.requests, len(server.asked)) == (7, 13, 13)
    assert found.table["label"].tolist() == ["pos", "neg"] * 10


# What goes wrong for a while, and for good


def test_busy_or_broken_for_a_moment(server, labeller):
    busy, broken = {"status": 429, "body": "{}"}, {"status": 503, "body": "<html>"}
    server.does(first=[busy, broken])
    found = labeller(concurrency=1).label(PROMPT, TEXTS)
    assert found.requests == 5 and found.table["label"].tolist() == ["pos", "neg", None]
    first, second, third = (one["at"] for one in server.asked[:3])
    assert second - first >= 0.01 and third - second >= 0.02  # twice as long


@pytest.mark.parametrize("asked", ["1", "date", "never", "-3", "999999"])
def test_it_waits_as_it_is_asked_to_and_not_for_ever(server, labeller, asked):
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=3600), usegmt=True)
    header = {"Retry-After": date if asked == "date" else asked}
    server.does(first=[{"status": 429, "headers": header}])
    labeller(longest_wait=0.3).label(PROMPT, TEXTS.head(1))
    first, second = (one["at"] for one in server.asked)
    if asked in ("never", "-3"):
        assert second - first < 0.25
    else:
        assert 0.3 <= second - first < 2


def test_broken_for_ever(server, labeller):
    server.does(always={"status": 500, "body": json.dumps({"error": {"message": "out of\nmemory"}})})
    found = line(labeller(concurrency=1))
    assert found.endswith(
        "/v1`: it answers 500 Internal Server Error (out of memory), tried 3 times; "
        "see that the server runs, and start again: what it has answered is kept"
    )
    assert len(server.asked) == 3


def test_the_first_failure_ends_the_waits_of_the_others(server, labeller):
    """One text is refused at once, while others would be tried again after a long wait."""
    server.does(first=[{"status": 500}] * 3, always={"status": 400, "wait": 0.2, "body": "{}"})
    start = time.monotonic()
    found = line(labeller(wait=30, longest_wait=30), many(4))
    assert "it answers 400 Bad Request to the text of row " in found
    assert time.monotonic() - start < 5 and len(server.asked) == 4


def test_nobody_there(server, labeller):
    server.stop()
    found = line(labeller())
    assert f"`http://127.0.0.1:{server.port}/v1`: it can't be reached (Connection refused), tried 3" in found
    assert "tried" not in line(labeller(retries=0))


@pytest.mark.parametrize("how", [{"always": {"wait": 1}}, {"drip": 0.01}])
def test_too_slow(server, labeller, how):
    server.does(**how)
    start = time.monotonic()
    assert "no whole answer within 0.2 s, tried 2 times; " in line(labeller(timeout=0.2, retries=1))
    assert time.monotonic() - start < 3


def test_a_connection_cut_in_the_middle_of_an_answer(server, labeller):
    server.does(
        first=[{"body": '{"choices": [', "headers": {"Content-Length": "500", "Connection": "close"}}]
    )
    found = labeller(concurrency=1, timeout=0.5).label(PROMPT, TEXTS)
    assert found.requests == 4 and found.table["label"].tolist()[0] == "pos"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ({"body": "<html>Welcome</html>", "headers": {"Content-Type": "text/html"}}, " (text/html)"),
        ({"body": ""}, " (application/json)"),
        ({"body": "{}"}, " (application/json)"),
        ({"body": '{"choices": []}'}, " (application/json)"),
        ({"body": '{"choices": [{"text": "positive"}]}'}, " (application/json)"),
        ({"body": '{"choices": [{"message": {"content": ["positive"]}}]}'}, " (application/json)"),
        ({"body": '{"error": {"message": "the model crashed"}}'}, " (the model crashed)"),
        ({"body": "[" * 100_000}, " (application/json)"),
        ({"body": "3"}, " (application/json)"),
        ({"body": "x" * (9 << 20)}, " (application/json)"),
    ],
)
def test_what_is_no_chat_completion(server, labeller, reply, said):
    server.does(always=reply)
    found = line(labeller(concurrency=1))
    assert f"its answer to the text of row 5 is no chat completion{said}; the base_url of an" in found
    assert len(server.asked) == 1  # another try would not mend it


def test_a_model_that_says_nothing_gives_no_label(server, labeller):
    server.does(always={"body": '{"choices": [{"message": {"content": null}}]}'})
    found = labeller().label(PROMPT, TEXTS)
    assert found.table["label"].tolist() == [None] * 3 and found.table["answer"].tolist() == [""] * 3


def test_half_a_surrogate_in_an_answer_can_be_kept(server, labeller):
    server.does(always={"body": '{"choices": [{"message": {"content": "\\ud83d"}}]}'})
    assert labeller().label(PROMPT, TEXTS.head(1)).table["answer"].tolist() == ["?"]


def test_an_unknown_model(server, labeller):
    found = line(labeller(name="tiny-lage"))
    assert found.endswith(
        "the model `tiny-lage` is unknown there (did you mean `tiny-large`?); "
        "the endpoint lists: tiny, tiny-large"
    )


def test_a_wrong_address(server, labeller):
    found = line(labeller(url=server.url.removesuffix("/v1"), retries=0))
    assert found.endswith(
        "it answers 404 Not Found; check base_url (it often ends in /v1) and the model's name"
    )


def test_a_refusal_is_told_in_the_server_s_words(server, labeller):
    server.does(always={"status": 400, "body": '{"error": {"message": "prompt is too long"}}'})
    assert "it answers 400 Bad Request to the text of row 5 (prompt is too long); " in line(
        labeller(concurrency=1)
    )
    assert len(server.asked) == 1


# The key


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("INQUEST_API_KEY", f" {KEY}\n")
    return KEY


def test_the_key_is_sent_and_is_nowhere_else(server, labeller, key, tmp_path):
    server.does(key=key)
    found = labeller().label(PROMPT, TEXTS)
    assert {one["headers"]["Authorization"] for one in server.asked} == {f"Bearer {key}"}
    assert key not in found.table.to_csv() and key.encode() not in held(tmp_path / "cache")
    assert len(held(tmp_path / "cache")) > 0


def test_another_key_has_the_same_answers(server, labeller, key, monkeypatch):
    labeller().label(PROMPT, TEXTS)
    monkeypatch.setenv("INQUEST_API_KEY", "another-key")
    assert labeller().label(PROMPT, TEXTS).from_cache == 3


def test_a_missing_and_a_wrong_key(server, labeller, monkeypatch):
    server.does(key=KEY)
    assert line(labeller()).endswith(
        "it answers 401 Unauthorized; set the environment variable INQUEST_API_KEY to a key for it"
    )
    monkeypatch.setenv("INQUEST_API_KEY", "sk-wrong-key")
    found = line(labeller())  # the server says it again
    assert found.endswith("the environment variable INQUEST_API_KEY must hold a key that it takes")
    assert "sk-wrong" not in found
    assert "name under `request.key` the environment variable" in line(labeller(key=None))


@pytest.mark.parametrize("key", ["two words", "schlüssel", "a\nb"])
def test_what_is_no_key_is_told_without_it(labeller, monkeypatch, key):
    monkeypatch.setenv("INQUEST_API_KEY", key)
    with pytest.raises(InquestError, match=r"^environment variable INQUEST_API_KEY: it holds what") as caught:
        labeller()
    assert key not in str(caught.value)


ECHOES = [
    {"status": 500, "body": '{"error": "bad key {key}"}'},
    {"status": 400, "body": '{"error": {"message": "' + "x" * 190 + '{key}"}}'},  # across the cut
    {"status": 429, "body": '{"message": "{authorization}"}'},
    {"status": 403, "body": '{"error": {"message": "{authorization}"}}'},
    {"status": 404, "body": '{"error": {"message": "{key}"}}'},
    {"status": 400, "body": "{}", "headers": {"reason": KEY}},
    {"status": 302, "headers": {"Location": f"http://{KEY}.example.org/"}},
    {"status": 200, "body": "<p>{key}</p>", "headers": {"Content-Type": f"text/{KEY}"}},
    {"status": 200, "body": '{"detail": "{key}"}'},
]


@pytest.mark.parametrize("reply", ECHOES)
def test_a_server_that_says_the_key_again_does_not_bring_it_on_the_screen(
    server, labeller, key, reply, tmp_path, capfd
):
    server.does(always=reply)
    with pytest.raises(InquestError) as caught:
        labeller(retries=0).label(PROMPT, TEXTS)
    error = caught.value
    seen = [*map(str, (error, error.__cause__, error.__context__)), *error.args, *capfd.readouterr()]
    assert not any(key[:6].lower() in one.lower() for one in seen)
    assert key.encode() not in held(tmp_path / "cache")


def test_a_model_that_says_the_key_again(server, labeller, key, tmp_path):
    server.does(always={"body": '{"choices": [{"message": {"content": "It is {key}!"}}]}'})
    found = labeller().label(PROMPT, TEXTS)
    assert found.table["answer"].tolist() == ["It is [key]!"] * 3
    assert key.encode() not in held(tmp_path / "cache")


def test_the_key_follows_no_redirect(server, labeller, key, tmp_path):
    other = Server(tmp_path / "other")
    try:
        there = f"http://localhost:{other.port}/v1/chat/completions"
        server.does(always={"status": 307, "headers": {"Location": there}})
        found = line(labeller())
        assert f"it answers 307 Temporary Redirect and leads to localhost:{other.port}; the address" in found
        assert other.asked == []
    finally:
        other.stop()


def test_no_other_password_of_the_user_is_sent(server, labeller, monkeypatch, tmp_path):
    """Without a key, too: requests would take one from ~/.netrc."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ada password lovelace\n")
    monkeypatch.setenv("NETRC", str(netrc))
    labeller().label(PROMPT, TEXTS)
    assert all("Authorization" not in one["headers"] for one in server.asked)


def test_a_password_in_the_address_is_not_shown(labeller, server):
    server.stop()
    found = line(labeller(url=f"http://ada:lovelace@127.0.0.1:{server.port}/v1", retries=0))
    assert "lovelace" not in found


# What an answer means


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("positive", "pos"),
        (" Positive.\n", "pos"),
        ("**NEGATIVE**", "neg"),
        ('"negative".', "neg"),
        ("“Negative.”", "neg"),
        ("`positive`", "pos"),
        ("<think>It is negative, no …</think>\n\npositive", "pos"),
        ("It thinks.</think>negative", "neg"),
        ("<think>positive", None),
        ("positive</think>", None),
        ("Sentiment: positive", None),
        ("Label: negative", None),
        ("positive or negative", None),
        ("not positive", None),
        ("positive, because", None),
        ("positive!", None),
        ("positive..", None),
        ("*positive", None),
        ("posit", None),
        ("pos", None),
        ("", None),
        (".", None),
        ('""', None),
    ],
)
def test_an_answer_is_a_label_or_it_is_not(answer, label):
    assert parse(answer, ANSWERS) == label


def test_answers_with_points_and_accents():
    answers = {"a": "U.S.", "b": "café", "c": "straße", "d": "3.5"}
    assert [parse(one, answers) for one in ("u.s.", "U.S", "cafe\u0301", "STRASSE", "3.5.")] == [
        "a", "a", "b", "c", "d",
    ]  # fmt: skip
    assert parse("x", {"a": "x", "b": "X"}) is None  # which of the two?


@given(
    st.sampled_from(list(ANSWERS)),
    st.lists(st.sampled_from(["**{}**", "_{}_", '"{}"', " {}\n", "{}. ", "«{}»", "`{}`"]), max_size=4),
    st.booleans(),
)
def test_what_stands_around_a_label_does_not_count(label, wraps, upper):
    answer = ANSWERS[label].upper() if upper else ANSWERS[label]
    for wrap in wraps:
        answer = answer if wrap == "{}. " and answer.rstrip().endswith(".") else wrap.format(answer)
    assert parse(answer, ANSWERS) == label


@given(st.text(alphabet="posenga \n.\"'*_`:", max_size=30))
def test_no_label_is_guessed(answer):
    found = parse(answer, ANSWERS)
    letters = re.sub(r"[^a-z:]", "", answer)
    if found is None:
        assert answer.strip() not in ANSWERS.values()
    else:
        assert letters == ANSWERS[found]


def test_every_word_stands_for_its_label():
    assert {parse(word, ANSWERS) for word in ANSWERS.values()} == set(ANSWERS)
