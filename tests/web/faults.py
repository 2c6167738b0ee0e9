"""What goes wrong with the stand-in server when a test asks for it. Requests are named as "GET /api/v1/jobs"."""
import re
import threading

CODES = {429: "rate_limit", 503: "store_unavailable"}


class Held:
    """Answers that are ready and wait: `reached` is set by the first, `release` lets all go."""

    def __init__(self):
        self.reached, self.release = threading.Event(), threading.Event()


class Faults:
    def __init__(self):
        self.lock = threading.Lock()
        self.refusals = []  # [pattern, status, how many times more]
        self.held = []      # (pattern, Held)

    def refuse(self, pattern, status, times):
        """The next requests that match are refused."""
        with self.lock:
            self.refusals.append([pattern, status, times])

    def refusal_of(self, request):
        """Status and code of the refusal of a request, which counts; None: it is answered."""
        with self.lock:
            for one in self.refusals:
                if one[2] > 0 and re.fullmatch(one[0], request):
                    one[2] -= 1
                    return one[1], CODES[one[1]]
        return None

    def hold(self, pattern):
        """Answers to requests that match are made, but not sent before the release."""
        held = Held()
        self.held.append((pattern, held))
        return held

    def wait(self, request):
        for pattern, held in self.held:
            if re.fullmatch(pattern, request):
                held.reached.set()
                held.release.wait(30)
