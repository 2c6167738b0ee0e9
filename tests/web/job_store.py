"""The stand-in's jobs: states, places, events and files, in memory. One lock guards everything."""
import secrets
import threading
import time

FINISHED = ("succeeded", "failed", "cancelled")


def now_ms():
    return int(1000 * time.time())


class Jobs:
    def __init__(self):
        self.lock = threading.Condition()
        self.jobs = {}      # id -> job, in the order of submission
        self.order = []     # ids of the waiting
        self.files = {}     # (job id, name) -> (type, bytes)
        self.events = []    # as sent: the sequence is the index + 1
        self.silent = False  # whether what happens makes no events
        self.keys = {}      # idempotency key -> id
        self.uploads = {}   # id -> (type, name, bytes)

    def submit(self, request, key=None):
        with self.lock:
            if key in self.keys:
                return self.jobs[self.keys[key]]
            job = {"id": secrets.token_hex(16), "owner": "local", "state": "queued", "request": request, "priority": 0,
                   "created_ms": now_ms(), "started_ms": None, "finished_ms": None, "expires_ms": None,
                   "progress": None, "attempts": 0,
                   "failure": None, "worker": None, "files": [], "inputs": [], "preview": None}
            self.jobs[job["id"]] = job
            self.order.append(job["id"])
            if key:
                self.keys[key] = job["id"]
            self._tell(job, "submitted")
            return job

    def give(self, job, name, kind, data):
        """A file that a job was given."""
        with self.lock:
            self.jobs[job]["inputs"] += self._publish(self.jobs[job], [(name, kind, data)])

    def start_next(self):
        """The next waiting job, now running; None: there is none."""
        with self.lock:
            if not self.order:
                return None
            job = self.jobs[self.order.pop(0)]
            job.update(state="running", started_ms=now_ms(), attempts=job["attempts"] + 1, worker="stand-in")
            self._tell(job, "started")
            return job

    def progress(self, job, stage, step, steps, eta_ms):
        """False: the job is no longer to be made."""
        with self.lock:
            if self.jobs.get(job["id"], {}).get("state") != "running":
                return False
            job["progress"] = {"stage": stage, "step": step, "steps": steps, "eta_ms": eta_ms}
            self._tell(job, "progress")
            return True

    def preview(self, job, files):
        with self.lock:
            sequence = (job["preview"] or {"sequence": 0})["sequence"] + 1
            job["preview"] = {"sequence": sequence, "files": self._publish(job, files)}

    def finish(self, job, state, files=(), failure=None):
        with self.lock:
            if self.jobs.get(job["id"], {}).get("state") in FINISHED or job["id"] not in self.jobs:
                return
            if job["id"] in self.order:
                self.order.remove(job["id"])
            job.update(state=state, finished_ms=now_ms(), progress=None, preview=None, failure=failure)
            job["files"] = self._publish(job, files)
            self._tell(job, state)

    def move(self, job, before):
        with self.lock:
            self.order.remove(job["id"])
            self.order.insert(len(self.order) if before is None else self.order.index(before), job["id"])
            self._tell(job, "moved")

    def edit(self, job, request):
        with self.lock:
            job["request"] = request
            self._tell(job, "edited")

    def delete(self, job):
        with self.lock:
            self.jobs.pop(job["id"])
            if job["id"] in self.order:
                self.order.remove(job["id"])
            self._tell(job, "deleted")

    def reset(self):
        """Tells every stream that events were missed."""
        with self.lock:
            self.events.append({"sequence": len(self.events) + 1, "job": None, "kind": "reset"})
            self.lock.notify_all()

    def position(self, job):
        return self.order.index(job["id"]) + 1 if job["id"] in self.order else None

    def page(self, state, limit, order, cursor):
        with self.lock:
            jobs = [job for job in self.jobs.values() if state in (None, job["state"])]
            if order == "place":
                jobs.sort(key=lambda job: self.order.index(job["id"]))
            else:
                jobs = jobs if order == "asc" else jobs[::-1]
            start = int(cursor or 0)
            rest = len(jobs) > start + limit
            return {"jobs": [dict(job) for job in jobs[start:start + limit]], "next": str(start + limit) if rest
                else None,
                    "sequence": len(self.events)}

    def _publish(self, job, files):
        """files: (name, type, bytes). The list of them as a job shows it."""
        for name, kind, data in files:
            self.files[job["id"], name] = (kind, data)
        return [{"name": name, "type": kind, "bytes": len(data), "url": f"/api/v1/jobs/{job['id']}/files/{name}"}
            for name, kind, data in files]

    def _tell(self, job, kind):
        if self.silent:
            return
        progress = job["progress"] or {"stage": None, "step": 0, "steps": 0, "eta_ms": None}
        self.events.append({"sequence": len(self.events) + 1, "job": job["id"], "kind": kind, "state": job["state"],
            **progress,
                            "preview": job["preview"] and job["preview"]["sequence"], "at_ms": now_ms()})
        self.lock.notify_all()
