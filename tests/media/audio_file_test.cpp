// Sound files and the resampler.
#include "phonofilm/media/audio_file.h"

#include "media_helpers.h"
#include "phonofilm/base/error.h"
#include "phonofilm/media/film.h"

using namespace phonofilm;
using namespace phonofilm::media;
using namespace phonofilm::test;

namespace {

Tensor sine(double hertz, std::int64_t rate, std::int64_t count) {
  return ((at::arange(count, at::kDouble) * (2 * M_PI * hertz / double(rate))).sin() * 0.5).to(at::kFloat).unsqueeze(0);
}

}  // namespace

TEST_CASE("resampling keeps the time of every sample") {
  const std::int64_t rates[][2] = {{16000, 48000}, {22050, 48000}, {44100, 48000}, {48000, 16000},
                                   {48000, 44100}, {16000, 16001}, {8000, 44100}};
  for (const auto& [from, to] : rates) {
    CAPTURE(from);
    CAPTURE(to);
    const Tensor result = resample_audio(sine(997, from, from), from, to);
    REQUIRE(result.size(1) == to);
    const std::int64_t edge = to / 20;
    const auto inner = [&](const Tensor& line) { return line.narrow(1, edge, to - 2 * edge); };
    CHECK(relative_error(inner(result), inner(sine(997, to, to))) < 1e-3);
  }
}

TEST_CASE("resampling removes what the lower rate cannot carry") {
  const Tensor result = resample_audio(sine(11000, 48000, 48000), 48000, 16000);
  CHECK(result.narrow(1, 1000, 14000).abs().max().item<double>() < 1e-3);
}

TEST_CASE("an impulse stays where it is and rings evenly to both sides") {
  Tensor impulse = at::zeros({1, 1600}, at::kFloat);
  impulse[0][800] = 1.0;
  const Tensor result = resample_audio(impulse, 16000, 48000)[0];
  CHECK(result.argmax().item<std::int64_t>() == 2400);
  for (std::int64_t lag = 1; lag < 60; ++lag) {
    CHECK(std::abs(result[2400 - lag].item<double>() - result[2400 + lag].item<double>()) < 1e-5);
  }
}

TEST_CASE("wav files keep their samples") {
  TemporaryFolder folder;
  for (const std::int64_t channels : {1, 2}) {
    const Tensor waveform = beeps(channels, 16000, 0.7);
    write_wav(folder.file("pcm.wav"), waveform, 16000);
    write_wav(folder.file("float.wav"), waveform, 16000, WavFormat::float32);
    std::int64_t rate = 0;
    const Tensor pcm = read_audio(folder.file("pcm.wav"), 0, 0, {}, &rate);
    CHECK(rate == 16000);
    REQUIRE(pcm.sizes() == waveform.sizes());
    CHECK((pcm - waveform).abs().max().item<double>() <= 0.5001 / 32768);
    CHECK(at::equal(read_audio(folder.file("float.wav"), 0, 0), waveform));
  }
}

TEST_CASE("pcm16 clips at full scale") {
  TemporaryFolder folder;
  write_wav(folder.file("loud.wav"), at::tensor({-3.0f, -1.0f, 0.0f, 1.0f, 3.0f}), 8000);
  const Tensor back = read_audio(folder.file("loud.wav"), 0, 0)[0];
  CHECK(back.min().item<double>() == -1);
  CHECK(back.max().item<double>() == doctest::Approx(32767.0 / 32768));
}

TEST_CASE("channels and rate as asked for") {
  TemporaryFolder folder;
  const Tensor waveform = at::cat({sine(440, 22050, 22050), sine(440, 22050, 22050) * 0.5});
  write_wav(folder.file("stereo.wav"), waveform, 22050, WavFormat::float32);
  const Tensor mono = read_audio(folder.file("stereo.wav"), 16000, 1);
  REQUIRE(mono.size(0) == 1);
  REQUIRE(mono.size(1) == 16000);
  CHECK(relative_error(mono.narrow(1, 500, 15000), sine(440, 16000, 16000).narrow(1, 500, 15000) * 0.75) < 1e-3);
  write_wav(folder.file("mono.wav"), waveform.narrow(0, 0, 1), 22050, WavFormat::float32);
  const Tensor stereo = read_audio(folder.file("mono.wav"), 0, 2);
  CHECK(at::equal(stereo[0], stereo[1]));
}

TEST_CASE("the soundtrack of a film") {
  TemporaryFolder folder;
  const Clip clip = flash_beep_clip(32, 32, 24, 16000, 1, 1);
  write_film(folder.file("clip.mp4"), clip);
  const Tensor sound = read_audio(folder.file("clip.mp4"), 16000, 1);
  REQUIRE(sound.sizes() == clip.waveform.sizes());
  CHECK(relative_error(sound, clip.waveform) < 0.2);
}

TEST_CASE("limits and wrong requests") {
  TemporaryFolder folder;
  write_wav(folder.file("a.wav"), beeps(1, 16000, 2), 16000);
  AudioLimits limits;
  limits.max_seconds = 1;
  CHECK_THROWS_AS(read_audio(folder.file("a.wav"), 0, 0, limits), MediaError);
  limits.truncate = true;
  CHECK(read_audio(folder.file("a.wav"), 0, 0, limits).size(1) == 16000);
  CHECK_THROWS_AS(read_audio(folder.file("a.wav"), 0, 3), InvalidRequest);
  CHECK_THROWS_AS(write_wav(folder.file("b.wav"), at::full({1, 4}, NAN, at::kFloat), 16000), MediaError);
  CHECK_THROWS_AS(write_wav(folder.file("b.wav"), at::zeros({1, 2, 3}), 16000), ShapeError);
  Clip silent;
  silent.frames = flat_frames(2, 16, 16, 1, 2, 3);
  write_film(folder.file("silent.mp4"), silent);
  const std::string message = message_of<MediaError>([&] { read_audio(folder.file("silent.mp4"), 0, 0); });
  CHECK(message.find("no sound") != std::string::npos);
}
