// Films that follow or keep given ones, and long films, by the real program and the embedded model.
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "phonofilm/media/audio_file.h"
#include "phonofilm/media/film.h"
#include "phonofilm/media/image.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/weights/safetensors.h"
#include "program.h"
#include "support/signal_to_noise.h"

using namespace phonofilm;
using test::kMedia;
using test::kUsage;
using test::Outcome;
using test::psnr;
using test::run_program;
using test::snr;
using test::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

const std::string kModel = " --model " + test::kMiniModel;

// Few steps: what is kept does not depend on them.
Outcome generate(const std::string& film, const std::string& arguments) {
  return run_program("generate 'a red rubber ball falls' --steps 2 --seed 5 -o " + film + kModel + " " + arguments);
}

void expect_made(const std::string& film, const std::string& arguments) {
  const Outcome made = generate(film, arguments);
  INFO(arguments, ": ", made.error);
  REQUIRE(made.exit_code == 0);
}

nlohmann::json settings(const std::string& film) {
  return nlohmann::json::parse(run_program("show --json --no-pictures " + film).output)["settings"];
}

// A ball of light that goes round, and a voice-like sum of tones, at 30 pictures and 44100 samples a second.
Clip given_clip(double seconds = 2.1) {
  const auto frames = std::int64_t(std::llround(seconds * 30)), samples = std::int64_t(std::llround(seconds * 44100));
  const Tensor rows = at::arange(90).unsqueeze(1), columns = at::arange(120).unsqueeze(0);
  std::vector<Tensor> pictures;
  for (std::int64_t k = 0; k < frames; ++k) {
    const double angle = 0.1 * double(k);
    const Tensor away = (rows - 45 - 25 * std::sin(angle)).square() + (columns - 60 - 25 * std::cos(angle)).square();
    pictures.push_back((away / -200.0).exp().mul(200).add(30).unsqueeze(2).expand({90, 120, 3}).to(at::kByte));
  }
  const Tensor time = at::arange(samples, at::kDouble) / 44100;
  const Tensor sound = (time * 2 * M_PI * 220).sin() * 0.2 + (time * 2 * M_PI * 1330).sin() * (time * 12).sin() * 0.2;
  return {at::stack(pictures), 30, sound.to(at::kFloat).unsqueeze(0), 44100};
}

media::FilmLimits as_model() {
  media::FilmLimits limits;
  limits.sample_rate = 16000, limits.channels = 1, limits.fps = 24, limits.height = limits.width = 96;
  return limits;
}

// Three seconds of one value: our own writer refuses what is no number.
void write_float_wav(const std::string& path, float value) {
  const auto number = [](std::uint32_t n) { return std::string(reinterpret_cast<const char*>(&n), 4); };
  const auto half = [](std::uint16_t n) { return std::string(reinterpret_cast<const char*>(&n), 2); };
  constexpr std::uint32_t kRate = 16000, kBytes = 3 * kRate * 4;
  std::string bytes = "RIFF" + number(36 + kBytes) + "WAVEfmt " + number(16) + half(3) + half(1) + number(kRate) +
                      number(4 * kRate) + half(4) + half(32) + "data" + number(kBytes);
  for (std::uint32_t i = 0; i < 3 * kRate; ++i) bytes.append(reinterpret_cast<const char*>(&value), 4);
  write_file_atomically(path, bytes);
}

// The folder of files that cannot be followed, or not as they are asked to be.
struct OddFiles : TemporaryFolder {
  OddFiles() {
    const Clip clip = given_clip();
    media::write_film(file("film.mp4"), clip);
    media::write_film(file("silent.mp4"), {clip.frames, 30, {}, 16000});
    media::write_png(file("picture.png"), clip.frames[0]);
    media::write_wav(file("short.wav"), clip.waveform.slice(1, 0, 4410), 44100);
    media::write_wav(file("sound.wav"), clip.waveform, 44100);
    media::write_wav(file("long.wav"), at::zeros({1, 31 * 8000}), 8000);
    write_float_wav(file("nan.wav"), NAN);
    std::ofstream(file("text.mp4")) << "this is no film";
  }

  // arguments: "@" stands for the folder.
  void refused(const std::string& arguments, int code, const std::string& message) const {
    std::string placed = arguments;
    for (size_t at = placed.find('@'); at != std::string::npos; at = placed.find('@')) {
      placed.replace(at, 1, path().string() + "/");
    }
    const Outcome outcome = generate(file("out.mp4"), placed);
    INFO(arguments, ": ", outcome.error);
    CHECK(outcome.exit_code == code);
    CHECK(outcome.error.find(message) != std::string::npos);
    CHECK_FALSE(fs::exists(file("out.mp4")));
  }
};

}  // namespace

TEST_CASE("following: a film with a given sound has that sound, and is as long") {
  const TemporaryFolder folder;
  const Clip given = given_clip(2.5);
  media::write_wav(folder.file("given.wav"), given.waveform, 44100);
  expect_made(folder.file("film.mp4"), "--audio " + folder.file("given.wav") + " --crf 1");
  const Clip film = media::read_film(folder.file("film.mp4"), as_model()).clip;
  CHECK(film.frames.size(0) == 61);
  const Tensor sound = media::resample_audio(given.waveform, 44100, 16000);
  const double found = snr(film.waveform.slice(1, 0, 40000), sound.slice(1, 0, 40000));
  MESSAGE("signal to noise of the given sound in the film: ", found, " dB");
  CHECK(found > 25);
  const nlohmann::json json = settings(folder.file("film.mp4"));
  CHECK(json["kept"]["as"] == "audio");
  CHECK(json["kept"]["file"] == "given.wav");
  CHECK(json["settings"]["seconds"].get<double>() == doctest::Approx(2.5));
}

TEST_CASE("following: where picture or sound is given, the sound is not made again") {
  const TemporaryFolder folder;
  const std::string again = folder.file("again.mp4"), under = folder.file("under.mp4");
  expect_made(again, "--sound-steps 1");
  CHECK(settings(again)["settings"]["sound_steps"] == 1);
  const Outcome made = generate(under, "--sound-steps 1 --video " + again);
  REQUIRE(made.exit_code == 0);
  CHECK(made.error.find("--sound-steps has no effect") != std::string::npos);
  CHECK(settings(under)["settings"]["sound_steps"] == 0);
}

TEST_CASE("following: of a given sound that is longer than is read --seconds takes the beginning") {
  const TemporaryFolder folder;
  const Tensor time = at::arange(200 * 8000, at::kDouble) / 8000;
  const Tensor sound = ((time * 2 * M_PI * 330).sin() * 0.3).to(at::kFloat).unsqueeze(0);
  media::write_wav(folder.file("long.wav"), sound, 8000);
  expect_made(folder.file("film.mp4"), "--seconds 2 --audio " + folder.file("long.wav") + " --crf 1");
  const Clip film = media::read_film(folder.file("film.mp4"), as_model()).clip;
  CHECK(film.frames.size(0) == 49);
  const Tensor expected = media::resample_audio(sound.slice(1, 0, 8000 * 3), 8000, 16000);
  CHECK(snr(film.waveform.slice(1, 0, 32000), expected.slice(1, 0, 32000)) > 25);
}

TEST_CASE("following: a film with a given picture has that picture at the model's size and rate") {
  const TemporaryFolder folder;
  media::write_film(folder.file("given.mp4"), given_clip(), {}, {.crf = 1});
  expect_made(folder.file("film.mp4"), "--crf 1 --video " + folder.file("given.mp4"));
  const Tensor made = media::read_film(folder.file("film.mp4"), as_model()).clip.frames;
  const Tensor given = media::read_film(folder.file("given.mp4"), as_model()).clip.frames;
  const std::int64_t count = std::min(made.size(0), given.size(0));
  REQUIRE(count >= 49);
  const double found = psnr(made.slice(0, 0, count), given.slice(0, 0, count));
  MESSAGE("peak signal to noise of the given picture in the film: ", found, " dB");
  CHECK(found > 40);
}

TEST_CASE("following: a film that goes on begins with the given one and is longer; the last picture is the given one") {
  const TemporaryFolder folder;
  const Clip given = given_clip();
  media::write_film(folder.file("given.mp4"), given, {}, {.crf = 1});
  media::write_png(folder.file("last.png"), given.frames[20]);
  expect_made(folder.file("film.mp4"),
              "--crf 1 --extend " + folder.file("given.mp4") + " --last-image " + folder.file("last.png"));
  const Clip film = media::read_film(folder.file("film.mp4"), as_model()).clip;
  const Clip before = media::read_film(folder.file("given.mp4"), as_model()).clip;
  const std::int64_t there = before.frames.size(0);
  CHECK(film.frames.size(0) == there + 48);
  CHECK(psnr(film.frames.slice(0, 0, there), before.frames) > 40);
  CHECK(snr(film.waveform.slice(1, 0, 32000), before.waveform.slice(1, 0, 32000)) > 25);
  CHECK(psnr(film.frames[-1], media::resize_cover(given.frames[20], 96, 96)) > 40);
  CHECK(settings(folder.file("film.mp4"))["film"]["joints"][0].get<double>() == doctest::Approx(double(there) / 24));
}

TEST_CASE("following: of a moment that is made again all else stays, of one modality the other stays whole") {
  const TemporaryFolder folder;
  media::write_film(folder.file("given.mp4"), given_clip(), {}, {.crf = 1});
  const Clip before = media::read_film(folder.file("given.mp4"), as_model()).clip;
  const std::string moment = "--crf 1 --retake 0.5-1 --of " + folder.file("given.mp4");
  expect_made(folder.file("both.mp4"), moment);
  expect_made(folder.file("sound.mp4"), moment + " --retake-only sound");
  const Clip both = media::read_film(folder.file("both.mp4"), as_model()).clip;
  const Clip sound = media::read_film(folder.file("sound.mp4"), as_model()).clip;
  REQUIRE(both.frames.size(0) == before.frames.size(0));
  CHECK(psnr(both.frames.slice(0, 24), before.frames.slice(0, 24)) > 40);
  CHECK(psnr(both.frames.slice(0, 12, 24), before.frames.slice(0, 12, 24)) < 35);
  CHECK(snr(both.waveform.slice(1, 16800, 32000), before.waveform.slice(1, 16800, 32000)) > 25);
  CHECK(snr(both.waveform.slice(1, 8800, 15200), before.waveform.slice(1, 8800, 15200)) < 10);
  CHECK(psnr(sound.frames, before.frames) > 40);
  CHECK(snr(sound.waveform.slice(1, 8800, 15200), before.waveform.slice(1, 8800, 15200)) < 10);
  CHECK(settings(folder.file("both.mp4"))["kept"]["picture"] == nlohmann::json::parse("[[0.0, 0.5], [1.0]]"));
}

TEST_CASE("following: a long film that was killed in its second segment goes on there") {
  const TemporaryFolder folder;
  const std::string errors = folder.file("err"), latents = folder.file("film.latents.safetensors");
  const std::string request = "generate 'a red rubber ball falls' --steps 12 --seconds 5 -o ";
  const std::string command = "\"" PHONOFILM_PROGRAM "\" " + request + folder.file("film.mp4") + kModel + " 2>" +
                              errors + " & pid=$!; until test -s " + latents +
                              "; do sleep 0.02; done; kill -KILL $pid; wait $pid";
  CHECK(std::system(command.c_str()) != 0);
  CHECK_FALSE(fs::exists(folder.file("film.mp4")));
  const auto saved = weights::SafetensorsFile::open(latents).metadata();
  CHECK(nlohmann::json::parse(saved.at("progress"))["segments"] == 2);
  const Outcome resumed = run_program("generate --resume " + latents + " -o " + folder.file("film.mp4") + kModel);
  INFO(resumed.error);
  REQUIRE(resumed.exit_code == 0);
  CHECK_FALSE(fs::exists(latents));
  const Outcome straight = run_program(request + folder.file("straight.mp4") + kModel);
  REQUIRE(straight.exit_code == 0);
  const Clip one = media::read_film(folder.file("film.mp4")).clip;
  const Clip other = media::read_film(folder.file("straight.mp4")).clip;
  CHECK(one.frames.size(0) == 121);
  CHECK(at::equal(one.frames, other.frames));
  CHECK(at::equal(one.waveform, other.waveform));
  // Strikes are measured over the joint, from pictures that were written as segments were finished.
  const nlohmann::json measured = settings(folder.file("straight.mp4"))["measured"];
  REQUIRE(!measured["impacts"].empty());
  CHECK(measured["impacts"].back()["time"] > 3);
  CHECK(settings(folder.file("film.mp4"))["measured"] == measured);
}

TEST_CASE("following: a list of films that follow, gone on with after an interruption") {
  const TemporaryFolder folder;
  media::write_wav(folder.file("given.wav"), given_clip().waveform, 44100);
  write_file_atomically(folder.file("list.jsonl"), "{\"prompt\": \"a ball\", \"audio_path\": \"given.wav\"}\n");
  const std::string batch =
      "batch " + folder.file("list.jsonl") + " -o " + folder.file("films") + kModel + " --steps 2";
  REQUIRE(run_program(batch + " --dump-latents").exit_code == 0);
  fs::remove(folder.file("films/001_a_ball.mp4"));
  const Outcome again = run_program(batch);
  INFO(again.error);
  CHECK(again.exit_code == 0);
  CHECK_FALSE(fs::exists(folder.file("films/001_a_ball.latents.safetensors")));
}

struct Refusal {
  const char* arguments;  // @ stands for the folder of the odd files
  int exit_code;
  const char* reason;
};

const Refusal kRefusals[] = {
    {"--audio @short.wav", kUsage, "lasts 0.1 s, and nava mini makes at least 1.9 s: add --seconds"},
    {"--audio @long.wav", kUsage, "lasts 31 s, and at most 30 s are made: add --seconds"},
    {"--audio @nan.wav", kMedia, "samples that are no numbers"},
    {"--audio @silent.mp4", kMedia, "holds no sound"},
    {"--audio @text.mp4", kMedia, "text.mp4"},
    {"--audio @nowhere.wav", kMedia, "nowhere.wav"},
    {"--video @sound.wav", kMedia, "holds no picture"},
    {"--video @picture.png", kUsage, "makes at least 1.9 s"},
    {"--extend @silent.mp4", kMedia, "add --no-audio, or give it a sound first with --video"},
    {"--retake 0.5-1 --retake-only sound --of @silent.mp4", kMedia, "holds no sound"},
    {"--retake 0.5-1 --of @sound.wav", kMedia, "holds no picture; add --no-video"},
    {"--retake 3-4 --of @film.mp4", kUsage, "--retake 3-4 lies outside of"},
    {"--retake 1-0.5 --of @film.mp4", kUsage, "ends before it begins"},
    {"--retake 1-1 --of @film.mp4", kUsage, "ends where it begins"},
    {"--retake 1-1.01 --of @film.mp4", kUsage, "at least one picture"},
    {"--retake 0-2.1 --of @film.mp4", kUsage, "is the whole film"},
    {"--retake nan-1 --of @film.mp4", kUsage, "expected seconds A-B"},
    {"--overlap nan", kUsage, "--overlap: expected a number"},
    {"--extend @film.mp4 --overlap 3.1", kUsage, "an overlap of 3.1 s: segments of"},
    {"--retake-only words", kUsage, "must be one of both, picture, sound"},
    {"--audio @sound.wav --video @film.mp4", kUsage, "--video and --audio cannot stand together"},
    {"--seconds 31", kUsage, "films of up to 30 seconds are made"},
};

TEST_CASE("following: files, moments and flags that cannot be followed are refused with their reason") {
  const OddFiles files;
  for (const Refusal& refusal : kRefusals) files.refused(refusal.arguments, refusal.exit_code, refusal.reason);
}

TEST_CASE("following: silence is followed with a warning; a list of options is grouped in --help") {
  const TemporaryFolder folder;
  media::write_wav(folder.file("quiet.wav"), at::zeros({1, 32000}), 16000);
  const Outcome quiet = generate(folder.file("film.mp4"), "--audio " + folder.file("quiet.wav"));
  CHECK(quiet.exit_code == 0);
  CHECK(quiet.error.find("quiet.wav is silent") != std::string::npos);
  const Outcome help = run_program("generate --help");
  size_t last = 0;
  for (const char* part : {"What the film is given:", "--audio TEXT", "--retake TEXT", "--voice TEXT",
                           "Length and size:", "--overlap NUMBER", "--no-video", "--then TEXT", "Prompt and sampling:",
                           "--seed INT", "Model and machine:", "The file:", "--crf INT"}) {
    const size_t found = help.output.find(part, last);
    CHECK_MESSAGE(found != std::string::npos, part);
    if (found != std::string::npos) last = found;
  }
}
