"""Data sets and models: real folders, and a small hub of our own that can go away."""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import datasets
import huggingface_hub
import pandas as pd
import pytest

from inquest.data.folders import fetch_folder
from inquest.data.hub import fetch_rows
from inquest.data.raw import read_raw
from inquest.data.sources import fetch
from inquest.errors import InquestError

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ROWS = [{"text": "fine", "label": 1}, {"text": "dull", "label": 0}, {"text": "so-so", "label": 1}]


class Hub(ThreadingHTTPServer):
    """Serves the files of one model and one data set at one commit, as the Hugging Face hub does."""

    daemon_threads = True

    def __init__(self, files: dict[str, bytes]):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.asked, self.commit, self.status = files, [], COMMIT, 200
        self.cut = None  # the name of a file of which half is sent
        self.only = "/"  # what is in the addresses that another status is for


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_HEAD(self):
        self.do_GET(body=False)

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(404, b"{}")

    def do_GET(self, body=True):
        path = self.path.partition("?")[0]
        self.server.asked.append(path)
        if self.server.status != 200 and self.server.only in path:
            code = {"X-Error-Code": "GatedRepo"} if self.server.status == 403 else {}
            return self.answer(self.server.status, b"{}", code)
        if "/nobody/" in path:
            return self.answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        if "revision/v9" in path:
            return self.answer(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        if path.startswith("/api/") and "/tree/" in path:
            listed = [{"type": "file", "path": name, "size": len(data), "oid": name}
                      for name, data in self.server.files.items()]  # fmt: skip
            return self.answer(200, json.dumps(listed).encode())
        if path.startswith("/api/"):
            siblings = [{"rfilename": name} for name in self.server.files]
            about = {
                "id": "own/thing",
                "sha": self.server.commit,
                "siblings": siblings,
                "private": False,
                "tags": [],
            }
            return self.answer(200, json.dumps(about).encode())
        name = path.partition(f"/resolve/{self.server.commit}/")[2]
        data = self.server.files.get(name)
        if data is None:
            return self.answer(
                404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": self.server.commit}
            )
        etag = hashlib.sha256(data).hexdigest()
        if body and name == self.server.cut:
            self.close_connection = True
            body, data = data[: len(data) // 2], data
        else:
            body = data if body else b""
        self.answer(200, body, {"ETag": f'"{etag}"', "X-Repo-Commit": self.server.commit}, len(data))

    def answer(self, status, body, headers=None, length=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":  # a body would be read as the next answer
            self.wfile.write(body)


FILES = {
    "config.json": b"{}",
    "model.safetensors": b"weights",
    "pytorch_model.bin": b"a pickle",
    "vocab.txt": b"[PAD]",
    "onnx/config.json": b"{}",
    "README.md": b"about",
}


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A hub with its own empty cache, which the libraries are told to use."""
    hub = Hub(dict(FILES))
    thread = threading.Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    constants = huggingface_hub.constants
    for module in (constants, datasets.config):
        monkeypatch.setattr(module, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "datasets")

    def point_to(endpoint):
        template = endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "ENDPOINT", endpoint)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(datasets.config, "HF_ENDPOINT", endpoint)

    def go_away():
        with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
            port = listener.getsockname()[1]
        point_to(f"http://127.0.0.1:{port}")

    point_to(f"http://127.0.0.1:{hub.server_port}")
    hub.go_away = go_away
    yield hub
    hub.shutdown()
    hub.server_close()
    thread.join()


def line(call, *arguments) -> str:
    start = time.perf_counter()
    with pytest.raises(InquestError) as caught:
        call(*arguments)
    assert time.perf_counter() - start < 5 and "\n" not in str(caught.value)
    return str(caught.value)


def rows_of(dataset, **keys) -> dict:
    keys = {"configuration": None, "split": "train", "revision": None, "sha256": None} | keys
    return {"dataset": str(dataset)} | keys


def lines(rows) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


# Data sets


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "own data"
    folder.mkdir()
    (folder / "train.jsonl").write_bytes(lines(ROWS))
    (folder / "test.jsonl").write_bytes(lines(ROWS[:1]))
    return folder


def test_a_folder_is_a_data_set(folder, tmp_path):
    source = rows_of(folder) | {"licence": "CC0", "citation": None}
    facts = fetch(source, tmp_path / "downloads", tmp_path / "raw")
    assert pd.read_parquet(tmp_path / "raw").to_dict("records") == ROWS
    canonical = b"".join(json.dumps(row, sort_keys=True).encode() + b"\n" for row in ROWS)
    assert facts == {
        "kind": "dataset",
        "place": str(folder),
        "member": "train",
        "filename": "own data",
        "sha256": hashlib.sha256(canonical).hexdigest(),
        "bytes": (tmp_path / "raw").stat().st_size,
        "pinned": False,
        "licence": "CC0",
        "citation": None,
    }
    (folder / "train.jsonl").write_bytes(lines(ROWS[:2]))  # no cache may hide a change
    fetch(source, tmp_path / "downloads", tmp_path / "raw")
    assert len(pd.read_parquet(tmp_path / "raw")) == 2


def test_a_tilde_stands_for_the_home_folder(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert fetch_rows(rows_of("~/own data"), tmp_path / "raw")["place"] == "~/own data"
    assert len(pd.read_parquet(tmp_path / "raw")) == 3
    assert "there is no such folder" in line(fetch_rows, rows_of("~nobody-of-this-name/x"), tmp_path / "x")


def test_labels_get_their_names_and_no_label_is_none(tmp_path):
    names = datasets.ClassLabel(names=["dull", "fine"])
    features = datasets.Features({"text": datasets.Value("string"), "label": names})
    saved = datasets.Dataset.from_dict({"text": ["a", "b", "c"], "label": [1, 0, -1]}, features=features)
    saved.save_to_disk(tmp_path / "one")
    datasets.DatasetDict({"dev": saved}).save_to_disk(tmp_path / "several")
    options = {"separator": None, "encoding": "utf-8", "header": True, "columns": None}
    for source in (rows_of(tmp_path / "one"), rows_of(tmp_path / "several", split="dev")):
        fetch_rows(source, tmp_path / "raw")
        table = read_raw(tmp_path / "raw", options, used=["text", "label"])
        assert table["label"].tolist()[:2] == ["fine", "dull"] and table["label"].isna().tolist()[2]
    assert "it has no split 'train'; it has dev" in line(
        fetch_rows, rows_of(tmp_path / "several"), tmp_path / "x"
    )


def test_troubles_with_a_folder_are_one_line(folder, tmp_path):
    def said(**keys):
        shown = line(fetch_rows, rows_of(**({"dataset": folder} | keys)), tmp_path / "out" / "raw")
        assert list((tmp_path / "out").iterdir()) == []
        return shown

    assert said(split="trian") == (
        f"source `{folder}`, split `trian`: it has no split 'trian' (did you mean `train`?); "
        "it has train, test"
    )
    assert "it has no configuration 'x'; it has default" in said(configuration="x")
    assert "there is no such folder; a folder, or a name on the hub, is needed" in said(dataset="./nowhere")
    assert "`datasets` can't load it (Split name should match" in said(split="tra in")
    assert f"bytes); expected {'0' * 64}" in said(sha256="0" * 64)
    (folder / "train.jsonl").write_bytes(b'{"text": \n')
    assert "`datasets` can't load it (" in said()
    for name in ("train.jsonl", "test.jsonl"):
        (folder / name).unlink()
    assert "doesn't contain any data files" in said()


def test_a_saved_data_set_has_no_configuration_and_may_be_damaged(tmp_path):
    saved = tmp_path / "saved"
    datasets.Dataset.from_dict({"text": ["a"], "label": ["b"]}).save_to_disk(saved)
    assert line(fetch_rows, rows_of(saved, configuration="x"), tmp_path / "raw") == (
        f"source `{saved}`, split `x/train`: found the configuration 'x'; a folder written by `save_to_disk` "
        "has none"
    )
    fetch_rows(rows_of(saved), tmp_path / "raw")
    for content in ("{", "{}", "[]"):
        (saved / "state.json").write_text(content)
        said = line(fetch_rows, rows_of(saved), tmp_path / "raw")
        assert said.startswith(f"source `{saved}`, split `train`: `datasets` can't load it (")
        assert said.endswith("); a whole folder is needed, as `save_to_disk` writes it")


def test_a_data_set_on_the_hub_is_there_without_it_too(hub, tmp_path):
    hub.files = {"train.jsonl": lines(ROWS)}
    facts = fetch_rows(rows_of("own/thing"), tmp_path / "raw")
    assert facts["place"] == f"own/thing@{COMMIT}"
    assert pd.read_parquet(tmp_path / "raw").to_dict("records") == ROWS
    hub.go_away()
    start = time.perf_counter()
    assert fetch_rows(rows_of("own/thing", revision=COMMIT), tmp_path / "again") == facts
    assert fetch_rows(rows_of("own/thing"), tmp_path / "again") == facts
    assert time.perf_counter() - start < 5
    assert (tmp_path / "again").read_bytes() == (tmp_path / "raw").read_bytes()
    assert line(fetch_rows, rows_of("own/other"), tmp_path / "x") == (
        "source `own/other`, split `train`: the hub can't be reached (Connection refused), and the cache "
        "does not have it; check the network, or give a folder of your own"
    )
    assert not datasets.config.HF_HUB_OFFLINE and not huggingface_hub.constants.HF_HUB_OFFLINE


def test_the_cache_gives_what_was_asked_for_and_not_what_is_newest(hub, tmp_path):
    def found(revision):
        facts = fetch_rows(rows_of("own/thing", revision=revision), tmp_path / "raw")
        return facts["place"], len(pd.read_parquet(tmp_path / "raw"))

    later = COMMIT[::-1]
    expected = {"v1": (f"own/thing@{COMMIT}", 3), None: (f"own/thing@{later}", 2)}
    hub.files = {"train.jsonl": lines(ROWS)}
    assert found("v1") == expected["v1"]
    hub.files, hub.commit = {"train.jsonl": lines(ROWS[:2])}, later
    assert found(None) == expected[None]
    hub.go_away()
    for revision, same in {"v1": "v1", COMMIT: "v1", None: None, "main": None, later: None}.items():
        assert found(revision) == expected[same], revision
    for revision in ("v2", "f" * 40):
        said = line(fetch_rows, rows_of("own/thing", revision=revision), tmp_path / "x")
        assert "the hub can't be reached (Connection refused), and the cache does not have it; " in said


@pytest.mark.parametrize("status", ["429 Too Many Requests", "500 Internal Server Error"])
def test_a_hub_that_will_not_answer_says_its_status(hub, tmp_path, status):
    hub.files["train.jsonl"] = lines(ROWS)
    facts = fetch_rows(rows_of("own/thing"), tmp_path / "raw")
    hub.status = int(status[:3])
    assert fetch_rows(rows_of("own/thing"), tmp_path / "raw") == facts
    said = f": the hub answers {status}, and the cache does not have it; try again later, or give a folder of"
    assert said in line(fetch_rows, rows_of("own/other"), tmp_path / "x")
    assert said in line(fetch_folder, {"hub": "own/other"}, tmp_path, tmp_path / "x")


@pytest.mark.parametrize("name", ["own data", "own--data", "-data", "own/da ta"])
def test_names_that_no_hub_could_know(hub, tmp_path, name):
    expected = "no name on the hub is like this; owner/name is needed, or a folder that is there"
    assert line(fetch_rows, rows_of(name), tmp_path / "x").endswith(f": {expected}")
    assert line(fetch_folder, {"hub": name}, tmp_path, tmp_path / "x") == f"hub `{name}`: {expected}"
    assert hub.asked == []


def test_names_that_the_hub_does_not_know(hub, tmp_path):
    assert "the hub has no such dataset, or not for you; check the name" in line(
        fetch_rows, rows_of("nobody/thing"), tmp_path / "x"
    )
    assert "it has no revision 'v9'; a commit, tag or branch is needed" in line(
        fetch_rows, rows_of("own/thing", revision="v9"), tmp_path / "x"
    )
    assert "the hub has no such model" in line(fetch_folder, {"hub": "nobody/m"}, tmp_path, tmp_path / "x")


def test_offline_mode_is_heeded(hub, tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    for call, source in ((fetch_rows, [rows_of("own/thing")]), (fetch_folder, [{"hub": "own/m"}, tmp_path])):
        assert "can't be reached (offline mode), and the cache" in line(call, *source, tmp_path / "x")
    assert hub.asked == []


# Models


def test_a_model_on_the_hub_is_there_without_it_too(hub, tmp_path):
    facts = fetch_folder({"hub": "own/thing"}, tmp_path, tmp_path / "model")
    kept = {"config.json": b"{}", "model.safetensors": b"weights", "vocab.txt": b"[PAD]"}
    assert {path.name: path.read_bytes() for path in (tmp_path / "model").iterdir()} == kept
    assert not any(path.is_symlink() for path in (tmp_path / "model").iterdir())
    digest = "".join(f"{name}\0{hashlib.sha256(data).hexdigest()}\n" for name, data in sorted(kept.items()))
    assert facts == {
        "kind": "hub",
        "place": f"own/thing@{COMMIT}",
        "member": None,
        "sha256": hashlib.sha256(digest.encode()).hexdigest(),
        "files": 3,
        "bytes": 14,
    }
    hub.go_away()
    assert fetch_folder({"hub": "own/thing"}, tmp_path, tmp_path / "again") == facts
    other = {"hub": "own/other"}
    assert "and the cache does not have it" in line(fetch_folder, other, tmp_path, tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_a_download_that_is_cut_is_one_line_and_goes_on_the_next_time(hub, tmp_path, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda seconds: None)  # it tries six times, and waits in between
    hub.files["model.safetensors"] = b"weights" * 1000
    hub.cut = "model.safetensors"
    said = line(fetch_folder, {"hub": "own/thing"}, tmp_path, tmp_path / "model")
    assert "the download broke off (" in said and said.endswith("start again; what was fetched whole is kept")
    assert not (tmp_path / "model").exists()
    hub.cut = None
    hub.asked.clear()
    fetch_folder({"hub": "own/thing"}, tmp_path, tmp_path / "model")
    assert (tmp_path / "model" / "model.safetensors").read_bytes() == b"weights" * 1000
    assert not any(path.endswith("vocab.txt") for path in hub.asked)  # what was fetched whole


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (503, "the hub answers 503 Service Unavailable, and the cache does not have it; try again later"),
        (403, "its owner grants access on request; ask on its page, then `hf auth login`"),
    ],
)
def test_a_hub_that_tells_of_a_model_but_gives_no_file(hub, tmp_path, monkeypatch, status, said):
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    hub.status, hub.only = status, "/resolve/"
    assert said in line(fetch_folder, {"hub": "own/thing"}, tmp_path, tmp_path / "model")


@pytest.mark.parametrize(
    "error", [PermissionError(13, "denied"), RuntimeError("No space left on device (28)")]
)
def test_what_is_wrong_with_the_disk_is_no_broken_download(hub, tmp_path, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    with pytest.raises(type(error)):
        fetch_folder({"hub": "own/thing"}, tmp_path, tmp_path / "model")
