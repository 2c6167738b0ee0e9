#include "phonofilm/train/nava_data.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "phonofilm/base/error.h"

namespace phonofilm::train {
namespace {

// Index of the piece that a point in [0, total) falls into.
size_t pick(const std::vector<double>& up_to, Random& random) {
  const double point = random.uniform() * up_to.back();
  const auto found = std::upper_bound(up_to.begin(), up_to.end(), point);
  return std::min(size_t(found - up_to.begin()), up_to.size() - 1);
}

void add(std::vector<double>& up_to, double weight) { up_to.push_back((up_to.empty() ? 0 : up_to.back()) + weight); }

using ByPath = std::map<std::string, std::vector<const NavaClip*>>;
using Sorted = std::map<NavaModality, ByPath>;

// One spelling for each path, as far as can be told without looking at files: "a/./b" is "a/b".
std::string plain(const std::string& path) { return std::filesystem::path(path).lexically_normal().string(); }

// Of the modalities that are drawn.
Sorted by_modality(const NavaRecipe& recipe, const std::vector<NavaClip>& clips) {
  Sorted sorted;
  for (size_t m = 0; m < kNavaModalities.size(); ++m) {
    if (recipe.probability[m] > 0) sorted[kNavaModalities[m]];
  }
  for (const NavaClip& clip : clips) {
    const auto found = sorted.find(recipe.sources[clip.source].modality());
    if (found != sorted.end()) found->second[plain(clip.path)].push_back(&clip);
  }
  return sorted;
}

std::int64_t count_held(const ByPath& paths, const std::set<std::string>& held) {
  return std::count_if(paths.begin(), paths.end(), [&](const auto& entry) { return held.contains(entry.first); });
}

// Whether every modality keeps a clip when this one is held out too.
bool can_be_spared(const std::string& path, const Sorted& sorted, const std::set<std::string>& held) {
  return std::all_of(sorted.begin(), sorted.end(), [&](const auto& entry) {
    return !entry.second.contains(path) || count_held(entry.second, held) + 1 < std::int64_t(entry.second.size());
  });
}

// In an order that has nothing to do with that of the lists and survives changes of them: what is held out stays so.
std::set<std::string> choose_held_out(const Sorted& sorted, std::int64_t wanted) {
  std::set<std::string> held;
  for (const auto& [modality, paths] : sorted) {
    std::vector<std::pair<std::uint64_t, std::string>> ranked;
    for (const auto& [path, clips] : paths) ranked.push_back({mix_seed(0, path), path});
    std::sort(ranked.begin(), ranked.end());
    std::int64_t chosen = count_held(paths, held);
    for (size_t i = 0; i < ranked.size() && chosen < wanted; ++i) {
      const std::string& path = ranked[i].second;
      if (!held.contains(path) && can_be_spared(path, sorted, held)) chosen += held.insert(path).second;
    }
  }
  return held;
}

}  // namespace

NavaData::NavaData(const NavaRecipe& recipe, const std::vector<NavaClip>& clips,
                   const std::vector<std::string>& notices) {
  const Sorted sorted = by_modality(recipe, clips);
  const std::set<std::string> held = choose_held_out(sorted, recipe.options.validation_clips);
  for (const auto& [modality, paths] : sorted) {
    PF_CHECK(!paths.empty(), InvalidRequest, "train", "no clip for ", name_of(modality),
             " can be used, which modal_prob draws; look at its sources",
             notices.empty() ? "" : " and at what was left out:\n  ", join(notices, "\n  "));
    std::vector<const NavaClip*> drawn;
    for (const auto& [path, own] : paths) {
      if (held.contains(path)) {
        held_out_[modality].push_back(own.front()->file);
      } else {
        drawn.insert(drawn.end(), own.begin(), own.end());
      }
    }
    modalities_.push_back(modality);
    add(probability_up_to_, recipe.probability[size_t(modality)]);
    group(recipe, modality, drawn);
  }
}

void NavaData::group(const NavaRecipe& recipe, NavaModality modality, const std::vector<const NavaClip*>& clips) {
  std::map<size_t, std::int64_t> of_source;
  for (const NavaClip* clip : clips) ++of_source[clip->source];
  std::map<std::pair<Shape, Shape>, Group> by_shape;
  for (const NavaClip* clip : clips) {
    Group& group = by_shape[{clip->video, clip->audio}];
    group.files.push_back(clip->file);
    add(group.up_to, recipe.sources[clip->source].weight / double(of_source[clip->source]));
  }
  for (auto& [shape, group] : by_shape) {
    add(groups_up_to_[modality], group.up_to.back());
    groups_[modality].push_back(std::move(group));
  }
}

NavaDraw NavaData::draw(std::int64_t count, Random& random) const {
  NavaDraw drawn{modalities_[pick(probability_up_to_, random)], {}};
  const Group& group = groups_.at(drawn.modality)[pick(groups_up_to_.at(drawn.modality), random)];
  for (std::int64_t i = 0; i < count; ++i) drawn.files.push_back(group.files[pick(group.up_to, random)]);
  return drawn;
}

}  // namespace phonofilm::train
