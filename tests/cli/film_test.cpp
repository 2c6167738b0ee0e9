// Films by the real program and the embedded model: made, described, repeated, interrupted and finished.
#include <chrono>
#include <nlohmann/json.hpp>

#include "phonofilm/media/audio_file.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/weights/safetensors.h"
#include "program.h"

using namespace phonofilm;
using test::Outcome;
using test::run_program;
using test::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

const std::string kModel = " --model " + test::kMiniModel;

// Few steps: what is tested is the road, not the driving.
Outcome generate(const std::string& film, const std::string& arguments = "", const std::string& before = "", int seed = 5) {
  return run_program("generate 'a red rubber ball falls and bounces' --steps 3 -o " + film + kModel + " --seed " +
                         std::to_string(seed) + " " + arguments, before);
}

nlohmann::json describe(const std::string& film) {
  return nlohmann::json::parse(run_program("show --json --no-pictures " + film).output);
}

Tensor latent(const std::string& path, const char* name) { return weights::SafetensorsFile::open(path).at(name).clone(); }

}  // namespace

TEST_CASE("film: a sentence becomes a film that says how it was made") {
  const TemporaryFolder folder;
  const std::string film = folder.file("film.mp4");
  const Outcome made = generate(film);
  INFO(made.error);
  REQUIRE(made.exit_code == 0);
  const nlohmann::json shown = describe(film);
  CHECK(shown["facts"]["video"]["codec"] == "h264");
  CHECK(shown["facts"]["video"]["frames"] == 49);
  CHECK(shown["facts"]["audio"]["codec"] == "aac");
  CHECK(shown["facts"]["audio"]["start"].get<double>() == doctest::Approx(0).epsilon(1e-3));
  CHECK(shown["settings"]["settings"]["seed"] == 5);
  CHECK(shown["settings"]["settings"]["steps"] == 3);
  CHECK(shown["settings"]["settings"]["video_guidance"].get<double>() >= 1);
  CHECK(shown["settings"]["film"]["frames"] == 49);
  CHECK(shown["settings"].contains("measured"));
  CHECK_FALSE(fs::exists(folder.file("film.latents.safetensors")));
}

TEST_CASE("film: show draws a contact sheet and a spectrogram") {
  const TemporaryFolder folder;
  REQUIRE(generate(folder.file("film.mp4")).exit_code == 0);
  const Outcome shown = run_program("show " + folder.file("film.mp4") + " -o " + folder.file("pictures"));
  CHECK(shown.exit_code == 0);
  CHECK(shown.says("a red rubber ball"));
  CHECK(fs::file_size(folder.file("pictures/film_sheet.png")) > 1000);
  CHECK(fs::file_size(folder.file("pictures/film_spectrogram.png")) > 1000);
}

TEST_CASE("film: of a sound that is longer than is read show draws the beginning, and says so") {
  const TemporaryFolder folder;
  media::write_wav(folder.file("song.wav"), at::sin(at::arange(200 * 8000) * 0.3).unsqueeze(0), 8000);
  const Outcome shown = run_program("show " + folder.file("song.wav"));
  CHECK(shown.exit_code == 0);
  CHECK(shown.error.find("the pictures show the first 3 min 00 s of 3 min 20 s") != std::string::npos);
  CHECK(fs::exists(folder.file("song_spectrogram.png")));
}

TEST_CASE("film: the same seed makes the same film, takes count the seed up") {
  const TemporaryFolder folder;
  REQUIRE(generate(folder.file("a.mp4"), "--takes 2 --dump-latents").exit_code == 0);
  REQUIRE(generate(folder.file("b.mp4"), "--dump-latents").exit_code == 0);
  for (const char* part : {"video", "audio"}) {
    const Tensor first = latent(folder.file("a.latents.safetensors"), part);
    CHECK(at::equal(first, latent(folder.file("b.latents.safetensors"), part)));
    CHECK_FALSE(at::equal(first, latent(folder.file("a_2.latents.safetensors"), part)));
  }
  CHECK(describe(folder.file("a_2.mp4"))["settings"]["settings"]["seed"] == 6);
}

TEST_CASE("film: sound alone and picture alone") {
  const TemporaryFolder folder;
  REQUIRE(generate(folder.file("sound.wav"), "--no-video").exit_code == 0);
  REQUIRE(generate(folder.file("silent.mp4"), "--no-audio").exit_code == 0);
  CHECK_FALSE(describe(folder.file("sound.wav"))["facts"].contains("video"));
  CHECK_FALSE(describe(folder.file("silent.mp4"))["facts"].contains("audio"));
}

TEST_CASE("film: latents outlive a film that could not be written, and the film is finished from them") {
  const TemporaryFolder folder;
  const std::string film = folder.file("film.mp4"), latents = folder.file("film.latents.safetensors");
  // A file may not grow beyond 130 KB (sh counts in 512 bytes): the latents fit, a film at the best quality does not.
  const Outcome failed = generate(film, "--crf 1 --scale 8", "trap '' XFSZ; ulimit -f 260;");
  CHECK(failed.exit_code == 6);
  CHECK_FALSE(fs::exists(film));
  REQUIRE(fs::exists(latents));
  CHECK(failed.says("phonofilm decode " + latents));
  CHECK(run_program("decode " + latents + " -o " + film + kModel).exit_code == 0);
  CHECK(describe(film)["settings"]["settings"]["seed"] == 5);
}

TEST_CASE("film: an enlarged film is whole and in time") {
  const TemporaryFolder folder;
  const Outcome made = generate(folder.file("film.mp4"), "--scale 2");
  INFO(made.error);
  CHECK(made.exit_code == 0);
  CHECK(describe(folder.file("film.mp4"))["facts"]["video"]["width"] == 192);
  CHECK_FALSE(fs::exists(folder.file("film.latents.safetensors")));
}

TEST_CASE("film: --resume takes its settings from the latents, and unfinished ones are not overwritten") {
  const TemporaryFolder folder;
  const std::string film = folder.file("film.mp4"), latents = folder.file("film.latents.safetensors");
  REQUIRE(generate(film, "--dump-latents").exit_code == 0);
  CHECK(generate(film, "--dump-latents").exit_code == 0);  // a finished film and its dump may be made anew
  fs::last_write_time(film, fs::last_write_time(latents) - std::chrono::hours(1));  // an older one is not theirs
  CHECK(generate(film).exit_code == 2);
  fs::remove(film);
  const Outcome anew = generate(film);
  CHECK(anew.exit_code == 2);
  CHECK(anew.says("go on with --resume"));
  REQUIRE(fs::exists(latents));
  const Outcome own_noise = generate(film, "--init-noise " + latents);
  CHECK(own_noise.exit_code == 2);
  CHECK(own_noise.says("would be overwritten"));

  const Outcome mixed = run_program("generate --resume " + latents + " --steps 5 -o " + film + kModel);
  CHECK(mixed.exit_code == 2);
  CHECK(mixed.says("leave out --steps"));
  const Outcome resumed = run_program("generate --resume " + latents + " -o " + film + kModel);
  INFO(resumed.error);
  CHECK(resumed.exit_code == 0);
  CHECK(describe(film)["settings"]["settings"]["seed"] == 5);
  CHECK_FALSE(fs::exists(latents));
}

TEST_CASE("film: takes and a given noise contradict each other") {
  const TemporaryFolder folder;
  const Outcome outcome = generate(folder.file("film.mp4"), "--takes 2 --init-noise nowhere.safetensors");
  CHECK(outcome.exit_code == 2);
  CHECK(outcome.says("leave out one of them"));
}

TEST_CASE("film: the noise of one run, given to another, makes the same latents whatever the seed") {
  const TemporaryFolder folder;
  const std::string latents = folder.file("a.latents.safetensors");
  REQUIRE(generate(folder.file("a.mp4"), "--dump-latents").exit_code == 0);
  REQUIRE(generate(folder.file("b.mp4"), "--dump-latents --init-noise " + latents, "", 99).exit_code == 0);
  for (const char* part : {"video", "audio", "init_video", "init_audio"}) {
    CHECK(at::equal(latent(latents, part), latent(folder.file("b.latents.safetensors"), part)));
  }
  const Outcome longer = generate(folder.file("c.mp4"), "--seconds 3 --init-noise " + latents);
  CHECK(longer.exit_code == 3);
  CHECK(longer.says("init_video"));
}

TEST_CASE("film: a dry run says what the film would take and makes nothing") {
  const TemporaryFolder folder;
  const Outcome plan = generate(folder.file("film.mp4"), "--dry-run");
  CHECK(plan.exit_code == 0);
  for (const char* text : {"49 frames of 96 x 96", "208 picture, 64 sound", "3 steps of 3 passes", "backbone"}) {
    CHECK_MESSAGE(plan.says(text), plan.output);
  }
  CHECK_FALSE(fs::exists(folder.file("film.mp4")));
  CHECK(generate(folder.file("film.mp4"), "--dry-run --skip-layer 9").exit_code == 2);  // a block that the model does not have
}

TEST_CASE("film: a dry run of segments counts each by its own length") {
  const auto work = [](const std::string& seconds, const std::string& stage) {
    const TemporaryFolder folder;
    const std::string plan = generate(folder.file("film.mp4"), "--dry-run --seconds " + seconds).output;
    CHECK_MESSAGE(plan.find("segments  2 of up to 3.04 s") != std::string::npos, plan);
    return std::stod(plan.substr(plan.find("\n  " + stage) + 3 + stage.size()));
  };
  CHECK(work("5.04", "all") == doctest::Approx(2 * work("5.04", "denoise")).epsilon(0.01));  // two whole ones
  CHECK(work("4.04", "all") < 1.9 * work("4.04", "denoise"));  // the second is as short as may be
}

TEST_CASE("film: interrupted while denoising, it keeps the latents and says how to go on") {
  const TemporaryFolder folder;
  const std::string errors = folder.file("err"), latents = folder.file("film.latents.safetensors");
  const std::string command = "\"" PHONOFILM_PROGRAM "\" generate 'a red rubber ball falls' --steps 500 -o " + folder.file("film.mp4") +
                              kModel + " 2>" + errors + " & pid=$!; until grep -q denoise " + errors +
                              "; do sleep 0.1; done; kill -INT $pid; wait $pid";
  const int status = std::system(command.c_str());
  CHECK(WEXITSTATUS(status) == 130);
  CHECK(read_file(errors).find("go on with: phonofilm generate --resume " + latents) != std::string::npos);
  const auto saved = weights::SafetensorsFile::open(latents).metadata();
  CHECK(nlohmann::json::parse(saved.at("progress"))["steps_done"].get<int>() < 500);
  CHECK_FALSE(fs::exists(folder.file("film.mp4")));
}
