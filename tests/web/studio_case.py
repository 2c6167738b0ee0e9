"""What the tests of the page share: a browser, a server of their own, and what is looked at after each test."""
import unittest

import stand_in_server

BALLS = "a red rubber ball falls and bounces twice"


class Studio(unittest.TestCase):
    """One browser for all tests, and a server with three films for each."""
    key = ""
    films, browser = [], None  # set by studio_test.py

    def setUp(self):
        self.server = stand_in_server.StandIn(self.films, key=self.key, step_seconds=0.03)
        self.addCleanup(self.server.stop)
        self.ids = [self.server.add_film(film, seed=seed) for seed, film in enumerate(self.films)]
        self.browser.show(1440, 900)
        self.browser.requested()
        self.browser.logs("browser")
        self.browser.devtools("Storage.clearDataForOrigin", origin=self.server.address, storageTypes="all")
        self.open("")
        self.browser.find("#key" if self.key else ".film-card")

    def tearDown(self):
        outside = [url for url in self.browser.requested() if not url.startswith((self.server.address, "blob:",
            "data:"))]
        self.assertEqual(outside, [], "requests that leave the machine")
        unexpected = [entry["message"] for entry in self.browser.logs("browser")
            if not self.expected_in_console(entry["message"])]
        self.assertEqual(unexpected, [], "messages in the console")
        self.browser.open("about:blank")

    def expected_in_console(self, message):
        """Browsers report every answer that is an error, also where the page deals with it."""
        return "Failed to load resource" in message and any(f"status of {code}" in message for code in self.answers)

    answers = ()

    def open(self, hash):
        self.browser.open("about:blank")
        self.browser.open(f"{self.server.address}/{hash}")

    def states(self):
        return [job["state"] for job in self.server.jobs.jobs.values()][len(self.ids):]

    def make(self, prompt):
        self.browser.write("#prompt", prompt)
        self.browser.click("#make")

    def hold_worker(self):
        """Jobs wait from now on, but for one that runs and stands still."""
        self.server.maker.go_on.clear()
        self.addCleanup(self.server.maker.go_on.set)

    def queue_of(self, *prompts):
        self.hold_worker()
        self.server.jobs.submit({"prompt": "the one that runs"})
        jobs = [self.server.jobs.submit({"prompt": prompt}) for prompt in prompts]
        self.browser.until(lambda: self.browser.count(".job.waiting") == len(prompts), f"{len(prompts)} waiting films")
        return [job["id"] for job in jobs]

    def waiting(self):
        return self.browser.texts(".job.waiting .job-prompt")
