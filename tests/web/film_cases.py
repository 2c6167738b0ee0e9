"""Films are found, watched, compared and deleted; files and lists are given to new ones."""
import dataclasses
import json
import os
import tempfile

import films as film_source
import schema
from studio_case import BALLS, Studio


class Films(Studio):
    def test_words_and_settings_find_films(self):
        self.server.add_film(self.films[0], seed=77)
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
        truth = json.loads(self.films[0].settings)["measured"]["impacts"][0]["time"]
        self.assertAlmostEqual(self.onset(), truth, delta=0.02)

    def test_of_offsets_that_were_not_measured_nothing_is_said(self):
        for measures in ({}, {"measured": {"impacts": [{"time": 0.5, "surface": "wood"}]}}):
            settings = json.dumps({"steps": 30, **measures}).encode()
            self.open(f"#/film/{self.server.add_film(dataclasses.replace(self.films[0], settings=settings))}")
            self.browser.until(lambda: "Made with" in self.browser.texts(".settings-table summary"), "the settings")
            self.browser.until(lambda: self.onset() is not None, "a waveform")
            self.assertEqual([self.browser.count(part) for part in (".together", ".mark", ".marks:not([hidden])")],
                [0, 0, 0])

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
        self.drop("first.png", "image/png", ".drop-zone.image", self.films[0].poster)
        self.browser.until_text(".attachments", "first.png")
        self.browser.until(lambda: len(self.server.jobs.uploads) == 1, "the upload")
        self.make(BALLS)
        self.browser.until(lambda: self.states(), "the job")
        self.assertEqual(list(self.server.jobs.jobs.values())[-1]["request"], {"prompt": BALLS, "image": "0" * 32})

    def test_a_voice_can_be_for_the_second_line_alone(self):
        self.drop("voice.wav", "audio/wav", "[data-input=voices]")
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
        self.browser.until_text(".attachments", "cut.mp4")
        self.assertEqual(self.browser.text(".attachment strong"), "Silent film")

    def test_a_film_is_given_to_be_followed_or_gone_on_from(self):
        self.drop("old.mp4", "video/mp4", "[data-input=extend]", self.films[0].film)
        self.browser.until(lambda: len(self.server.jobs.uploads) == 1, "the upload")
        self.make(BALLS)
        self.browser.until(lambda: self.states(), "the job")
        self.assertEqual(self.asked(), {"prompt": BALLS, "extend": "0" * 32})

    def test_a_shown_film_goes_on_or_is_made_again_in_part(self):
        prompt = self.films[0].caption
        self.open(f"#/film/{self.ids[0]}")
        self.browser.until(lambda: self.browser.run("return document.querySelector('video')?.duration > 1"), "the film")
        self.browser.run("document.querySelector('video').currentTime = 0.75")
        self.click_words("Retake moment")
        self.browser.until_text(".chips", "Retake: 0.50-1.00")
        self.browser.click("#make")
        self.browser.until(lambda: self.states(), "the job")
        self.assertEqual(self.asked(), {"prompt": prompt, "of": f"{self.ids[0]}/film.mp4", "retake": "0.50-1.00"})
        self.open(f"#/film/{self.ids[0]}")
        self.click_words("Go on")
        self.browser.until_text(".attachments", "Go on from")
        self.browser.click("#make")
        self.browser.until(lambda: "extend" in self.asked(), "the second job")
        self.assertEqual(self.asked(), {"prompt": prompt, "extend": f"{self.ids[0]}/film.mp4"})

    def test_a_silent_film_goes_on_silently(self):
        film = self.server.add_film(self.films[0], audio=False)
        self.open(f"#/film/{film}")
        self.click_words("Go on")
        self.browser.until_text(".attachments", "Go on from")
        self.browser.click("#make")
        self.browser.until(lambda: "extend" in self.asked(), "the job")
        self.assertEqual(self.asked(), {"prompt": self.films[0].caption, "audio": False, "extend": f"{film}/film.mp4"})

    def test_what_the_model_cannot_be_given_is_not_offered(self):
        self.assertEqual(self.browser.count("[title='last picture']"), 1)
        schema.MODELS["models"][0]["takes"].remove("last_image")
        self.addCleanup(schema.MODELS["models"][0]["takes"].append, "last_image")
        self.open("")
        self.browser.find("[title='first frame']")
        self.assertEqual(self.browser.count("[title='last picture']"), 0)

    def test_further_prompts_stand_on_lines_of_their_own(self):
        self.browser.click("[aria-controls=settings]")
        self.browser.write("[data-field=then] textarea", "it rolls, slowly\nit stops")
        self.make(BALLS)
        self.browser.until(lambda: self.states(), "the job")
        self.assertEqual(self.asked(), {"prompt": BALLS, "then": ["it rolls, slowly", "it stops"]})

    def asked(self):
        return list(self.server.jobs.jobs.values())[-1]["request"]

    def click_words(self, words):
        click = """
          const button = [...document.querySelectorAll('button')].find((one) => one.textContent === arguments[0]);
          button?.click();
          return button !== undefined;"""
        self.browser.until(lambda: self.browser.run(click, words), f"a button '{words}'")

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
