#include "phonofilm/train/nava_data.h"

#include <algorithm>

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

using Sorted = std::map<NavaModality, std::vector<const NavaClip*>>;

// In an order that has nothing to do with that of the lists and survives changes of them: what is held out stays so.
Sorted by_modality(const NavaRecipe& recipe, const std::vector<NavaClip>& clips) {
  Sorted sorted;
  for (const NavaClip& clip : clips) sorted[recipe.sources[clip.source].modality()].push_back(&clip);
  const auto rank = [](const NavaClip* clip) { return std::pair(mix_seed(0, clip->file), clip->source); };
  for (auto& [modality, list] : sorted) {
    std::sort(list.begin(), list.end(), [&](const NavaClip* a, const NavaClip* b) { return rank(a) < rank(b); });
  }
  return sorted;
}

}  // namespace

NavaData::NavaData(const NavaRecipe& recipe, const std::vector<NavaClip>& clips) {
  Sorted sorted = by_modality(recipe, clips);
  for (size_t m = 0; m < kNavaModalities.size(); ++m) {
    const NavaModality modality = kNavaModalities[m];
    if (recipe.probability[m] == 0) continue;
    std::vector<const NavaClip*>& list = sorted[modality];
    PF_CHECK(!list.empty(), InvalidRequest, "train", "no clip for ", name_of(modality),
             " can be used, which modal_prob draws; look at its sources and at what was left out");
    const auto held = std::min(recipe.options.validation_clips, std::int64_t(list.size()) - 1);
    for (std::int64_t i = 0; i < held; ++i) held_out_[modality].push_back(list[size_t(i)]->file);
    list.erase(list.begin(), list.begin() + held);
    modalities_.push_back(modality);
    add(probability_up_to_, recipe.probability[m]);
    group(recipe, modality, list);
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
