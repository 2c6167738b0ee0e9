#include "phonofilm/train/recipe.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"

namespace phonofilm::train {
namespace {

constexpr int kLongestChain = 16;  // of recipes that are like another

nlohmann::json read_merged(const std::string& path, int depth) {
  PF_CHECK(depth < kLongestChain, InvalidRequest, "recipe", path, ": more than ", kLongestChain,
           " recipes are \"like\" another (in a circle?)");
  nlohmann::json own = load_json(path);
  if (!own.is_object() || !own.contains("like")) return own;
  PF_CHECK(own["like"].is_string(), InvalidRequest, "recipe", path, ": \"like\" must name a recipe file");
  const auto base = std::filesystem::path(path).parent_path() / own["like"].get<std::string>();
  own.erase("like");
  nlohmann::json merged = read_merged(base.string(), depth + 1);
  merged.merge_patch(own);
  return merged;
}

}  // namespace

Fields OptimizerOptions::fields() {
  return {{"name", &name, "optimizer", {}, {}, {"adamw", "muon"}},
          {"lr", &lr, "learning rate of AdamW", 0.0, 1.0},
          {"beta1", &beta1, "decay of the first moment", 0.0, 0.9999},
          {"beta2", &beta2, "decay of the second moment", 0.0, 0.999999},
          {"eps", &eps, "added to the root of the second moment", 0.0, 1.0},
          {"weight_decay", &weight_decay, "decoupled weight decay of AdamW", 0.0, 1.0},
          {"muon_lr", &muon_lr, "learning rate of Muon", 0.0, 1.0},
          {"muon_momentum", &muon_momentum, "Nesterov momentum of Muon", 0.0, 0.9999},
          {"muon_weight_decay", &muon_weight_decay, "decoupled weight decay of Muon", 0.0, 1.0},
          {"adam_only", &adam_only, "name parts of parameters that Muon leaves to AdamW"},
          {"clip", &clip, "largest global gradient norm, 0 for none", 0.0, 1e6}};
}

Fields ScheduleOptions::fields() {
  return {{"warmup", &warmup, "steps of linear warm-up", 0.0, 1e9},
          {"decay", &decay, "shape of the decay", {}, {}, {"constant", "cosine", "tail"}},
          {"tail", &tail, "part of the run that 'tail' decays over", 0.0, 1.0},
          {"final_factor", &final_factor, "factor of the learning rate at the end", 0.0, 1.0}};
}

Fields RunOptions::fields() {
  return {{"task", &task, "what is trained"},
          {"seed", &seed, "of weights, data and noise", 0.0},
          {"steps", &steps, "optimizer steps", 1.0},
          {"dtype", &dtype, "of matrix products", {}, {}, {"float32", "bfloat16"}},
          {"ema", &ema, "decay of the averaged weights", 0.0, 0.999999},
          {"shards", &shards, "parts of a batch computed side by side", 1.0, 64.0},
          {"threads", &threads, "of the math library, 0 for all cores", 0.0, 1024.0},
          {"batch_threads", &batch_threads, "that prepare batches ahead", 1.0, 256.0},
          {"validate_every", &validate_every, "steps between validations", 1.0},
          {"sample_every", &sample_every, "steps between sample films", 1.0},
          {"checkpoint_every", &checkpoint_every, "steps between checkpoints", 1.0},
          {"log_every", &log_every, "steps between log lines", 1.0}};
}

Recipe parse_recipe(const nlohmann::json& json, const std::string& where) {
  PF_CHECK(json.is_object(), InvalidRequest, "recipe", where, ": expected an object");
  Recipe recipe;
  recipe.path = where;
  nlohmann::json top = json;
  const auto section = [&](const char* name) {
    const nlohmann::json found = top.contains(name) ? top[name] : nlohmann::json::object();
    top.erase(name);
    return found;
  };
  read_json(section("optimizer"), recipe.optimizer.fields(), where + ": optimizer");
  read_json(section("schedule"), recipe.schedule.fields(), where + ": schedule");
  recipe.options = std::make_shared<nlohmann::json>(section("options"));
  read_json(top, recipe.run.fields(), where);
  PF_CHECK(!recipe.run.task.empty(), InvalidRequest, "recipe", where, ": 'task' is missing");
  return recipe;
}

nlohmann::json read_recipe(const std::string& path) { return read_merged(path, /*depth=*/0); }

Recipe load_recipe(const std::string& path) { return parse_recipe(read_recipe(path), path); }

}  // namespace phonofilm::train
