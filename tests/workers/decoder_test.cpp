// Uploads decoded by the program's child without rights: the same as in this process, and no file harms this process.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "media/media_helpers.h"
#include "media/png_builder.h"
#include "phonofilm/base/error.h"
#include "phonofilm/media/audio_file.h"
#include "phonofilm/media/film.h"
#include "phonofilm/media/image.h"
#include "phonofilm/workers/channel.h"
#include "phonofilm/workers/child_process.h"
#include "phonofilm/workers/upload_decoder.h"

namespace phonofilm::test {
namespace {

using namespace phonofilm::workers;

DecoderOptions program() { return {.command = {PHONOFILM_PROGRAM, "decode-upload"}}; }

// Ends in the sandbox with `action`; how that went.
template <class Action>
Ending in_sandbox(const Action& action, const SandboxLimits& limits = {}) {
  const pid_t child = fork();
  if (child == 0) {
    enter_sandbox(limits);
    action();
    syscall(SYS_exit_group, 0);
  }
  return wait_for(child);
}

// Type: InvalidRequest where the file is at fault, MediaError where this decoder may be.
template <class Type>
std::string refusal_of_upload(const std::string& path, const DecodeRequest& request, const DecoderOptions& options) {
  return message_of<Type>([&] { decode_upload(path, "upload", request, options); });
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("workers: picture, sound and film come through the child as they do without it") {
  const TemporaryFolder folder;
  const Clip clip = flash_beep_clip(64, 96, 24, 16000, 2, 0.6);
  media::write_png(folder.file("a.png"), clip.frames[3]);
  media::write_jpeg(folder.file("a.jpg"), clip.frames[3]);
  media::write_wav(folder.file("a.wav"), clip.waveform, 16000);
  media::write_film(folder.file("a.mp4"), clip);
  for (const char* name : {"a.png", "a.jpg"}) {
    const Clip picture = decode_upload(folder.file(name), "upload", {.kind = "picture"}, program());
    CHECK(at::equal(picture.frames[0], media::read_image(folder.file(name))));
    CHECK_FALSE(picture.has_audio());
  }
  for (const char* name : {"a.wav", "a.mp4"}) {
    const DecodeRequest mono{.kind = "sound", .sample_rate = 12000, .channels = 1};
    const Clip sound = decode_upload(folder.file(name), "upload", mono, program());
    CHECK(sound.sample_rate == 12000);
    CHECK(at::equal(sound.waveform, media::read_audio(folder.file(name), 12000, 1)));
  }
  const Clip film = decode_upload(folder.file("a.mp4"), "upload", {.kind = "film"}, program());
  const Clip expected = media::read_film(folder.file("a.mp4")).clip;
  CHECK(at::equal(film.frames, expected.frames));
  CHECK(at::equal(film.waveform, expected.waveform));
  CHECK(film.fps == expected.fps);
}

TEST_CASE("workers: in the sandbox a process computes, reads and writes, and nothing else") {
  const int file = open(PHONOFILM_PROGRAM, O_RDONLY | O_CLOEXEC);
  REQUIRE(file >= 0);
  const Ending fine = in_sandbox([&] {
    char bytes[64];
    if (read(file, bytes, sizeof bytes) != sizeof bytes || lseek(file, 0, SEEK_SET) != 0) syscall(SYS_exit_group, 1);
    std::vector<std::string> texts;
    for (int i = 0; i < 1000; ++i) texts.emplace_back(size_t(i), 'x');
    if (texts.back().size() != 999) syscall(SYS_exit_group, 2);
  });
  CHECK(fine.fine());
  close(file);
  const std::vector<std::pair<const char*, std::function<void()>>> forbidden{
      {"open", [] { open("/etc/passwd", O_RDONLY); }},
      {"creat", [] { open("/tmp/made_by_a_decoder", O_WRONLY | O_CREAT, 0600); }},
      {"stat", [] { struct stat found; stat("/etc/passwd", &found); }},
      {"unlink", [] { unlink("/nowhere"); }},
      {"rename", [] { rename("/nowhere", "/nowhere2"); }},
      {"socket", [] { socket(AF_INET, SOCK_STREAM, 0); }},
      {"socketpair", [] { int ends[2]; socketpair(AF_UNIX, SOCK_STREAM, 0, ends); }},
      {"exec", [] { execl("/bin/true", "true", nullptr); }},
      {"fork", [] { fork(); }},
      {"thread", [] { std::thread([] {}).join(); }},
      {"kill", [] { kill(getppid(), 0); }},
      {"ptrace", [] { syscall(SYS_ptrace, 0, 0, 0, 0); }},
      {"mount", [] { syscall(SYS_mount, "a", "b", "c", 0, nullptr); }},
      {"memfd", [] { memfd_create("x", 0); }},
      {"io_uring", [] { syscall(425, 1, nullptr); }},
      {"ioctl", [] { syscall(SYS_ioctl, 0, 0x5412, "x"); }},
      {"prlimit", [] { syscall(SYS_prlimit64, 0, 0, nullptr, nullptr); }}};
  for (const auto& [name, action] : forbidden) {
    CAPTURE(name);
    CHECK(in_sandbox(action).signal == SIGSYS);
  }
}

TEST_CASE("workers: a decoder that loops or eats memory reaches its limit") {
  const Ending looped = in_sandbox([] { for (std::atomic<std::uint64_t> i = 0;; ++i) {} }, {.cpu_seconds = 1});
  CHECK((looped.signal == SIGXCPU || looped.signal == SIGKILL));
  const Ending fed = in_sandbox(
      [] {
        constexpr size_t kMuch = 256 << 20;
        const void* much = mmap(nullptr, kMuch, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (much == MAP_FAILED) syscall(SYS_exit_group, 9);
      },
      {.memory = 64 << 20});
  CHECK(fed.exit_code == 9);
}

TEST_CASE("workers: files that are too large in any way are refused by what they state") {
  const TemporaryFolder folder;
  write_bytes(folder.file("bomb.png"), build_png(100'000, 100'000, 2, ""));
  CHECK(contains(refusal_of_upload<InvalidRequest>(folder.file("bomb.png"), {.kind = "picture"}, program()), "100000x100000"));
  // Within the limits that were asked for, but not within the memory of the child.
  write_bytes(folder.file("wide.png"), build_png(16'000, 16'000, 2, ""));
  DecoderOptions small = program();
  small.limits.memory = 96 << 20;
  const DecodeRequest wide{.kind = "picture", .max_side = 16'384, .max_pixels = 300'000'000};
  CHECK(!refusal_of_upload<Error>(folder.file("wide.png"), wide, small).empty());
  media::write_wav(folder.file("long.wav"), at::zeros({1, 8000 * 90}), 8000);
  const std::string too_long = refusal_of_upload<InvalidRequest>(folder.file("long.wav"), {.kind = "sound"}, program());
  CHECK(contains(too_long, "90 seconds"));
  CHECK(too_long.find("[upload] upload: ") == 0);
  CHECK(too_long.rfind("upload: ") == too_long.find("upload: "));  // it is said once what this is about
  const DecodeRequest cut{.kind = "sound", .max_seconds = 30, .truncate = true};
  CHECK(decode_upload(folder.file("long.wav"), "upload", cut, program()).audio_seconds() <= 30.2);
  media::write_wav(folder.file("stereo.wav"), at::zeros({2, 8000}), 8000);
  const DecodeRequest mono{.kind = "sound", .max_channels = 1};
  CHECK(contains(refusal_of_upload<InvalidRequest>(folder.file("stereo.wav"), mono, program()), "2 channels"));
}

TEST_CASE("workers: an upload that the decoder finds damaged is its owner's fault") {
  const TemporaryFolder folder;
  write_bytes(folder.file("a.png"), "no picture");
  CHECK(contains(refusal_of_upload<InvalidRequest>(folder.file("a.png"), {.kind = "picture"}, program()), "upload"));
  media::write_png(folder.file("b.png"), at::full({32, 32, 3}, 200, at::kByte));
  const std::string whole = read_bytes(folder.file("b.png"));
  write_bytes(folder.file("b.png"), whole.substr(0, whole.size() / 2));
  refusal_of_upload<InvalidRequest>(folder.file("b.png"), {.kind = "picture"}, program());
}

TEST_CASE("workers: of a film it is told what it holds; rates and sizes that are too high are refused undecoded") {
  const TemporaryFolder folder;
  const Clip clip = flash_beep_clip(64, 96, 24, 16000, 1, 0.6);
  media::write_film(folder.file("a.mp4"), clip);
  media::write_wav(folder.file("a.wav"), clip.waveform, 16000);
  const Clip film = decode_upload(folder.file("a.mp4"), "upload", {.kind = "look"}, program());
  CHECK(film.frames.sizes() == at::IntArrayRef({1, 64, 96, 3}));
  CHECK(film.waveform.size(1) == 0);
  const Clip sound = decode_upload(folder.file("a.wav"), "upload", {.kind = "look"}, program());
  CHECK(!sound.has_video());
  CHECK(sound.has_audio());
  DecodeRequest small{.kind = "film"};
  small.fps = 12, small.height = small.width = 32;
  CHECK(decode_upload(folder.file("a.mp4"), "upload", small, program()).frames.sizes() ==
        at::IntArrayRef({7, 32, 32, 3}));
  DecodeRequest deaf{.kind = "film", .pictures = false};
  deaf.max_side = 16;  // of what is not decoded
  CHECK(!decode_upload(folder.file("a.mp4"), "upload", deaf, program()).has_video());
  for (const char* kind : {"film", "look"}) {
    CAPTURE(kind);
    const auto refusal = [&](const DecodeRequest& request) {
      return refusal_of_upload<InvalidRequest>(folder.file("a.mp4"), request, program());
    };
    CHECK(contains(refusal({.kind = kind, .max_fps = 12}), "24 pictures a second, at most 12"));
    CHECK(contains(refusal({.kind = kind, .max_sample_rate = 8000}), "48000 samples a second, at most 8000"));
    CHECK(contains(refusal({.kind = kind, .max_side = 80}), "96x64, at most 80 per side"));
    CHECK(contains(refusal({.kind = kind, .max_pixels = 4000}), "96x64"));
  }
}

TEST_CASE("workers: a child that is slow, missing or not a decoder is told apart") {
  const TemporaryFolder folder;
  media::write_wav(folder.file("a.wav"), at::zeros({1, 800}), 8000);
  const DecodeRequest sound{.kind = "sound"};
  const DecoderOptions slow{.command = {"/bin/sh", "-c", "exec sleep 60"}, .seconds = 1};
  CHECK(contains(refusal_of_upload<MediaError>(folder.file("a.wav"), sound, slow), "within 1 seconds"));
  const DecoderOptions missing{.command = {"/no/such/program"}};
  CHECK_THROWS_AS(decode_upload(folder.file("a.wav"), "upload", sound, missing), ResourceError);
  const DecoderOptions other{.command = {"/bin/sh", "-c", "yes"}};
  CHECK(contains(refusal_of_upload<MediaError>(folder.file("a.wav"), sound, other), "cannot be"));
  CHECK(contains(refusal_of_upload<MediaError>(folder.file("none.wav"), sound, program()), "cannot be opened"));
  CHECK(contains(refusal_of_upload<MediaError>(folder.file("."), sound, program()), "regular file"));
}

TEST_CASE("workers: nobody gives up waiting before the deadline") {
  const ChannelPair channel = make_channel();
  char byte = 0;
  for (int round = 0; round < 20; ++round) {
    const Deadline deadline = Deadline::clock::now() + std::chrono::microseconds(2500);
    CHECK(!read_exactly(channel.ours.get(), &byte, 1, deadline));
    CHECK(Deadline::clock::now() >= deadline);
  }
}

TEST_CASE("workers: damaged films never harm this process") {
  const TemporaryFolder folder;
  media::write_film(folder.file("whole.mp4"), flash_beep_clip(48, 48, 24, 16000, 1, 0.5), {{"title", "x"}});
  const std::string bytes = read_bytes(folder.file("whole.mp4"));
  Random random(11);
  int refused = 0;
  for (int round = 0; round < 12; ++round) {
    std::string damaged = bytes;
    for (int hit = 0; hit < 1 + round * 2; ++hit) {
      damaged[size_t(random.below(std::int64_t(damaged.size())))] = char(random.below(256));
    }
    write_bytes(folder.file("damaged.mp4"), damaged);
    try {
      decode_upload(folder.file("damaged.mp4"), "upload", {.kind = "film", .max_frames = 500}, program());
    } catch (const Error&) {
      ++refused;
    }
  }
  CHECK(refused > 0);  // and this process is still there, whatever became of the others
}

}  // namespace phonofilm::test
