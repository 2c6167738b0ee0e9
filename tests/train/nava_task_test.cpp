// NAVA's training from the lists of clips to a model folder that makes films, on toy weights and the rendered world.
#include "phonofilm/train/nava_task.h"

#include <cmath>

#include "nava_toy.h"
#include "phonofilm/base/random.h"
#include "phonofilm/diffusion/sample.h"
#include "phonofilm/families/registry.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/random.h"
#include "phonofilm/train/flow_matching.h"
#include "phonofilm/train/gradients.h"
#include "phonofilm/train/nava_options.h"
#include "phonofilm/train/optimizer.h"
#include "phonofilm/train/trainer.h"
#include "phonofilm/weights/safetensors.h"

using namespace phonofilm;
using namespace phonofilm::test;
using nlohmann::json;

namespace {

std::string checkpoint_after(NavaToy& toy, const json& recipe, const std::string& name,
                             const std::vector<std::int64_t>& stops) {
  const train::Recipe parsed = train::parse_recipe(recipe, "toy");
  for (const std::int64_t stop : stops) {
    const auto task = toy.make(recipe);
    train::train(*task, parsed, {toy.folder.file(name), /*resume=*/true, stop, ignore_progress});
  }
  return read_file(toy.folder.file(name) + "/checkpoint.safetensors");
}

Clip film_of(const std::string& root, double seconds) {
  const at::NoGradGuard no_grad;
  families::LoadOptions options;
  options.open_tokenizer = letters;
  const auto model = families::load_generator(root, options);
  const families::ClipSpec spec = model->clip_spec({.seconds = seconds, .height = 32, .width = 64});
  const auto conditioning = model->encode({.text = "A ball. <S>Hi.<E>", .negative = "n"}, spec, {});
  families::Sampling sampling = model->info().sampling;
  sampling.steps = 2;
  const auto shape = model->latent_shape(spec);
  const at::Generator generator = make_generator(3);
  const diffusion::JointLatent noise{randn(shape.video, generator), randn(shape.audio, generator)};
  const auto solver = diffusion::make_solver(sampling.solver);
  return model->decode(diffusion::sample(model->velocity(*conditioning, sampling, {}), noise, model->sigmas(sampling),
                                         *solver, nullptr, nullptr),
                       spec, {}, {});
}

}  // namespace

TEST_CASE("nava task: a run that is stopped and resumed is the run that never stopped, and its export makes films") {
  NavaToy toy;
  json recipe = toy.recipe();
  recipe["steps"] = 6;
  const std::string straight = checkpoint_after(toy, recipe, "straight", {6});
  CHECK(checkpoint_after(toy, recipe, "stopped", {2, 3, 6}) == straight);
  CHECK(toy.reads.at("clip1") == 1);  // later tasks found their clips in the cache
  const std::string exported = toy.folder.file("straight/model");
  const Clip film = film_of(exported, 9.0 / 24);
  CHECK(film.frames.sizes() == at::IntArrayRef({9, 32, 64, 3}));
  CHECK(film.sample_rate == 48000);

  // The next stage starts from it.
  recipe["options"]["model"] = exported;
  const auto next = toy.make(recipe);
  CHECK(at::equal(next->model().named_parameters()[0].second,
                  weights::SafetensorsFile::open(exported + "/NAVA.safetensors")
                      .at("backbone." + next->model().named_parameters()[0].first)));
  CHECK(std::isfinite(next->validate({}).at("text_to_av video")));
}

TEST_CASE("nava task: training lowers the loss of one clip, of every modality") {
  NavaToy toy;
  toy.write_list("stills", {toy_line("clip8.png", "A wall"), toy_line("clip9.png", "A ball")});
  json recipe = toy.recipe();
  recipe["options"]["sources"].push_back({{"data", toy.folder.file("films.jsonl")}, {"modal", "text_to_video"}});
  recipe["options"]["sources"].push_back({{"data", toy.folder.file("stills.jsonl")}, {"modal", "text_to_image"}});
  recipe["options"]["modal_prob"] = {
      {"text_to_av", 0}, {"text_to_audio", 0}, {"text_to_video", 0}, {"text_to_image", 0}};
  recipe["options"]["video_weight"] = 2;
  const std::map<std::string, std::vector<std::string>> parts{{"text_to_av", {"audio", "video"}},
                                                              {"text_to_audio", {"audio"}},
                                                              {"text_to_video", {"video"}},
                                                              {"text_to_image", {"video"}}};
  for (const auto& [modality, names] : parts) {
    CAPTURE(modality);
    const auto task = toy.make(only(recipe, modality));
    const train::Batch batch = task->batch(1, 0);
    for (const std::string part : {"audio", "video"}) {
      CHECK(batch.contains(part) == (std::find(names.begin(), names.end(), part) != names.end()));
    }
    if (batch.contains("video")) {
      CHECK(batch.at("video").sizes() == at::IntArrayRef({2, 48, modality == "text_to_image" ? 1 : 3, 2, 3}));
    }
    task->model().require_grad(true);
    const auto parameters = task->model().named_parameters();
    const auto optimizer = train::make_optimizer({.lr = 1e-3, .weight_decay = 0}, parameters);
    double first = 0, last = 0;
    for (int i = 0; i < 8; ++i) {
      last = train::compute_gradients(*task, batch, 1, 0, {}, parameters, 1).total.item<double>();
      if (i == 0) first = last;
      optimizer->step(1);
    }
    CHECK(last < first);
  }
}

TEST_CASE("nava task: the loss is the published sum of its parts") {
  NavaToy toy;
  json recipe = only(toy.recipe(), "text_to_av");
  recipe["options"]["batch"] = 1;
  recipe["options"]["video_weight"] = 3;
  const auto task = toy.make(recipe);
  for (std::int64_t step = 0; step < 4; ++step) {
    Random random(mix_seed(1, "noise level", std::uint64_t(step)));
    const double weight = train::NavaNoiseTable(5).draw(1, random).weight.item<double>();
    const train::StepLoss loss = task->loss(task->batch(1, step), 1, step, {});
    CHECK(loss.total.item<double>() ==
          doctest::Approx(weight * (9 * loss.parts.at("video") + 0.2 * loss.parts.at("audio"))).epsilon(1e-5));
  }
}

TEST_CASE("nava task: a given first frame counts in the loss unless the recipe says otherwise") {
  NavaToy toy;
  json recipe = only(toy.recipe(), "text_to_av");
  recipe["options"]["image_condition"] = 1;
  const auto published = toy.make(recipe);
  recipe["options"]["image_loss"] = false;
  const auto without = toy.make(recipe);
  const train::Batch batch = published->batch(1, 0);
  CHECK(at::equal(batch.at("video"), without->batch(1, 0).at("video")));
  const auto a = published->loss(batch, 1, 0, {}), b = without->loss(batch, 1, 0, {});
  CHECK(a.parts.at("video") != b.parts.at("video"));
  CHECK(a.parts.at("audio") == b.parts.at("audio"));
}

TEST_CASE("nava task: recomputed activations give the same gradients, up to the order of sums") {
  NavaToy toy;
  json recipe = only(toy.recipe(), "text_to_av");
  const auto plain = toy.make(recipe);
  recipe["options"]["recompute"] = true;
  const auto saving = toy.make(recipe);
  for (const auto& [dtype, shards] : std::map<at::ScalarType, std::int64_t>{{at::kFloat, 2}, {at::kBFloat16, 1}}) {
    std::vector<std::vector<Tensor>> gradients;
    for (train::Task* task : {plain.get(), saving.get()}) {
      task->model().require_grad(true);
      const auto parameters = task->model().named_parameters();
      train::compute_gradients(*task, task->batch(1, 5), 1, 5, {.dtype = dtype}, parameters, shards);
      std::vector<Tensor>& own = gradients.emplace_back();
      for (const auto& [name, parameter] : parameters) own.push_back(parameter.grad());
    }
    for (size_t i = 0; i < gradients[0].size(); ++i) {
      const bool used = gradients[0][i].any().item<bool>();
      CHECK(gradients[1][i].any().item<bool>() == used);
      if (used) expect_close(gradients[1][i], gradients[0][i], 1e-6);
    }
  }
}

TEST_CASE("nava task: preparation can be interrupted, goes on, and makes stale files anew") {
  NavaToy toy;
  json recipe = toy.recipe();
  const auto stop_at_three = [](const ProgressEvent& event) { return event.done < 3; };
  CHECK_THROWS_AS(toy.make(recipe, stop_at_three), Cancelled);
  CHECK(toy.reads.size() == 3);
  const auto straight = toy.make(recipe);
  CHECK(toy.reads.size() == 7);
  CHECK(toy.reads.at("clip3") == 1);
  recipe["options"]["frames"] = 13;
  CHECK(toy.make(recipe)->batch(1, 0).at("rows").size(0) == 2);
  CHECK(toy.reads.at("clip3") == 2);
  // Other weights of an encoder.
  nava::synthesise(toy.folder.file("model"), {.scale = families::Scale::toy, .seed = 5, .overwrite = true},
                   ignore_progress);
  toy.make(recipe);
  CHECK(toy.reads.at("clip3") == 3);
  // A damaged file.
  for (const auto& file : std::filesystem::recursive_directory_iterator(toy.folder.file("cache"))) {
    if (file.is_regular_file()) write_file_atomically(file.path().string(), "damaged");
  }
  toy.make(recipe);
  CHECK(toy.reads.at("clip3") == 4);
}

TEST_CASE("nava task: what cannot be used is left out and told; nothing left is an error") {
  NavaToy toy;
  toy.write_list("films", {toy_line("clip1.mp4", "A ball."), toy_line("broken.mp4", "Static"),
                           toy_line("clip2.mp4", "late <S>a<E>", {{5, 6}}), json("{\"video_info\": "),
                           toy_line("clip3.mp4", "<S>a<E>")});
  const json recipe = toy.recipe();
  const auto notices = toy.make(recipe)->notices();
  const std::string all = join(notices, "\n");
  INFO(all);
  CHECK(notices.size() == 4);
  for (const char* text : {"1 clip left out: it cannot be read", "broken.mp4", "1 spoken line goes with the null voice",
                           "the line is no JSON (first: ", "films.jsonl:4", "differ in number"}) {
    CAPTURE(text);
    CHECK(all.find(text) != std::string::npos);
  }
  toy.write_list("films", {toy_line("broken.mp4", "Static")});
  CHECK_THROWS_WITH_AS(toy.make(recipe), doctest::Contains("text_to_av"), InvalidRequest);
  CHECK_THROWS_WITH_AS(toy.make(recipe), doctest::Contains("broken.mp4: is damaged"), InvalidRequest);
  toy.write_list("sounds", {toy_line("broken.wav", "Static")});
  CHECK_THROWS_WITH_AS(toy.make(recipe), doctest::Contains("broken.mp4: is damaged"), InvalidRequest);
}

TEST_CASE("nava task: fresh and Wan weights, and folders that lack them") {
  NavaToy toy;
  json recipe = toy.recipe();
  recipe["options"]["start"] = "fresh";
  CHECK_FALSE(toy.make(recipe)->model().state_dict().at("head.head.weight").any().item<bool>());
  recipe["options"]["start"] = "wan";
  toy.reads.clear();
  recipe["options"]["frames"] = 5;
  CHECK_THROWS_WITH_AS(toy.make(recipe), doctest::Contains("Wan-AI/Wan2.2-TI2V-5B"), CheckpointError);
  CHECK(toy.reads.empty());  // told before clips are prepared
  recipe["options"]["start"] = "fresh";
  CHECK_THROWS_WITH_AS(train::make_nava_task(train::parse_recipe(recipe, "toy"), {}, ignore_progress),
                       doctest::Contains("media library"), InvalidRequest);
}

TEST_CASE("nava task: the recipes of the three stages go on from one another") {
  std::string before;
  for (const std::string name : {"audio_initialisation", "joint", "instruction"}) {
    const json recipe = train::read_recipe(std::string(PHONOFILM_SOURCE_DIR) + "/recipes/nava/" + name + ".json");
    const train::NavaRecipe own = train::read_nava_recipe(*train::parse_recipe(recipe, name).options, name);
    CHECK(own.options.model == (before.empty() ? "ckpts/nava" : "runs/nava/" + before + "/model"));
    CHECK(own.options.start == (before.empty() ? "wan" : "published"));
    CHECK(own.probability[0] == doctest::Approx(name == "joint" ? 2.0 / 3 : name == "instruction" ? 1.0 : 0.25));
    before = name;
  }
}
