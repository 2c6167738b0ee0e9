"""Chromium through chromedriver, in the words of the W3C's WebDriver protocol, with the standard library alone."""
import base64
import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key of an element's id (WebDriver, section 12)
KEYS = {"Control": "\ue009", "Enter": "\ue007", "Escape": "\ue00c", "Home": "\ue011", "ArrowRight": "\ue014",
    "Space": " "}
PATIENCE = 15  # seconds to wait for what must happen


def missing():
    """What is not installed, in words; '' when all is there."""
    absent = [name for name in ("chromium", "chromedriver") if not shutil.which(name)]
    return f"{' and '.join(absent)} not found (Debian: chromium, chromium-driver)" if absent else ""


# A microphone that beeps, no question about it, and nothing that asks servers of its own.
ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--mute-audio", "--hide-scrollbars", "--autoplay-policy=no-user-gesture-required",
             "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--disable-background-networking"]


class Browser:
    def __init__(self, width=1440, height=900, dark=False):
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, text=True)
        self.base = f"http://127.0.0.1:{self._port()}"
        wanted = {"browserName": "chrome", "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
                  "goog:chromeOptions": {"binary": shutil.which("chromium"), "args": ARGUMENTS}}
        session = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.base += f"/session/{session['sessionId']}"
        self.show(width, height, dark)

    def _port(self):
        for line in self.driver.stdout:
            found = re.search(r"started successfully on port (\d+)", line)
            if found:
                return found[1]
        raise RuntimeError("chromedriver did not start")

    def _call(self, method, path, body=None):
        data = None if method in ("GET", "DELETE") else json.dumps(body or {}).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(json.load(error)["value"]["message"]) from None

    def close(self):
        self._call("DELETE", "")
        self.driver.terminate()
        self.driver.wait(PATIENCE)
        self.driver.stdout.close()

    def show(self, width, height, dark=False, touch=False):
        """A window of a size, in a theme."""
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
            mobile=touch)
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark
            else "light"}])

    def devtools(self, command, **parameters):
        return self._call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def open(self, url):
        self._call("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        """Runs a function body in the page; it may return a promise."""
        return self._call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def find(self, selector):
        """The first element that is there, waited for."""
        return self.until(lambda: self.run("return document.querySelector(arguments[0])", selector),
            f"an element {selector}")[ELEMENT]

    def click(self, selector):
        """Clicks when the element is there, stands still and is not covered; what lies under a bar is scrolled into the
        middle, as people do."""
        self.until(lambda: self._try_click(selector), f"a click on {selector}")

    def _try_click(self, selector):
        try:
            self._call("POST", f"/element/{self.find(selector)}/click")
            return True
        except RuntimeError as error:
            if "intercepted" in str(error):
                self.run("document.querySelector(arguments[0])?.scrollIntoView({block: 'center'})", selector)
                return False
            if "stale" in str(error) or "not interactable" in str(error):
                return False
            raise

    def type(self, selector, text):
        self._call("POST", f"/element/{self.find(selector)}/value", {"text": text})

    def write(self, selector, text):
        """Puts a text into a field in the place of what was there."""
        self.find(selector)
        self.run("const field = document.querySelector(arguments[0]); field.value = arguments[1];"
                 "field.dispatchEvent(new Event('input', {bubbles: true}))", selector, text)

    def texts(self, selector):
        return self.run("return [...document.querySelectorAll(arguments[0])].map((one) => one.innerText)", selector)

    def press(self, *names):
        """Keys together: press('Control', 'Enter')."""
        keys = [KEYS.get(name, name) for name in names]
        actions = [{"type": "keyDown", "value": key} for key in keys] + [{"type": "keyUp", "value": key}
            for key in reversed(keys)]
        self._call("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def drag(self, selector, x, y):
        """From the middle of an element by x and y pixels, in several steps."""
        element = {ELEMENT: self.find(selector)}
        steps = [{"type": "pointerMove", "duration": 30, "x": x // 4, "y": y // 4, "origin": "pointer"}] * 4
        moves = [{"type": "pointerMove", "duration": 0, "x": 0, "y": 0, "origin": element},
            {"type": "pointerDown", "button": 0}, *steps,
                 {"type": "pointerUp", "button": 0}]
        self._call("POST", "/actions", {"actions": [{"type": "pointer", "id": "mouse",
            "parameters": {"pointerType": "mouse"}, "actions": moves}]})

    def hover(self, selector):
        move = {"type": "pointerMove", "duration": 0, "x": 0, "y": 0, "origin": {ELEMENT: self.find(selector)}}
        self._call("POST", "/actions", {"actions": [{"type": "pointer", "id": "mouse",
            "parameters": {"pointerType": "mouse"}, "actions": [move]}]})

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def count(self, selector):
        return self.run("return document.querySelectorAll(arguments[0]).length", selector)

    def until(self, test, what, patience=PATIENCE):
        """What a test returns once it is true."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            value = test()
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError(f"waited {patience} s for {what}; the page says: {self.text('body')[:600]!r}")

    def until_text(self, selector, words):
        self.until(lambda: words in self.text(selector), f"{words!r} in {selector}")

    def screenshot(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self._call("GET", "/screenshot")))

    def logs(self, kind):
        return self._call("POST", "/se/log", {"type": kind})

    def requested(self):
        """URLs of all requests since the last call."""
        messages = [json.loads(entry["message"])["message"] for entry in self.logs("performance")]
        return [message["params"]["request"]["url"] for message in messages
            if message["method"] == "Network.requestWillBeSent"]
