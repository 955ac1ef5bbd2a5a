"""A small OpenAI-compatible server, run as a process of its own: ``python server.py <folder>``.

It picks a port on the loopback interface and writes it to ``<folder>/port``. Each request is a line of
``<folder>/log.jsonl``. A text with "good" in it is *Positive.*, one with "bad" is *negative*, others get a
sentence. ``<folder>/plan.json``, read at each request, may have it do otherwise:

- ``models``: the names that it knows; another one is answered with 404.
- ``key``: the key that it asks for.
- ``first``: what it answers to the first requests, each `null` (as usual) or `status`, `headers`, `body` and
  `wait` (seconds); ``always``: the same for all others.
- ``drip``: seconds between two bytes of a body.
- ``slow``: seconds before an answer to a text with "good" in it.
- ``die_after``: how many answers it gives before it ends without a word.
- ``run``: where this changes, requests are counted anew.

``{authorization}`` in a body stands for the header that was sent, ``{key}`` for the key in it.
"""

import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOLDER = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()
LOCK = threading.Lock()
BUSY = {"now": 0, "count": 0, "run": None}


def plan():
    path = FOLDER / "plan.json"
    return {"models": ["tiny", "tiny-large"]} | (json.loads(path.read_text()) if path.exists() else {})


def completion(content):
    message = {"role": "assistant", "content": content}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": f"chat-{time.time_ns()}", "object": "chat.completion", "choices": [choice]}


def said_of(messages):
    text = messages[-1]["content"]
    return "Positive." if "good" in text else "negative" if "bad" in text else "I can’t tell."


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        if self.path != "/v1/models":
            return self.answer(404, {"error": {"message": "Not Found"}})
        self.answer(200, {"object": "list", "data": [{"id": name} for name in plan()["models"]]})

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        todo = plan()
        with LOCK:
            if BUSY["run"] != todo.get("run"):
                BUSY.update(run=todo.get("run"), count=0)
            number = BUSY["count"]
            BUSY["count"] += 1
            BUSY["now"] += 1
            line = {"path": self.path, "headers": dict(self.headers), "body": asked, "at": time.monotonic()}
            line["busy"] = BUSY["now"]
            with open(FOLDER / "log.jsonl", "a") as log:
                log.write(json.dumps(line) + "\n")
        try:
            self.reply(asked, todo, number)
        finally:
            with LOCK:
                BUSY["now"] -= 1

    def reply(self, asked, todo, number):
        if number >= todo.get("die_after", 1 << 30):
            os._exit(1)
        first = todo.get("first", [])
        own = first[number] if number < len(first) else todo.get("always")
        if own is not None:
            time.sleep(own.get("wait", 0))
            return self.answer(own.get("status", 200), own.get("body", ""), own.get("headers"))
        if self.path != "/v1/chat/completions":
            return self.answer(404, {"detail": "Not Found"})
        if todo.get("key") and self.headers.get("Authorization") != f"Bearer {todo['key']}":
            sent = self.headers.get("Authorization", "")
            return self.answer(401, {"error": {"message": f"Incorrect API key provided: {sent}"}})
        if asked["model"] not in todo["models"]:
            return self.answer(404, {"error": {"message": f"The model {asked['model']} does not exist."}})
        if "good" in asked["messages"][-1]["content"]:
            time.sleep(todo.get("slow", 0))
        self.answer(200, completion(said_of(asked["messages"])), drip=todo.get("drip", 0))

    def answer(self, status, body, headers=None, drip=0):
        body = body if isinstance(body, str) else json.dumps(body)
        sent = self.headers.get("Authorization", "")
        body = body.replace("{authorization}", sent).replace("{key}", sent.removeprefix("Bearer "))
        data = body.encode()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(data))} | (headers or {})
        try:
            self.send_response(status, headers.pop("reason", None))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            for i in range(0, len(data), 1 if drip else max(1, len(data))):
                time.sleep(drip)
                self.wfile.write(data[i : i + 1] if drip else data)
                self.wfile.flush()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 0), Handler)
    server.daemon_threads = True
    (FOLDER / "port.part").write_text(str(server.server_port))
    os.replace(FOLDER / "port.part", FOLDER / "port")
    server.serve_forever(poll_interval=0.02)
