#!/usr/bin/env python3
"""Takes the pictures of docs/studio.md, with the stand-in server and films of the rendered world. Before they are kept,
their colours are reduced to 256: ffmpeg -i IN -vf split[a][b],[b]palettegen[p],[a][p]paletteuse=dither=none OUT

    PHONOFILM_PROGRAM=build/release/src/phonofilm/cli/phonofilm tests/web/screenshots.py [FOLDER=docs/images]
"""
import os
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
import films as film_source  # noqa: E402
import stand_in_server  # noqa: E402
import webdriver  # noqa: E402

SCENES = ("talker", "xylophone", "car", "two_talkers", "lamp", "hard_impacts", "rain", "impacts")
SPEECH = "a woman in a green shirt says <S>hello, three seven<E> while rain falls"


def render():
    with tempfile.TemporaryDirectory() as folder:
        program = os.environ["PHONOFILM_PROGRAM"]
        return [film for seed, scene in enumerate(SCENES)
                for film in film_source.render(program, Path(folder) / scene, 1, scene, seed=20 + seed, size=192)]


def settle(browser):
    """Waits for pictures, decoded sound and animations."""
    browser.find(".film-card img, .wave")
    time.sleep(1.5)


def studio(browser, server):
    browser.show(1280, 800, dark=True)
    browser.open(f"{server.address}/")
    browser.type("#prompt", SPEECH)
    for prompt in (server.films[5].caption, "a car passes from left to right", "a lamp is switched on and off twice"):
        server.jobs.submit({"prompt": prompt})
    browser.until_text(".job-progress", "step 6")
    server.maker.go_on.clear()
    settle(browser)


def studio_settings(browser, server):
    browser.show(1280, 800)
    browser.click("[aria-controls=settings]")
    browser.type("[data-field=steps] input", "40")
    browser.type("[data-field=align_guidance] input", "2")
    browser.run("document.activeElement.blur(); scrollTo(0, 0)")
    time.sleep(0.5)


def studio_film(browser, server):
    browser.show(1280, 800)
    browser.open("about:blank")
    browser.open(f"{server.address}/#/film/{server.shown[5]}")
    browser.find(".marks .mark")
    browser.run("document.querySelector('video').currentTime = 0.7")
    settle(browser)


def studio_comparison(browser, server):
    browser.show(1280, 800, dark=True)
    browser.open("about:blank")
    browser.open(f"{server.address}/#/compare/{server.shown[5]}/{server.shown[7]}")
    browser.find(".marks .mark")
    browser.run("document.querySelectorAll('video').forEach((video) => { video.currentTime = 0.6; })")
    settle(browser)


def studio_phone(browser, server):
    browser.show(390, 780, dark=True, touch=True)
    browser.open("about:blank")
    browser.open(f"{server.address}/")
    settle(browser)


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images")
    server = stand_in_server.StandIn(render(), step_seconds=0.4)
    server.shown = [server.add_film(one, seed=20 + number) for number, one in enumerate(server.films)]
    browser = webdriver.Browser()
    for view in (studio, studio_settings, studio_film, studio_comparison, studio_phone):
        view(browser, server)
        browser.screenshot(folder / f"{view.__name__}.png")
    browser.close()
    server.stop()


if __name__ == "__main__":
    main()
