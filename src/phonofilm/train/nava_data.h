// The encoded clips of a NAVA training and how batches are drawn from them.
//
// Two levels, as published: a modality by its probability, then a clip by the weight of its source, spread evenly over
// the source's clips. All clips of a batch have latents of one shape, so between the two a shape is drawn, by the
// weight of all its clips: every clip keeps the probability that it would have alone. Draws are pure functions of the
// given randomness.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "phonofilm/base/random.h"
#include "phonofilm/tensor/tensor.h"
#include "phonofilm/train/nava_options.h"

namespace phonofilm::train {

// A clip that is ready: its file in the cache, and which draws it belongs to.
struct NavaClip {
  std::string file;
  std::string path;    // of the clip itself
  size_t source = 0;  // of NavaRecipe::sources
  Shape video, audio;  // of its latents; empty where it has none
};

struct NavaDraw {
  NavaModality modality = NavaModality::text_to_av;
  std::vector<std::string> files;
};

class NavaData {
 public:
  // Throws InvalidRequest where a modality that is drawn has no clip; `notices`, of what was left out, stand in it.
  NavaData(const NavaRecipe& recipe, const std::vector<NavaClip>& clips, const std::vector<std::string>& notices = {});
  NavaDraw draw(std::int64_t count, Random& random) const;
  // Chosen by a hash of the clips' own paths: the cache, the order of the lists and other clips have no say. Nothing of
  // a chosen path is drawn, whatever its source, modality or caption; of its entries in a modality one stands here.
  const std::map<NavaModality, std::vector<std::string>>& held_out() const { return held_out_; }

 private:
  struct Group {  // clips of one modality and shape
    std::vector<std::string> files;
    std::vector<double> up_to;  // weight of the clips so far
  };
  void group(const NavaRecipe& recipe, NavaModality modality, const std::vector<const NavaClip*>& clips);

  std::vector<NavaModality> modalities_;
  std::vector<double> probability_up_to_;
  std::map<NavaModality, std::vector<Group>> groups_;
  std::map<NavaModality, std::vector<double>> groups_up_to_;
  std::map<NavaModality, std::vector<std::string>> held_out_;
};

}  // namespace phonofilm::train
