#!/usr/bin/env python3
"""A server that stands in for ours, to look at the page and to test it: docs/server_api.md as far as the page uses it,
with films that the program renders. Nothing is kept, nothing is computed.

    PHONOFILM_PROGRAM=build/release/src/phonofilm/cli/phonofilm tests/web/stand_in_server.py [PORT=7788] [KEY]
"""
import json
import os
import re
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import films as film_source
import schema
from faults import Faults
from job_store import Jobs
from maker import Maker, files_of

WEB = Path(__file__).resolve().parents[2] / "web"
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
         ".svg": "image/svg+xml"}
POLICY = ("default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; "
          "form-action 'none'; frame-ancestors 'none'")


class Problem(Exception):
    def __init__(self, status, code, message, param=None):
        super().__init__(message)
        self.status, self.code, self.param = status, code, param


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.answer()

    do_HEAD = do_POST = do_PATCH = do_DELETE = do_GET

    def answer(self):
        try:
            self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.dispatch()
        except Problem as problem:
            error = {"message": str(problem), "type": "invalid_request_error", "param": problem.param,
                "code": problem.code}
            later = {"Retry-After": "1"} if problem.status in (429, 503) else {}
            self.send_json({"error": error}, problem.status, later)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def dispatch(self):
        url = urlsplit(self.path)
        self.query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        if not url.path.startswith("/api/"):
            return self.page(url.path)
        if self.server.offline:
            self.close_connection = True
            return self.connection.close()
        if not self.is_known():
            raise Problem(401, "invalid_api_key", "no key, or a wrong one")
        refusal = self.server.faults.refusal_of(f"{self.command} {self.path}")
        if refusal:
            raise Problem(*refusal, "the test refuses this request")
        for method, pattern, action in ROUTES:
            match = re.fullmatch(pattern, url.path)
            if match and method == ("GET" if self.command == "HEAD" else self.command):
                return action(self, *match.groups())
        raise Problem(404, "not_found", "there is no such route")

    def is_known(self):
        return not self.server.key or self.headers.get("Authorization") == f"Bearer {self.server.key}"

    def page(self, path):
        file = (WEB / (path.lstrip("/") or "index.html")).resolve()
        if not file.is_relative_to(WEB) or not file.is_file():
            raise Problem(404, "not_found", "there is no such file")
        self.send_bytes(file.read_bytes(), TYPES[file.suffix],
            {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"})

    def send_bytes(self, data, kind, headers=(), status=200):
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)),
            "X-Content-Type-Options": "nosniff", **dict(headers)}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def send_json(self, value, status=200, headers=()):
        data = json.dumps(value).encode()
        self.server.faults.wait(f"{self.command} {self.path}")
        self.send_bytes(data, "application/json", {"Cache-Control": "no-store", **dict(headers)}, status)

    def send_file(self, kind, data):
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not match or int(match[1]) >= len(data):
            return self.send_bytes(data, kind, {"Accept-Ranges": "bytes"})
        start, end = int(match[1]), min(int(match[2] or len(data)), len(data) - 1)
        self.send_bytes(data[start:end + 1], kind, {"Accept-Ranges": "bytes",
            "Content-Range": f"bytes {start}-{end}/{len(data)}"}, 206)

    def job(self, job):
        if job not in self.server.jobs.jobs:
            raise Problem(404, "not_found", "there is no such job")
        return self.server.jobs.jobs[job]

    def waiting(self, job):
        found = self.job(job)
        if found["state"] != "queued":
            raise Problem(409, "wrong_state", "the job does not wait any more")
        return found

    def shown(self, job):
        return {**job, "position": self.server.jobs.position(job)}

    def read_request(self):
        request = json.loads(self.body)["request"]
        problem = schema.problem_of(request)
        if problem:
            raise Problem(400, problem[1], problem[2], problem[0])
        return request

    # Routes

    def about(self, name):
        values = {"schema": schema.SCHEMA, "models": schema.MODELS, "limits": schema.LIMITS,
                  "capabilities": {**schema.CAPABILITIES, "keys": bool(self.server.key)}}
        self.send_json(values[name])

    def submit(self):
        job = self.server.jobs.submit(self.read_request(), self.headers.get("Idempotency-Key"))
        self.send_json(self.shown(job), 201)

    def list(self):
        query = self.query
        self.send_json(self.server.jobs.page(query.get("state"), int(query.get("limit", 20)),
            query.get("order", "desc"), query.get("cursor")))

    def read(self, job):
        self.send_json(self.shown(self.job(job)))

    def edit(self, job):
        self.server.jobs.edit(self.waiting(job), self.read_request())
        self.send_json(self.shown(self.job(job)))

    def move(self, job):
        self.server.jobs.move(self.waiting(job), json.loads(self.body)["before"])
        self.send_json(self.shown(self.job(job)))

    def cancel(self, job):
        self.server.jobs.finish(self.job(job), "cancelled")
        self.send_json(self.shown(self.job(job)))

    def delete(self, job):
        self.server.jobs.delete(self.job(job))
        self.send_bytes(b"", "application/json", status=204)

    def file(self, job, name):
        if (job, name) not in self.server.jobs.files:
            raise Problem(404, "not_found", "there is no such file")
        self.send_file(*self.server.jobs.files[job, name])

    def upload(self):
        kind = self.headers["Content-Type"]
        if kind not in schema.PICTURES + schema.SOUNDS + schema.FILMS:
            raise Problem(415, "unsupported_media_type", f"files of type {kind} are not taken")
        upload = f"{len(self.server.jobs.uploads):032x}"
        name = unquote(self.headers.get("X-Upload-Name", ""))
        self.server.jobs.uploads[upload] = (kind, name, self.body)
        self.send_json({"id": upload, "type": kind, "bytes": len(self.body), "name": name, "created_ms": 0}, 201)

    def read_upload(self, upload):
        kind, _, data = self.server.jobs.uploads[upload]
        self.send_file(kind, data)

    def events(self, job=None):
        jobs = self.server.jobs
        place = int(self.headers.get("Last-Event-ID") or self.query.get("after") or len(jobs.events))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        if job:
            self.wfile.write(f"event: snapshot\ndata: {json.dumps(self.shown(self.job(job)))}\n\n".encode())
        while not self.server.offline and self.is_known():
            with jobs.lock:
                jobs.lock.wait_for(lambda: len(jobs.events) > place, timeout=0.5)
                news, place = jobs.events[place:], len(jobs.events)
            mine = [event for event in news if job in (None, event["job"])]
            self.wfile.write("".join(map(event_text, mine)).encode() or b": beat\n\n")
            self.wfile.flush()
            if job and self.job(job)["state"] not in ("queued", "running"):
                return


def event_text(event):
    name = "reset" if event["kind"] == "reset" else "job"
    return f"id: {event['sequence']}\nevent: {name}\ndata: {json.dumps(event)}\n\n"


ID = "([0-9a-f]{32})"
ROUTES = [
    ("GET", "/api/v1/(schema|models|limits|capabilities)", Handler.about),
    ("POST", "/api/v1/jobs", Handler.submit),
    ("GET", "/api/v1/jobs", Handler.list),
    ("GET", f"/api/v1/jobs/{ID}", Handler.read),
    ("PATCH", f"/api/v1/jobs/{ID}", Handler.edit),
    ("DELETE", f"/api/v1/jobs/{ID}", Handler.delete),
    ("POST", f"/api/v1/jobs/{ID}/move", Handler.move),
    ("POST", f"/api/v1/jobs/{ID}/cancel", Handler.cancel),
    ("GET", f"/api/v1/jobs/{ID}/events", Handler.events),
    ("GET", f"/api/v1/jobs/{ID}/files/([\\w.]+)", Handler.file),
    ("GET", "/api/v1/events", Handler.events),
    ("POST", "/api/v1/uploads", Handler.upload),
    ("GET", f"/api/v1/uploads/{ID}", Handler.read_upload),
]


class StandIn(ThreadingHTTPServer):
    """`films`: what is made, by turns. `maker.go_on` holds and frees the worker; `offline` makes the server silent;
    another `key` ends the streams of the one before; `faults` refuses and holds answers."""
    daemon_threads = True

    def __init__(self, films, port=0, key="", step_seconds=0.05):
        super().__init__(("127.0.0.1", port), Handler)
        self.films, self.key, self.offline, self.jobs, self.faults = films, key, False, Jobs(), Faults()
        self.maker = Maker(self.jobs, films, step_seconds)
        self.maker.start()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.offline = self.maker.ended = True
        self.shutdown()
        self.server_close()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"

    def add_film(self, film, **request):
        """A film that is already there."""
        job = self.jobs.submit({"prompt": film.caption, **request})
        with self.jobs.lock:
            job["started_ms"] = job["created_ms"]
        self.jobs.finish(job, "succeeded", files_of(film))
        return job["id"]

    def add_silently(self, film):
        """A film of whose coming no event tells."""
        self.jobs.silent = True
        job = self.add_film(film)
        self.jobs.silent = False
        return job


def main():
    with tempfile.TemporaryDirectory() as folder:
        films = film_source.render(os.environ["PHONOFILM_PROGRAM"], folder, count=6)
    server = StandIn(films, int(sys.argv[1]) if len(sys.argv) > 1 else 7788, "".join(sys.argv[2:3]), step_seconds=1.0)
    for seed, film in enumerate(films):
        server.add_film(film, seed=seed)
    print(server.address, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
