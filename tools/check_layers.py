#!/usr/bin/env python3
"""Fails when an #include opens a door that the table below does not have.

    tools/check_layers.py [SOURCE_ROOT]        (default: the repository that this file stands in)

The table is the one of docs/architecture.md. A library may include itself and whatever the libraries in `links`
may include. Inside a library the folders stand leaf first: a folder includes those before it, never those after.
Families never include each other, and neither do the programs of the published networks in different families.
"""
import re
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Library:
    folders: tuple  # leaf first
    links: tuple
    outside: tuple = ()  # third-party libraries besides the standard library and JSON


LIBRARIES = {
    "base": Library(("base",), (), ("logging",)),
    "core": Library(("tensor", "weights", "nn", "dsp", "diffusion"), ("base",), ("torch",)),
    "models": Library(("text_encoders", "speaker_encoders", "autoencoders", "vocoders", "recognisers", "dit", "families"), ("core",), ("torch",)),
    "pipeline": Library(("pipeline",), ("models",), ("torch",)),
    "parallel": Library(("parallel",), ("core",), ("torch",)),
    # The rendered world is the training data and the ruler of the metrics, hence the doors from train and eval.
    "world": Library(("world",), ("core",), ("torch", "espeak")),
    "train": Library(("train",), ("models", "parallel", "world"), ("torch",)),
    "eval": Library(("eval",), ("models", "world"), ("torch",)),
    "text": Library(("text",), ("base",), ("sentencepiece", "utf8proc", "gumbo")),
    "media": Library(("media",), ("core",), ("torch", "ffmpeg")),
    "jobs": Library(("jobs",), ("base",), ("sqlite", "libpq")),
    "workers": Library(("workers",), ("jobs", "pipeline", "media"), ("torch",)),
    "server": Library(("server",), ("jobs",), ("beast", "libcrypto")),
    "cli": Library(("cli",), ("pipeline", "train", "eval", "world", "text", "media", "jobs", "workers", "server"), ("torch", "cli11")),
}

# Which third-party library a header path belongs to; headers that match none are free for all.
OUTSIDE = {
    "torch": r"(ATen|c10|torch|caffe2)/",
    "ffmpeg": r"lib(av\w*|sw\w*)/",
    "logging": r"(spdlog|fmt)/",
    "cli11": r"CLI/",
    "sqlite": r"sqlite3",
    "libpq": r"(libpq-fe|libpq/|pg_config|postgres_ext)",
    "beast": r"boost/",
    "libcrypto": r"openssl/",
    "sentencepiece": r"sentencepiece",
    "utf8proc": r"utf8proc",
    "gumbo": r"gumbo",
    "espeak": r"espeak-ng/",
}

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)
PREFIX = "phonofilm/"


def reachable(name):
    """The library itself and everything below it."""
    found = {name}
    for link in LIBRARIES[name].links:
        found |= reachable(link)
    return found


def library_of(folder):
    return next((name for name, library in LIBRARIES.items() if folder in library.folders), None)


def family_of(path):
    parts = Path(path).parts
    return parts[1] if parts[0] == "families" and len(parts) > 2 else None


def door_problem(source, target):
    """Why `source` may not include `target` (both relative to src/phonofilm), or None."""
    from_folder, to_folder = Path(source).parts[0], Path(target).parts[0]
    from_library, to_library = library_of(from_folder), library_of(to_folder)
    if to_library is None:
        return f"folder '{to_folder}' is in no library of the table"
    if to_library not in reachable(from_library):
        return f"library '{from_library}' has no door to '{to_library}'"
    if from_library == to_library:
        order = LIBRARIES[from_library].folders
        if order.index(to_folder) > order.index(from_folder):
            return f"'{from_folder}' stands below '{to_folder}' in library '{from_library}'"
    families = family_of(source), family_of(target)
    if families[0] and families[1] and families[0] != families[1]:
        return "families never include each other; what they share moves to dit/, autoencoders/, text_encoders/ or vocoders/"
    return None


def outside_problem(source, header):
    library = library_of(Path(source).parts[0])
    for name, pattern in OUTSIDE.items():
        if re.match(pattern, header) and name not in LIBRARIES[library].outside:
            return f"library '{library}' does not use {name}"
    return None


def check_file(root, file):
    source = file.relative_to(root / "src/phonofilm").as_posix()
    if library_of(source.split("/")[0]) is None:
        yield f"src/phonofilm/{source}: its folder is in no library of the table in tools/check_layers.py"
        return
    for header in INCLUDE.findall(file.read_text(encoding="utf-8")):
        ours = header.startswith(PREFIX)
        problem = door_problem(source, header[len(PREFIX):]) if ours else outside_problem(source, header)
        if problem:
            yield f"src/phonofilm/{source}: includes {header}: {problem}"


def check_cmake(root):
    """The libraries that CMake builds must have the folders of the table and link nothing beyond it."""
    text = (root / "CMakeLists.txt").read_text(encoding="utf-8")
    for call in re.findall(r"phonofilm_library\(([^)]*)\)", text):
        match = re.search(r"NAME (\w+)\s+FOLDERS ([\w\s]+?)\s+LINK (.*)", call, re.DOTALL)
        if not match or match[1] not in LIBRARIES:
            yield f"CMakeLists.txt: phonofilm_library({call}) is not in the table of tools/check_layers.py"
            continue
        name, folders = match[1], set(match[2].split())
        unknown = folders - set(LIBRARIES[name].folders)
        extra = set(re.findall(r"phonofilm_(\w+)", match[3])) - reachable(name)
        if unknown or extra:
            yield f"CMakeLists.txt: library '{name}' has {sorted(unknown | extra)}, which the table does not give it"


def check(root):
    files = sorted(f for f in (root / "src/phonofilm").rglob("*") if f.suffix in (".h", ".cpp"))
    return [problem for file in files for problem in check_file(root, file)] + list(check_cmake(root))


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    problems = check(root)
    print("\n".join(problems) if problems else "layers: every include has its door")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
