#!/usr/bin/env python3
"""The studio in Chromium: a film made from a sentence, watched, compared, cancelled and repeated; the queue, lists,
files, keys, errors; on a desktop and on a phone. No request may leave the machine, and the console must stay empty.

PHONOFILM_PROGRAM renders the films that the stand-in server gives out."""
import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import films as film_source  # noqa: E402
import webdriver  # noqa: E402
from film_cases import Files, Films  # noqa: E402, F401
from making_cases import Errors, Making, Queue  # noqa: E402, F401
from page_cases import Everywhere  # noqa: E402, F401
from studio_case import Studio  # noqa: E402
from way_cases import Busy, Keys, KeyWanted, Lost  # noqa: E402, F401

SKIPPED = 77  # what ctest takes for a skipped test


def main():
    if webdriver.missing():
        print(f"the studio is not tested: {webdriver.missing()}")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory() as folder:
        Studio.films = film_source.render(os.environ["PHONOFILM_PROGRAM"], folder, count=3)
    Studio.browser = webdriver.Browser()
    try:
        unittest.main()
    finally:
        Studio.browser.close()


if __name__ == "__main__":
    main()
