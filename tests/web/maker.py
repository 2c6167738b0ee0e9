"""The stand-in's worker."""
import threading
import time

import films as film_source


class Maker(threading.Thread):
    """Walks through the jobs as a worker would: steps, previews, a film, or a failure when the prompt asks for one."""

    def __init__(self, jobs, films, step_seconds, steps=8):
        super().__init__(daemon=True)
        self.jobs, self.films, self.step_seconds, self.steps = jobs, films, step_seconds, steps
        self.go_on = threading.Event()
        self.go_on.set()
        self.ended = False

    def run(self):
        while not self.ended:
            job = self.jobs.start_next()
            if job:
                self.make(job)
            else:
                time.sleep(0.02)

    def make(self, job):
        film = self.film_for(job["request"])
        for step in range(1, self.steps + 1):
            time.sleep(self.step_seconds)
            self.go_on.wait()
            self.jobs.preview(job, self.pictures(film, step))
            if not self.jobs.progress(job, "denoise", step, self.steps,
                int(1000 * self.step_seconds * (self.steps - step))):
                return
        if "fail" in job["request"]["prompt"]:
            return self.jobs.finish(job, "failed",
                failure="[generate] the worker was killed: out of memory; ask for a smaller picture")
        self.jobs.finish(job, "succeeded", files_of(film))

    def film_for(self, request):
        said = [film for film in self.films if film.caption == request["prompt"]]
        return said[0] if said else self.films[request.get("seed", 0) % len(self.films)]

    def pictures(self, film, step):
        sigma = 1 - step / self.steps
        return [(name, "image/png", film_source.mixed_with_noise(picture, sigma ** 1.5, seed=step))
                for name, picture in (("preview.jpg", film.strip), ("preview_sound.jpg", film.sound))]


def files_of(film):
    return [("film.mp4", "video/mp4", film.film), ("poster.png", "image/png", film.poster),
        ("settings.json", "application/json", film.settings)]
