"""What the stand-in server says of itself: the fields of a request as docs/server_api.md has them, in the words of the
program."""

DEFAULT = "the model's default"


def field(name, kind, default, text, low=None, high=None, choices=None):
    return {"name": name, "type": kind, "default": default, "min": low, "max": high, "choices": choices, "help": text}


FIELDS = [
    field("prompt", "string", "", "what is to be seen and heard"),
    field("negative_prompt", "string", "", "what to stay away from; a blank (' ') for nothing at all"),
    field("seconds", "number", 0.0, f"length of the film; 0: {DEFAULT}", 0, 600),
    field("height", "integer", 0, f"pixels; 0: {DEFAULT}", 0, 16384),
    field("width", "integer", 0, f"pixels; 0: {DEFAULT}", 0, 16384),
    field("video", "boolean", True, "make a picture"),
    field("audio", "boolean", True, "make a sound"),
    field("seed", "integer", 0, "the same seed and settings make the same film", 0),
    field("noise", "string", "own", "how a seed becomes noise: this program's way, or the publisher's",
        choices=["own", "reference"]),
    field("steps", "integer", 0, f"sampling steps; 0: {DEFAULT}", 0, 1000),
    field("solver", "string", "default", "step rule of the sampler", choices=["default", "euler", "unipc", "dpmpp", "dpmpp_sde"]),
    field("shift", "number", 0.0, f"of the noise schedule, above 1 for more steps at high noise; 0: {DEFAULT}", 0, 100),
    field("sound_steps", "integer", -1,
          f"further steps that make the sound again under the finished picture, 0 for none; -1: {DEFAULT}", -1, 1000),
    field("sound_shift", "number", 0.0, f"of the noise schedule of these steps; 0: {DEFAULT}", 0, 100),
    field("text_guidance", "number", -1.0, f"how hard to follow the prompt, 1 for none; -1: {DEFAULT}", -1, 100),
    field("align_guidance", "number", -1.0, f"how hard picture and sound follow each other; -1: {DEFAULT}", -1, 100),
    field("timbre_guidance", "number", -1.0, f"how hard the sound follows the reference voices; -1: {DEFAULT}", -1,
        100),
    field("image", "string", "", "first frame"),
    field("last_image", "string", "", "last picture"),
    field("audio_file", "string", "", "a sound that the picture follows"),
    field("video_file", "string", "", "a film whose picture the sound follows"),
    field("extend", "string", "", "a film to go on from"),
    field("of", "string", "", "the film of which the moment 'retake' is made again"),
    field("retake", "string", "", "seconds A-B, as in 1.0-1.6, that are made again; all else is kept"),
    field("retake_only", "string", "both", "what of that moment is made again", choices=["both", "picture", "sound"]),
    field("then", "list of strings", [], "further prompts of a film in segments"),
    field("voices", "list of strings", [], "reference voices, one for each spoken line"),
    field("model", "string", "", "what the film is made with"),
    field("crf", "integer", 16, "picture quality of H.264: 1 best, 51 worst", 1, 51),
]

PICTURES = ["image/png", "image/jpeg", "image/webp"]
SOUNDS = ["audio/wav", "audio/flac", "audio/mpeg", "audio/mp4", "audio/ogg"]
FILMS = ["video/mp4", "video/webm", "video/quicktime"]


def taking(name, title, accept, text, most=1):
    return {"name": name, "title": title, "accept": accept, "many": most > 1, "max": most, "help": text}


INPUTS = [
    taking("image", "Image", PICTURES, "first frame"),
    taking("voices", "Voices", SOUNDS, "a reference voice for each spoken line", 8),
    taking("last_image", "Last image", PICTURES, "last picture"),
    taking("audio_file", "Sound", SOUNDS + FILMS, "a sound that the picture follows"),
    taking("video_file", "Silent film", FILMS, "a film whose picture the sound follows"),
    taking("extend", "Go on from", FILMS + SOUNDS, "a film to go on from"),
    taking("of", "Make again", FILMS + SOUNDS, "the film of which the moment 'retake' is made again")]

GROUPS = [
    {"title": "Film", "names": ["model", "seconds", "width", "height", "video", "audio", "then"]},
    {"title": "A moment made again", "names": ["retake", "retake_only"]},
    {"title": "Sampling", "names": ["seed", "steps", "solver", "shift", "sound_steps", "sound_shift", "noise"]},
    {"title": "Guidance", "names": ["negative_prompt", "text_guidance", "align_guidance", "timbre_guidance"]}]

SCHEMA = {"fields": FIELDS, "inputs": INPUTS, "groups": GROUPS}

MODELS = {"models": [{"id": "mini", "family": "nava", "width": 96, "height": 96, "fps": 24, "seconds": 2.0,
    "takes": [one["name"] for one in INPUTS], "default": True}]}

LIMITS = {"max_json_bytes": 1 << 20, "max_upload_bytes": 1 << 28, "max_prompt_characters": 32000, "max_queued": 20000,
          "max_queued_per_owner": 20000, "max_page": 100, "requests_per_second": 50,
          "burst": 200, "retention_hours": 168}

CAPABILITIES = {"api": "v1", "version": "0.1.0", "keys": False, "uploads": True, "previews": True, "videos_api": True,
                "scopes": ["read", "submit", "admin"], "owner": "local"}


def problem_of(request):
    """The first field that is unknown or out of range, and the words of the server; None: there is none."""
    known = {one["name"]: one for one in FIELDS}
    for name, value in request.items():
        if name not in known:
            return name, "unknown_field", f"[options] request: unknown field '{name}'"
        low, high = known[name]["min"], known[name]["max"]
        if low is not None and value < low or high is not None and value > high:
            return name, "invalid_value", f"[options] request: {name} must be between {low} and {high}, got {value}"
    if not request.get("prompt", "").strip():
        return "prompt", "missing_value", "[options] request: prompt is empty"
    return None
