#!/usr/bin/env python3
"""The studio in Chromium: a film made from a sentence, watched, compared, cancelled and repeated; the queue, lists,
files, keys,
errors; on a desktop and on a phone. No request may leave the machine, and the console must stay empty.

PHONOFILM_PROGRAM renders the films that the stand-in server gives out."""
import os
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
import films as film_source  # noqa: E402
import stand_in_server  # noqa: E402
import webdriver  # noqa: E402

SKIPPED = 77  # what ctest takes for a skipped test
BALLS = "a red rubber ball falls and bounces twice"


def setUpModule():
    global FILMS, BROWSER
    with tempfile.TemporaryDirectory() as folder:
        FILMS = film_source.render(os.environ["PHONOFILM_PROGRAM"], folder, count=3)
    BROWSER = webdriver.Browser()
    unittest.addModuleCleanup(BROWSER.close)


class Studio(unittest.TestCase):
    """One browser for all tests, and a server with three films for each."""
    key = ""

    def setUp(self):
        self.server = stand_in_server.StandIn(FILMS, key=self.key, step_seconds=0.03)
        self.addCleanup(self.server.stop)
        self.ids = [self.server.add_film(film, seed=seed) for seed, film in enumerate(FILMS)]
        self.browser = BROWSER
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


class Making(Studio):
    def test_a_film_is_made_from_a_sentence_and_watched(self):
        self.hold_worker()
        self.make(BALLS)
        self.browser.until(lambda: self.browser.count(".job.running") == 1, "a running film")
        self.server.maker.go_on.set()
        self.browser.until(lambda: self.browser.count(".film-card") == 4, "a fourth poster")
        self.browser.until_text("#toasts", f"Finished: {BALLS}")
        self.assertEqual(self.browser.text("#announcer"), f"Finished: {BALLS}")
        self.browser.click(".film-card:first-child .poster")
        self.browser.until_text(".film-prompt", BALLS)
        self.browser.click(".play")
        moved = "const v = document.querySelector('video'); return v.currentTime > 0.2 && !v.paused && v.videoWidth"
        self.browser.until(lambda: self.browser.run(moved) == 192, "a film that plays")

    def test_previews_of_picture_and_sound_appear_while_denoising(self):
        self.server.maker.step_seconds = 0.15
        self.make(BALLS)
        self.browser.find(".preview-picture")
        self.browser.find(".preview-sound")
        self.browser.until_text(".job.running", "of 8")
        first = self.browser.run("return document.querySelector('.preview-picture').src")
        self.browser.until(lambda: self.browser.run("return document.querySelector('.preview-picture')?.src") != first,
            "a newer preview")

    def test_several_takes_have_consecutive_seeds(self):
        self.browser.run("document.querySelector('#takes').value = 3")
        self.make(BALLS)
        self.browser.until(lambda: len(self.states()) == 3, "three jobs")
        requests = [job["request"] for job in self.server.jobs.jobs.values()][3:]
        self.assertEqual([request.get("seed", 0) for request in requests], [0, 1, 2])

    def test_a_film_is_repeated_with_its_settings(self):
        self.server.add_film(FILMS[0], seed=42, steps=12, text_guidance=4.5)
        self.browser.until(lambda: self.browser.count(".film-card") == 4, "the film")
        self.browser.click(".film-card:first-child .poster")
        self.browser.click(".film-actions .primary")
        self.browser.until_text(".chips", "Steps: 12")
        self.browser.press("Control", "Enter")
        self.browser.until(lambda: len(self.states()) == 2, "the repetition")
        again = list(self.server.jobs.jobs.values())[-1]["request"]
        self.assertEqual(again, {"prompt": FILMS[0].caption, "seed": 42, "steps": 12, "text_guidance": 4.5})

    def test_a_draft_outlives_a_reload(self):
        self.browser.type("#prompt", "half a sen")
        self.open("")
        self.browser.find(".film-card")
        self.assertEqual(self.browser.run("return document.querySelector('#prompt').value"), "half a sen")


class Errors(Studio):
    answers = (400, 409, 415)

    def test_an_empty_prompt_and_marks_without_their_partner_are_said_under_the_prompt(self):
        self.browser.click("#make")
        self.browser.until_text("#prompt-problem", "Say in a sentence")
        self.make("she says <S>hello")
        self.browser.until_text("#prompt-problem", "does not end: put <E>")
        self.assertEqual(self.states(), [])

    def test_a_value_out_of_range_is_said_beside_its_field(self):
        self.browser.click("[aria-controls=settings]")
        self.browser.type("[data-field=seconds] input", "700")
        self.browser.until_text("[data-field=seconds]", "Seconds must be at most 600")
        self.make(BALLS)
        self.assertEqual(self.states(), [])

    def test_what_the_server_refuses_is_said_beside_its_field(self):
        self.browser.run("document.querySelector('[data-field=steps] input').removeAttribute('max')")
        refuse = {"error": {"message": "[options] request: steps must suit the solver", "param": "steps",
            "code": "invalid_value"}}
        self.browser.run("""const real = window.fetch; window.fetch = (path, options) => options?.method === 'POST'
          ? Promise.resolve(new Response(JSON.stringify(arguments[0]), {status: 400})) : real(path, options)""", refuse)
        self.make(BALLS)
        self.browser.until_text("[data-field=steps]", "Steps must suit the solver")

    def test_a_failed_film_says_why(self):
        self.make("please fail")
        self.browser.until_text(".job.failed", "The worker was killed: out of memory; ask for a smaller picture")
        self.browser.click(".job.failed [aria-label='Remove']")
        self.browser.until(lambda: self.browser.count(".job.failed") == 0, "the failed film to go")

    def test_a_lost_server_is_said_and_found_again(self):
        self.browser.until_text("#connection", "Connected")
        self.server.offline = True
        self.browser.until_text("#banner", "The server cannot be reached")
        self.server.offline = False
        self.browser.click("#banner button")
        self.browser.until_text("#connection", "Connected")
        self.server.jobs.submit({"prompt": "made meanwhile"})
        self.browser.until(lambda: self.browser.count(".film-card") == 4, "what happened meanwhile")

    def expected_in_console(self, message):
        return super().expected_in_console(message) or "ERR_" in message  # connections that were cut


class Queue(Studio):
    def test_waiting_films_are_cancelled_and_changed(self):
        first, second = self.queue_of("the first", "the second")
        self.browser.click(f".job[data-id='{first}'] [aria-label='Cancel this film']")
        self.browser.until(lambda: self.waiting() == ["the second"], "the first to go")
        self.browser.click(f".job[data-id='{second}'] [aria-label='Change']")
        self.browser.type("#prompt", " and last")
        self.browser.click("#make")
        self.browser.until(lambda: self.waiting() == ["the second and last"], "the changed prompt")
        self.assertEqual(self.server.jobs.jobs[second]["request"]["prompt"], "the second and last")

    def test_a_running_film_is_cancelled(self):
        self.queue_of()
        self.browser.click(".job.running [aria-label='Cancel this film']")
        self.browser.until_text(".job.cancelled", "Cancelled.")
        self.assertEqual(self.states(), ["cancelled"])

    def test_waiting_films_change_places_by_buttons_and_by_dragging(self):
        one, two, three = self.queue_of("one", "two", "three")
        self.browser.click(f".job[data-id='{three}'] [aria-label='Earlier']")
        self.browser.until(lambda: self.waiting() == ["one", "three", "two"], "three in the second place")
        self.browser.drag(f".job[data-id='{one}'] .grip", 0, 140)
        self.browser.until(lambda: self.waiting() == ["three", "two", "one"], "one in the last place")
        self.browser.until(lambda: self.server.jobs.order == [three, two, one], "the server's order")
        self.open("")
        self.browser.until(lambda: self.waiting() == ["three", "two", "one"], "the order after a reload")


class Films(Studio):
    def test_words_and_settings_find_films(self):
        self.server.add_film(FILMS[0], seed=77)
        self.browser.until(lambda: self.browser.count(".film-card") == 4, "four films")
        self.browser.type("#search", "seed:77")
        self.browser.until(lambda: self.browser.count(".film-card") == 1, "one film")
        self.browser.write("#search", "no such words")
        self.browser.until_text(".gallery .empty", "No film has these words.")

    def test_the_time_line_shows_sound_and_measured_offsets(self):
        self.open(f"#/film/{self.ids[0]}")
        self.browser.until(lambda: self.browser.count(".mark") >= 2, "marks of strikes")
        self.assertIn("+6", self.browser.text(".mark:first-child .mark-label"))
        self.browser.until(lambda: self.onset() is not None, "a waveform")
        truth = film_source.json.loads(FILMS[0].settings)["figures"]["impacts"][0]["time"]
        self.assertAlmostEqual(self.onset(), truth, delta=0.02)

    def onset(self):
        """Seconds at which the drawn waveform first leaves silence; None: it never does."""
        return self.browser.run("""
          const wave = document.querySelector('.wave'), video = document.querySelector('video');
          if (!wave?.width || !video.duration) return null;
          const copy = new OffscreenCanvas(wave.width, wave.height).getContext('2d', {willReadFrequently: true});
          copy.drawImage(wave, 0, 0);
          const {data} = copy.getImageData(0, Math.round(wave.height * 0.4), wave.width, 1);
          for (let x = 0; x < wave.width; ++x) if (data[4 * x + 3] > 0) return x / wave.width * video.duration;
          return null""")

    def test_keys_play_and_step(self):
        self.open(f"#/film/{self.ids[0]}")
        self.browser.until(lambda: self.browser.run("return document.querySelector('video')?.duration > 0"), "the film")
        for _ in range(3):
            self.browser.press("ArrowRight")
        self.browser.until(lambda: abs(self.time() - 3.5 / 24) < 0.01, "the middle of frame 3")
        self.browser.press("Home")
        self.browser.until(lambda: self.time() == 0, "the beginning")
        self.browser.press("Space")
        self.browser.until(lambda: self.time() > 0.1, "playback")
        self.browser.press("Escape")
        self.browser.until(lambda: self.browser.run("return !document.querySelector('#studio').hidden"), "the studio")

    def time(self):
        return self.browser.run("return document.querySelector('video').currentTime")

    def test_two_films_are_compared_in_step(self):
        for number in (1, 2):
            self.browser.click(f".film-card:nth-child({number}) input")
        self.browser.click(".choice .primary")
        self.browser.until(lambda: self.browser.count(".compared video") == 2, "two films")
        ready = "return [...document.querySelectorAll('video')].every((video) => video.readyState >= 3)"
        self.browser.until(lambda: self.browser.run(ready), "both")
        self.browser.click(".play")
        self.browser.until(lambda: self.time() > 0.5, "playback")
        apart = "const [a, b] = document.querySelectorAll('video'); return Math.abs(a.currentTime - b.currentTime)"
        self.assertLess(self.browser.run(apart), 0.15)
        self.assertEqual(self.browser.run("return [...document.querySelectorAll('video')].map((v) => v.muted)"),
            [False, True])
        self.browser.click(".compared:nth-child(2) input")
        self.assertEqual(self.browser.run("return [...document.querySelectorAll('video')].map((v) => v.muted)"),
            [True, False])
        self.assertIn("Seed", " ".join(self.browser.texts(".differences .different")))

    def test_a_film_is_deleted_after_a_question(self):
        self.open(f"#/film/{self.ids[0]}")
        self.browser.click(".film-actions .danger")
        self.browser.click(".dialog .danger")
        self.browser.until(lambda: self.browser.count(".film-card") == 2, "two films left")
        self.assertNotIn(self.ids[0], self.server.jobs.jobs)


class Files(Studio):
    answers = (415,)

    def drop(self, name, kind, zone, data=b"bytes"):
        self.browser.run("""
          const files = new DataTransfer();
          files.items.add(new File([new Uint8Array(arguments[3])], arguments[0], {type: arguments[1]}));
          const send = (target, name) => target.dispatchEvent(new DragEvent(name,
              {dataTransfer: files, bubbles: true, cancelable: true}));
          send(document.body, 'dragenter');
          send(document.querySelector(arguments[2]) ?? document.body,
              'drop');""", name, kind, zone, list(data))

    def test_a_picture_is_dropped_and_goes_with_the_film(self):
        self.drop("first.png", "image/png", ".drop-zone.image", FILMS[0].poster)
        self.browser.until_text(".attachments", "first.png")
        self.browser.until(lambda: len(self.server.jobs.uploads) == 1, "the upload")
        self.make(BALLS)
        self.browser.until(lambda: self.states(), "the job")
        self.assertEqual(list(self.server.jobs.jobs.values())[-1]["request"], {"prompt": BALLS, "image": "0" * 32})

    def test_a_voice_can_be_for_the_second_line_alone(self):
        self.drop("voice.wav", "audio/wav", ".drop-zone.audio")
        self.browser.until(lambda: len(self.server.jobs.uploads) == 1, "the upload")
        self.browser.click("[aria-label='For the next line instead']")
        self.make("he says <S>one<E>, she says <S>two<E>")
        self.browser.until(lambda: self.states(), "the job")
        self.assertEqual(list(self.server.jobs.jobs.values())[-1]["request"]["voices"], ["", "0" * 32])

    def test_a_dropped_film_gives_its_settings(self):
        with tempfile.TemporaryDirectory() as folder:
            film = film_source.generate(os.environ["PHONOFILM_PROGRAM"], folder, BALLS, seed=7, steps=2)
        self.drop("old.mp4", "video/mp4", "body", film)
        self.browser.until_text("#toasts", "The settings of old.mp4 were taken over.")
        self.browser.until_text(".chips", "Steps: 2")
        self.assertIn("Seed: 7", self.browser.text(".chips"))
        self.assertEqual(self.browser.run("return document.querySelector('#prompt').value"), BALLS)
        self.drop("cut.mp4", "video/mp4", "body", film[:900])
        self.browser.until_text("#toasts", "Nothing here takes cut.mp4.")

    def test_a_file_that_nothing_takes_is_refused_in_words(self):
        self.drop("notes.pdf", "application/pdf", "body")
        self.browser.until_text("#toasts", "Nothing here takes notes.pdf")

    def test_a_voice_is_recorded_as_a_wav_file(self):
        self.browser.click("[aria-label='Record: Voices']")
        self.browser.click(".record")
        self.browser.until(lambda: float(self.browser.text(".record-time").split()[0]) > 0.5, "half a second of sound")
        self.browser.click(".record")
        self.browser.until(lambda: len(self.server.jobs.uploads) == 1, "the upload")
        kind, name, data = self.server.jobs.uploads["0" * 32]
        self.assertEqual((kind, name, data[:4], data[8:12]), ("audio/wav", "recording.wav", b"RIFF", b"WAVE"))
        rate, bits = int.from_bytes(data[24:28], "little"), int.from_bytes(data[34:36], "little")
        self.assertEqual((rate, bits), (16000, 16))
        self.assertGreater(len(data), 0.4 * 2 * rate)

    def test_a_list_is_checked_line_by_line_and_queued(self):
        self.browser.click("[title^='Films from a CSV']")
        rows = 'prompt,seed,colour\n"a ball, red",7,\nanother,x,\nthird,1,blue\n\n"two\nlines",2,\n'
        self.browser.write("#batch-text", rows)
        lines = """return [...document.querySelectorAll('.batch-rows tbody tr')].map(({cells}) =>
          [cells[0].innerText, cells[3].innerText])"""
        self.assertEqual(self.browser.run(lines), [["2", "ready"], ["3", "Seed must be a number."], ["4",
            'There is no setting "colour".'],
                                                   ["6", "ready"]])
        self.browser.click(".dialog-foot .primary")
        self.browser.until_text(".batch-summary", "2 queued, 2 lines cannot be used")
        requests = [job["request"] for job in self.server.jobs.jobs.values()][3:]
        self.assertEqual(requests, [{"prompt": "a ball, red", "seed": 7}, {"prompt": "two\nlines", "seed": 2}])


class Keys(Studio):
    key = "a-secret"
    answers = (401,)

    def test_a_server_with_keys_is_asked_with_one_and_its_films_are_shown(self):
        self.browser.type("#key", "wrong\n")
        self.browser.until_text(".dialog .problem", "The server does not take this key")
        self.browser.write("#key", "")
        self.browser.type("#key", self.key + "\n")
        loaded = "return document.querySelector('.film-card img')?.naturalWidth"
        self.browser.until(lambda: self.browser.run(loaded) == 192, "a poster")
        self.browser.click(".film-card:first-child .poster")
        width = "return document.querySelector('.film-main video')?.videoWidth"
        self.browser.until(lambda: self.browser.run(width) == 192, "the film")
        self.assertIsNone(self.browser.run("return localStorage.getItem('phonofilm.key')"))
        self.server.key = "another"
        self.browser.click(".film-actions .danger")
        self.browser.click(".dialog .danger")
        self.browser.until_text("#banner", "The server does not take this key any more.")


class Everywhere(Studio):
    def test_a_phone_shows_all_without_scrolling_sideways(self):
        self.browser.show(390, 844, touch=True)
        for hash in ("", f"#/film/{self.ids[0]}", f"#/compare/{self.ids[0]}/{self.ids[1]}"):
            self.open(hash)
            self.browser.find("video, .film-card")
            self.assertEqual(self.browser.run("return document.documentElement.scrollWidth"), 390, hash)
        self.open("")
        self.browser.find(".film-card")
        self.make(BALLS)
        self.browser.until(lambda: self.browser.count(".film-card") == 4, "the film")

    def test_all_controls_have_names_and_ids_are_unique(self):
        self.queue_of("one", "two")
        for hash in ("", f"#/film/{self.ids[0]}", f"#/compare/{self.ids[0]}/{self.ids[1]}"):
            self.open(hash)
            self.browser.find("video, .film-card")
            nodes = self.browser.devtools("Accessibility.getFullAXTree")["nodes"]
            roles = ("button", "link", "textbox", "spinbutton", "combobox", "checkbox", "radio", "slider", "switch",
                "searchbox", "image")
            nameless = [node["role"]["value"] for node in nodes if not node["ignored"]
                and node["role"]["value"] in roles
                        and not node.get("name", {}).get("value")]
            self.assertEqual(nameless, [], hash)
            double = """const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);
              return ids.filter((id, i) => ids.indexOf(id) !== i)"""
            self.assertEqual(self.browser.run(double), [], hash)

    def test_text_has_enough_contrast_in_both_themes(self):
        for dark in (False, True):
            self.browser.show(1440, 900, dark)
            pairs = self.browser.run(CONTRAST)
            self.assertGreater(len(pairs), 10)
            self.assertEqual([pair for pair in pairs if pair[2] < 4.5], [], "dark" if dark else "light")

    def test_the_event_parser_joins_what_the_network_cuts(self):
        events = self.browser.run("""return import('/server/events.js').then(({EventParser}) => {
          const parser = new EventParser();
          const text = 'id: 7\\r\\nevent: job\\ndata: {"a":\\ndata: 1}\\n\\n: beat\\n\\ndata: x\\n\\nid: 9\\n';
          return [...text].flatMap((letter) => parser.push(letter));
        })""")
        self.assertEqual(events, [{"id": "7", "event": "job", "data": '{"a":\n1}'}, {"event": "message", "data": "x"}])

    def test_the_spectrogram_finds_a_tone(self):
        band = self.browser.run("""return import('/film/fourier.js').then(({spectrogram}) => {
          const tone = Float32Array.from({length: 48000}, (_, i) => 0.5 * Math.sin(2 * Math.PI * 1125 * i / 48000));
          const levels = spectrogram(tone, 48000, {columns: 10, bands: 96}).slice(5 * 96, 6 * 96);
          const loudest = levels.indexOf(Math.max(...levels));
          return [loudest, levels[loudest]];
        })""")
        # 1125 Hz, the middle of bin 24 of 1024, are 2595 log10(1 + 1125 / 700) = 1080 mel of 4016; half of full scale
        # is -6 dB.
        self.assertAlmostEqual(band[0], 96 * 1080 / 4016, delta=1)
        self.assertAlmostEqual(band[1], -6.02, delta=0.1)


# Contrast (WCAG 2.2) of the page's colours for text on the grounds that they stand on.
CONTRAST = """
  const probe = document.body.appendChild(document.createElement('i'));
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
  const color = (name) => { probe.style.setProperty('color',
      `var(--${name})`); canvas.fillStyle = getComputedStyle(probe).color;
    canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3); };
  const light = (rgb) => rgb.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ratio = (a, b) => { const [x, y] = [light(color(a)),
      light(color(b))].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
  const grounds = {ink: ['paper', 'card', 'raised'], 'ink-soft': ['paper', 'card', 'raised'],
      picture: ['paper', 'card', 'picture-tint'],
    'on-picture': ['picture'], sound: ['paper', 'card', 'sound-tint'], bad: ['paper', 'card',
        'bad-tint'], fair: ['picture-tint', 'card']};
  const pairs = Object.entries(grounds).flatMap(([text, all]) => all.map((ground) => [text, ground,
      ratio(text, ground)]));
  probe.remove();
  return pairs;
"""


if __name__ == "__main__":
    if webdriver.missing():
        print(f"the studio is not tested: {webdriver.missing()}")
        sys.exit(SKIPPED)
    unittest.main()
