#!/usr/bin/env python3
"""The embedded page of `phonofilm serve` in Chromium: the embedded model makes a film from a sentence; it is previewed,
watched, cancelled, repeated and compared, also at phone width, and no request leaves the machine.

PHONOFILM_PROGRAM is the program; tests of single parts, with a server that stands in, are in studio_test.py."""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
import webdriver  # noqa: E402

SKIPPED = 77  # what ctest takes for a skipped test
BALLS = "on the left a blue metal ball bounces three times, on the right a yellow rubber ball bounces twice"
MODEL = Path(__file__).resolve().parents[2] / "models/mini"


class Server:
    """The program with one worker and an empty queue; ends with its folder."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        command = [os.environ["PHONOFILM_PROGRAM"], "serve", "--listen", "127.0.0.1:0", "--workers", "1",
                   "--model", MODEL, "--store", f"{self.folder.name}/queue", "--artifacts", f"{self.folder.name}/films"]
        self.log = open(f"{self.folder.name}/log", "w+")
        self.process = subprocess.Popen([str(part) for part in command], stdout=self.log, stderr=subprocess.STDOUT)

    def port(self):
        """The port, once the server listens; None until then."""
        found = re.search(r"serving on port (\d+)", Path(self.log.name).read_text(encoding="utf-8"))
        return found and int(found[1])

    def close(self):
        self.process.terminate()
        self.process.wait(60)
        self.log.close()
        self.folder.cleanup()


class Served(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.close)
        self.browser = webdriver.Browser()
        self.addCleanup(self.browser.close)
        self.address = f"http://127.0.0.1:{self.browser.until(self.server.port, 'the server')}"
        self.browser.open(f"{self.address}/")
        self.browser.find("#make")

    def make(self, prompt, steps=""):
        self.browser.write("#prompt", prompt)
        self.browser.write("[data-field=steps] input", str(steps))
        self.browser.click("#make")

    def films(self, count):
        self.browser.until(lambda: self.browser.count(".film-card") == count, f"{count} films", patience=90)

    def test_a_film_from_a_sentence(self):
        self.preview_and_cancel()
        self.watch_and_repeat()
        self.compare_on_a_phone()
        self.make_a_moment_again()
        outside = [url for url in self.browser.requested() if not url.startswith((self.address, "blob:", "data:"))]
        self.assertEqual(outside, [], "requests that leave the machine")
        self.assertEqual(self.browser.logs("browser"), [], "messages in the console")

    def preview_and_cancel(self):
        self.make(BALLS, steps=1000)
        for picture in (".preview-picture", ".preview-sound"):
            self.browser.until(lambda: self.browser.count(picture), f"a preview {picture}", patience=90)
        self.browser.click(".job.running [aria-label='Cancel this film']")
        self.browser.until_text(".job.cancelled", "Cancelled.")

    def watch_and_repeat(self):
        self.make(BALLS, steps=8)
        self.films(1)
        self.browser.click(".film-card .poster")
        self.browser.click(".play")
        moved = "const v = document.querySelector('video'); return v.currentTime > 0.2 && v.videoWidth > 0"
        self.browser.until(lambda: self.browser.run(moved), "a film that plays")
        self.browser.until(lambda: self.browser.run("return document.querySelector('.wave').width > 300"), "a waveform")
        self.strikes_are_marked()
        self.browser.click(".film-actions .primary")
        self.browser.until_text(".chips", "Steps: 8")
        self.browser.write("[data-field=seed] input", "5")
        self.browser.click("#make")
        self.films(2)

    def strikes_are_marked(self):
        """Every strike that the worker measured has its mark, which says when it was heard or that it was not."""
        settings = next(Path(self.server.folder.name, "films").glob("*/*/settings.json"))
        impacts = json.loads(settings.read_text(encoding="utf-8"))["measured"]["impacts"]
        self.assertGreater(len(impacts), 0, "strikes of two balls that bounce")
        self.browser.until(lambda: self.browser.count(".mark") == len(impacts), "a mark for each strike")
        unheard = sum(impact["offset_ms"] is None for impact in impacts)
        self.assertEqual(self.browser.texts(".mark-label").count("not heard"), unheard)

    def compare_on_a_phone(self):
        self.browser.show(390, 844, touch=True)
        for number in (1, 2):
            self.browser.click(f".film-card:nth-child({number}) input")
        self.browser.click(".choice .primary")
        self.browser.until_text(".differences .different", "Seed")
        self.assertEqual(self.browser.run("return document.documentElement.scrollWidth"), 390)

    def make_a_moment_again(self):
        self.browser.open(f"{self.address}/")
        self.browser.click(".film-card .poster")
        self.browser.until(lambda: self.browser.run("return document.querySelector('video')?.duration > 1"), "the film")
        self.browser.run("document.querySelector('video').currentTime = 1")
        self.browser.click("[title='What is shown now is made again']")
        self.browser.until_text(".chips", "Retake: 0.75-1.25")
        self.browser.click("#make")
        self.films(3)
        settings = [json.loads(path.read_text(encoding="utf-8"))
            for path in Path(self.server.folder.name, "films").glob("*/*/settings.json")]
        kept = [one["kept"] for one in settings if "kept" in one]
        self.assertEqual(kept, [{"as": "retake", "file": "of", "picture": [[0.0, 0.75], [1.25]],
            "sound": [[0.0, 0.75], [1.25]]}])


if __name__ == "__main__":
    if webdriver.missing():
        print(f"the served page is not tested: {webdriver.missing()}")
        sys.exit(SKIPPED)
    unittest.main()
