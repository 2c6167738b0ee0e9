// Films of jobs: the embedded model in this process and in the program's own worker process.
#include <signal.h>

#include <atomic>
#include <fstream>
#include <nlohmann/json.hpp>

#include "phonofilm/media/film.h"
#include "phonofilm/media/image.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/workers/child_process.h"
#include "phonofilm/workers/supervisor.h"
#include "workers/film_helpers.h"

namespace phonofilm::test {

using nlohmann::json;

TEST_CASE("workers: a job becomes a film with its pictures and settings") {
  Studio studio;
  const Job job = studio.q.submit(request());
  REQUIRE(studio.make(every_step()) == Worker::Came::success);
  const Job done = studio.q.job(job.id);
  CHECK(done.artifacts == std::vector<std::string>{"film.mp4", "poster.png", "sprites.jpg", "settings.json"});
  CHECK(done.progress.steps == 4);
  const Clip film = studio.film(job);
  CHECK(film.frames.sizes() == at::IntArrayRef({9, 32, 32, 3}));
  const json settings = json::parse(studio.q.file(done, "settings.json"));
  CHECK(settings["settings"]["prompt"] == "a red ball falls");
  CHECK(media::read_image(studio.q.artifacts.path(job.id, done.result, "poster.png")).size(0) == 32);
  const Job sound = studio.q.submit(R"({"prompt": "a red ball falls", "video": false})");
  REQUIRE(studio.make(every_step()) == Worker::Came::success);
  CHECK(studio.q.job(sound.id).artifacts == std::vector<std::string>{"sound.m4a", "settings.json"});
}

TEST_CASE("workers: what the program measures stands in the film's settings, of films in segments too") {
  Studio studio;
  FilmExecutorOptions options = every_step();
  options.measure = [](const families::ModelInfo& model, const Clip& film, json& description) {
    description["measured"] = {{"pictures", film.frames.size(0)}, {"seconds", film.audio_seconds()}};
    CHECK(model.shows_strikes);
  };
  for (const double seconds : {0.375, 2.0}) {  // the model makes a second at once
    json asked = json::parse(request(1));
    asked["seconds"] = seconds;
    const Job job = studio.q.submit(asked.dump());
    REQUIRE(studio.make(options) == Worker::Came::success);
    const json measured = json::parse(studio.q.file(studio.q.job(job.id), "settings.json"))["measured"];
    CHECK(measured["pictures"] == studio.film(job).frames.size(0));
    CHECK(measured["seconds"].get<double>() >= seconds);
  }
}

TEST_CASE("workers: a film that was stopped after any step ends as the one that was not") {
  Studio studio;
  const Job whole = studio.q.submit(request());
  REQUIRE(studio.make(every_step()) == Worker::Came::success);
  const Clip expected = studio.film(whole);
  for (std::int64_t last = 1; last <= 4; ++last) {
    CAPTURE(last);
    const Job job = studio.q.submit(request());
    const auto stop = [&] { return studio.q.job(job.id).progress.step >= last; };
    REQUIRE(studio.make(every_step(), stop) == Worker::Came::released);
    CHECK(studio.q.job(job.id).checkpoint.step == last);
    REQUIRE(studio.make(every_step()) == Worker::Came::success);
    CHECK(same(studio.film(job), expected));
  }
}

TEST_CASE("workers: damaged latents cost time, not the film") {
  Studio studio;
  const Job whole = studio.q.submit(request());
  REQUIRE(studio.make(every_step()) == Worker::Came::success);
  const Job job = studio.q.submit(request());
  const auto stop = [&] { return studio.q.job(job.id).progress.step >= 2; };
  REQUIRE(studio.make(every_step(), stop) == Worker::Came::released);
  write_bytes(studio.q.artifacts.path(job.id, studio.q.job(job.id).checkpoint.run, kLatents), "damaged");
  REQUIRE(studio.make(every_step()) == Worker::Came::success);
  CHECK(same(studio.film(job), studio.film(whole)));
}

TEST_CASE("workers: a disk that is full for a while costs saved latents, not the film") {
  bool full = true;
  Studio studio([&](const char* point) {
    if (full && std::string(point) == "flush file") throw ResourceError("artifact", "no room");
  });
  const Job job = studio.q.submit(request());
  std::vector<std::string> told;
  FilmExecutorOptions options = every_step();
  options.log = [&](const std::string& line) { told.push_back(line); };
  const auto look = [&] {
    full = studio.q.job(job.id).progress.step < 4;
    return false;
  };
  REQUIRE(studio.make(options, look) == Worker::Came::success);
  CHECK(told == std::vector<std::string>(3, "latents are not saved now: [artifact] no room"));
  const Job undisturbed = studio.q.submit(request());
  REQUIRE(studio.make(every_step()) == Worker::Came::success);
  CHECK(same(studio.film(job), studio.film(undisturbed)));
}

TEST_CASE("workers: previews are made for those who watch") {
  Studio studio;
  FilmExecutorOptions options = every_step();
  options.preview_share = 1000;
  for (const bool watched : {false, true}) {
    CAPTURE(watched);
    const Job job = studio.q.submit(request(6));
    std::int64_t previews = 0;
    std::string files;
    const auto look = [&] {
      if (watched) studio.q.artifacts.watch(job.id);
      const Job now = studio.q.job(job.id);
      previews = std::max(previews, now.progress.preview);
      if (now.progress.preview >= 2) {
        files = studio.q.artifacts.path(job.id, now.lease.token, "preview.jpg");
        CHECK(media::read_image(files).size(0) > 0);
        const Tensor sound = media::read_image(studio.q.artifacts.path(job.id, now.lease.token, "preview_sound.jpg"));
        // Below it seconds, left of it hertz, in light letters on a dark ground.
        for (const Tensor& margin : {sound.slice(0, sound.size(0) - 24), sound.slice(1, 0, 40)}) {
          CHECK((margin.amin(2) > 160).sum().item<std::int64_t>() > 100);
          CHECK((margin.amax(2) < 60).to(at::kFloat).mean().item<double>() > 0.5);
        }
      }
      return false;
    };
    REQUIRE(studio.make(options, look) == Worker::Came::success);
    CHECK((previews >= 2) == watched);
    CHECK(studio.q.job(job.id).progress.preview == 0);
  }
}

TEST_CASE("workers: uploads become first frames; what a request may not say is the job's failure") {
  Studio studio;
  const std::string id = random_id();
  const Tensor image = at::full({32, 32, 3}, 200, at::kByte);
  studio.q.artifacts.publish(id, std::string(kUploads), "image",
                             [&](const std::string& path) { media::write_png(path, image); });
  const Job given = studio.q.queue.submit(
      {.owner = "o", .request = R"({"prompt": "a red ball falls", "image": "image"})", .id = id});
  REQUIRE(studio.make(every_step()) == Worker::Came::success);
  CHECK(json::parse(studio.q.file(studio.q.job(given.id), "settings.json"))["image"] == "image");
  for (const char* wrong :
       {R"({"prompt": ""})", R"({"prompt": "a", "imag": "image"})", R"({"prompt": "a", "image": "image"})",
        R"({"prompt": "a", "image": "../x"})", R"({"prompt": "a", "voices": ["voice.0"]})", "no JSON"}) {
    CAPTURE(wrong);
    const Job job = studio.q.submit(wrong);
    CHECK(studio.make(every_step()) == Worker::Came::failure);
    CHECK(studio.q.job(job.id).state == State::failed);
    CHECK(!studio.q.job(job.id).failure.empty());
  }
}

TEST_CASE("workers: the program's worker is killed at random moments; the embedded model's film is the same") {
  const QuickFolder folder;
  QueueFolder q(folder.file("q"));
  const json settings{{"model", PHONOFILM_SOURCE_DIR "/models/mini"}, {"artifacts", folder.file("q")},
                      {"dtype", "float32"}, {"save_every", 0}};
  std::atomic<bool> stop{false};
  std::atomic<pid_t> process{0};
  SupervisorOptions options{.first_pause = 10};
  options.tell = [&](const std::string& line) {
    if (line.find("started as process") != std::string::npos) process = std::atoi(line.substr(line.rfind(' ')).c_str());
  };
  const WorkerSpec mini{"mini", {PHONOFILM_PROGRAM, "worker", "--process", settings.dump()}};
  std::thread supervisor([&] { Supervisor(q.queue, {mini}, options).run([&] { return stop.load(); }); });
  const std::string film = R"({"prompt": "a red rubber ball falls", "seed": 3, "steps": 8})";
  const Job whole = q.submit(film);
  REQUIRE(eventually([&] { return q.job(whole.id).state == State::succeeded; }, 120));
  const Clip expected = media::read_film(q.artifacts.path(whole.id, q.job(whole.id).result, "film.mp4")).clip;
  const json measured = json::parse(q.file(q.job(whole.id), "settings.json"))["measured"];
  REQUIRE(!measured["impacts"].empty());
  for (const json& impact : measured["impacts"]) {
    CHECK(impact["time"].is_number());
    CHECK((impact["offset_ms"].is_null() || impact["offset_ms"].is_number()));
  }
  for (const std::int64_t step : {1, 4, 7}) {
    CAPTURE(step);
    const Job job = q.submit(film);
    const auto far_enough = [&] { return q.job(job.id).checkpoint.step >= step || is_finished(q.job(job.id).state); };
    REQUIRE(eventually(far_enough, 120));
    kill(process, SIGKILL);
    REQUIRE(eventually([&] { return is_finished(q.job(job.id).state); }, 120));
    const Job done = q.job(job.id);
    CAPTURE(done.failure);
    REQUIRE(done.state == State::succeeded);
    CHECK(same(media::read_film(q.artifacts.path(job.id, done.result, "film.mp4")).clip, expected));
  }
  stop = true;
  supervisor.join();
}

}  // namespace phonofilm::test
