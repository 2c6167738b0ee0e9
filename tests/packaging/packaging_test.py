"""What packaging/ promises: systemd takes the unit, its calls are ones that the program knows, the container
has the packages that the program needs, and an installed folder runs by itself."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"
PROGRAM = os.environ["PHONOFILM_PROGRAM"]
BUILD = os.environ["PHONOFILM_BUILD"]
INSTALLED = "/opt/phonofilm/bin/phonofilm"
MOST_EXPOSURE = 20  # tenths: what `systemd-analyze security` calls OK ends at 4.9


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"{program} is not installed")


def settings_of(unit):
    """The last value of each setting."""
    return dict(line.split("=", 1) for line in unit.splitlines() if "=" in line and not line.startswith("#"))


def default_of(option, help_text):
    return float(re.search(re.escape(option) + r" .*?default\s+([0-9.]+)\)", help_text, re.DOTALL).group(1))


class Unit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.text = (PACKAGING / "phonofilm.service").read_text(encoding="utf-8")
        cls.settings = settings_of(cls.text)
        cls.help = run(PROGRAM, "serve", "--help").stdout

    def analyze(self, text, *verb):
        """As systemd-analyze sees a unit whose program is there and whose user is one of this machine."""
        with tempfile.TemporaryDirectory() as folder:
            unit = Path(folder) / "phonofilm.service"
            text = text.replace(INSTALLED, PROGRAM).replace("User=phonofilm", "User=daemon")
            unit.write_text(text.replace("Group=phonofilm", "Group=daemon"), encoding="utf-8")
            return run("systemd-analyze", *verb, str(unit))

    @needs("systemd-analyze")
    def test_systemd_takes_it(self):
        answer = self.analyze(self.text, "verify")
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))

    @needs("systemd-analyze")
    def test_a_mistake_would_be_seen(self):
        self.assertIn("Unknown key", self.analyze(self.text + "\nBanana=1\n", "verify").stderr)

    @needs("systemd-analyze")
    def test_little_is_left_open(self):
        security = ("security", "--offline=yes", f"--threshold={MOST_EXPOSURE}")
        self.assertEqual(self.analyze(self.text, *security).returncode, 0)
        open_unit = "\n".join(line for line in self.text.splitlines() if not line.startswith(("Protect", "System")))
        self.assertNotEqual(self.analyze(open_unit, *security).returncode, 0)

    def test_the_program_has_time_to_stop(self):
        patience = default_of("--stop-patience", self.help)
        self.assertGreater(float(self.settings["TimeoutStopSec"]), patience + default_of("--grace", self.help))
        self.assertEqual(self.settings["KillMode"], "mixed")

    def test_its_options_exist(self):
        for option in re.findall(r"(?<!\S)--[a-z-]+", self.settings["ExecStart"] + " " + self.settings["Environment"]):
            self.assertIn(option + " ", self.help)

    def test_the_container_calls_it_the_same_way(self):
        text = (PACKAGING / "Containerfile").read_text(encoding="utf-8")
        called = json.loads(re.search(r"^CMD (\[.*\])$", text, re.MULTILINE).group(1))
        for option in called:
            self.assertIn(option + " " if option.startswith("--") else "", self.help)
        self.assertEqual(json.loads(re.search(r"^ENTRYPOINT (\[.*\])$", text, re.MULTILINE).group(1)), [INSTALLED])


class Container(unittest.TestCase):
    def setUp(self):
        self.text = (PACKAGING / "Containerfile").read_text(encoding="utf-8")

    @needs("dpkg-query")
    @needs("ldd")
    def test_the_packages_of_all_libraries_that_the_program_names(self):
        wanted = re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-d", PROGRAM).stdout)
        found = dict(re.findall(r"(\S+) => (/\S+)", run("ldd", PROGRAM).stdout))
        installed = re.search(r"apt-get install(.*?)> /dev/null", self.text, re.DOTALL).group(1).split()
        self.assertGreater(len(wanted), 10)
        for library in wanted:
            owner = run("dpkg-query", "-S", os.path.realpath(found[library])).stdout.split(":")[0]
            if owner:  # not LibTorch's, which come with the program
                self.assertIn(owner, installed + ["libc6", "libgcc-s1"], library)

    def test_it_is_built_by_the_scripts_and_runs_as_nobody(self):
        for line in ("scripts/setup.sh", "scripts/build.sh release phonofilm", "cmake --install", "STOPSIGNAL SIGTERM"):
            self.assertIn(line, self.text)
        self.assertRegex(self.text, r"(?m)^USER [1-9][0-9]*:[1-9][0-9]*$")
        self.assertRegex((ROOT / "scripts/setup.sh").read_text(encoding="utf-8"), r"Debian 12|libboost1\.81-dev")


class Installed(unittest.TestCase):
    """The folder that `cmake --install` makes, called from elsewhere."""

    def test_it_runs_by_itself(self):
        with tempfile.TemporaryDirectory() as folder:
            made = run("cmake", "--install", BUILD, "--prefix", folder)
            self.assertEqual(made.returncode, 0, made.stderr)
            program = f"{folder}/bin/phonofilm"
            self.assertNotIn(str(ROOT), run("ldd", program).stdout)
            shown = run(program, "generate", "--dry-run", "a red rubber ball falls", cwd="/")
            self.assertEqual(shown.returncode, 0, shown.stderr)
            for file in ("lib/systemd/system/phonofilm.service", "lib/sysusers.d/phonofilm.conf",
                         "share/doc/phonofilm/THIRD_PARTY.md"):
                self.assertTrue((Path(folder) / file).is_file(), file)


if __name__ == "__main__":
    unittest.main()
