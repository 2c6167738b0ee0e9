"""Films are made, changed, moved and cancelled; what goes wrong is said where it arises."""
from studio_case import BALLS, Studio


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
        self.server.add_film(self.films[0], seed=42, steps=12, text_guidance=4.5)
        self.browser.until(lambda: self.browser.count(".film-card") == 4, "the film")
        self.browser.click(".film-card:first-child .poster")
        self.browser.click(".film-actions .primary")
        self.browser.until_text(".chips", "Steps: 12")
        self.browser.press("Control", "Enter")
        self.browser.until(lambda: len(self.states()) == 2, "the repetition")
        again = list(self.server.jobs.jobs.values())[-1]["request"]
        self.assertEqual(again, {"prompt": self.films[0].caption, "seed": 42, "steps": 12, "text_guidance": 4.5})

    def test_a_prompt_that_reads_like_the_name_of_a_file_stays_a_prompt(self):
        job = self.server.add_film(self.films[0], image="image", prompt="image")
        self.server.jobs.give(job, "image", "image/png", self.films[0].poster)
        self.open(f"#/film/{job}")
        self.browser.click(".film-actions .primary")
        self.browser.until_text(".attachments", "as before")
        self.browser.click("#make")
        self.browser.until(lambda: len(self.states()) == 2, "the repetition")
        again = list(self.server.jobs.jobs.values())[-1]["request"]
        self.assertEqual(again, {"prompt": "image", "image": f"{job}/image"})

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

    def test_a_changed_film_keeps_its_files(self):
        self.queue_of("the first")
        with self.server.jobs.lock:
            job = self.server.jobs.submit({"prompt": "with a picture", "image": "image"})["id"]
            self.server.jobs.give(job, "image", "image/png", self.films[0].poster)
        self.browser.until(lambda: self.browser.count(".job.waiting") == 2, "both films")
        self.browser.click(f".job[data-id='{job}'] [aria-label='Change']")
        self.browser.until_text(".attachments", "Image")
        self.browser.type("#prompt", " to begin with")
        self.browser.click("#make")
        changed = "with a picture to begin with"
        self.browser.until(lambda: self.waiting() == ["the first", changed], "the changed prompt")
        self.assertEqual(self.server.jobs.jobs[job]["request"], {"prompt": changed, "image": "image"})

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
