"""The way to the server: it is busy, out of reach, late, or takes the key no longer; the page catches up."""
import time

from studio_case import BALLS, Studio

JOBS = "GET /api/v1/jobs"
ONE_JOB = f"{JOBS}/[0-9a-f]{{32}}"


class Busy(Studio):
    answers = (429, 503)

    def setUp(self):
        super().setUp()
        self.browser.until_text("#connection", "Connected")

    def test_a_film_is_shown_though_the_server_was_too_busy_to_be_asked_about_it(self):
        self.server.faults.refuse(ONE_JOB, 429, times=3)  # one more than events that tell of it
        self.server.add_film(self.films[0])
        self.browser.until(lambda: self.browser.count(".film-card") == 4, "the film")

    def test_missed_events_are_made_up_for_though_the_lists_were_refused_at_first(self):
        self.server.faults.refuse(f"{JOBS}\\?.*", 503, times=2)
        self.server.add_silently(self.films[0])
        self.server.jobs.reset()
        self.browser.until(lambda: self.browser.count(".film-card") == 4, "the film of which no event was heard")

    def test_a_film_is_asked_for_once_though_the_server_was_busy(self):
        self.server.faults.refuse("POST /api/v1/jobs", 429, times=2)
        self.make(BALLS)
        self.browser.until(lambda: self.browser.count(".film-card") == 4, "the film")
        self.assertEqual(len(self.states()), 1)

    def test_a_late_list_does_not_bring_a_deleted_film_back(self):
        held = self.server.faults.hold(f"{JOBS}\\?state=succeeded&limit=60")
        self.addCleanup(held.release.set)
        self.server.jobs.reset()
        self.assertTrue(held.reached.wait(10), "the list is asked for")
        self.server.jobs.delete(self.server.jobs.jobs[self.ids[0]])
        self.browser.until(lambda: self.browser.count(".film-card") == 2, "the deleted film to go")
        held.release.set()
        lists = "return performance.getEntriesByType('resource').filter(({name}) => name.endsWith('&limit=60')).length"
        self.browser.until(lambda: self.browser.run(lists) == 2, "the list")
        time.sleep(0.3)  # the page shows what it takes from an answer a frame later
        self.assertEqual(self.browser.count(".film-card"), 2)


class Lost(Studio):
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


class Keys(Studio):
    key = "a-secret"
    answers = (401,)

    def give_key(self, key):
        self.browser.write("#key", "")
        self.browser.type("#key", key + "\n")

    def test_a_server_with_keys_is_asked_with_one_and_its_films_are_shown(self):
        self.give_key("wrong")
        self.browser.until_text(".dialog .problem", "The server does not take this key")
        self.give_key(self.key)
        loaded = "return document.querySelector('.film-card img')?.naturalWidth"
        self.browser.until(lambda: self.browser.run(loaded) == 192, "a poster")
        self.browser.click(".film-card:first-child .poster")
        width = "return document.querySelector('.film-main video')?.videoWidth"
        self.browser.until(lambda: self.browser.run(width) == 192, "the film")
        self.assertIsNone(self.browser.run("return localStorage.getItem('phonofilm.key')"))

    def test_a_key_that_is_revoked_is_said_and_another_one_asked_for(self):
        self.give_key(self.key)
        self.browser.until_text("#connection", "Connected")
        self.server.key = "another"  # which ends the stream of events
        self.browser.until_text("#banner", "The server does not take this key any more.")
        self.assertEqual(self.browser.text("#connection"), "Key refused")
        self.browser.click("#banner button")
        self.give_key("another")
        self.browser.until_text("#connection", "Connected")
        self.browser.until(lambda: self.browser.count(".film-card") == 3, "the films")


class KeyWanted(Studio):
    answers = (401,)

    def test_a_server_that_asks_for_a_key_from_now_on_gets_one(self):
        self.browser.until_text("#connection", "Connected")
        self.server.key = "a-secret"
        self.browser.until_text("#banner", "The server asks for a key.")
        self.browser.click("#banner button")
        self.browser.type("#key", "a-secret\n")
        self.browser.until_text("#connection", "Connected")
