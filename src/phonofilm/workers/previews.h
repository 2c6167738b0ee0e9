// Pictures and sound of a film that is still being denoised: what the latents would become if the present step were the
// last. Three pictures, each decoded alone, and a spectrogram; they are made for those who watch, and may take a set
// share of the time.
#pragma once

#include <array>
#include <chrono>

#include "phonofilm/pipeline/generate.h"
#include "phonofilm/workers/session.h"

namespace phonofilm::workers {

class Previewer {
 public:
  // share: of the film's computing time that previews may take, 0 for none.
  Previewer(const families::Generator& model, const nn::RunContext& run, double share)
      : model_(model), run_(run), share_(share) {}

  void begin();  // of a film
  // Shows "preview.jpg" or "preview_sound.jpg" through the session where somebody watches and there is time for it.
  // expected: seconds that denoising takes in all, as far as known.
  void step(Session& session, const pipeline::StepView& view, double expected);

 private:
  enum Kind { picture, sound };
  bool affordable(Kind kind, double expected) const;
  void show_picture(Session& session, const diffusion::JointLatent& estimate);
  void show_sound(Session& session, const diffusion::JointLatent& estimate);

  const families::Generator& model_;
  nn::RunContext run_;
  double share_;
  std::array<double, 2> cost_{};  // seconds that the last one of each kind took, also of an earlier film
  std::chrono::steady_clock::time_point begun_{};
  double spent_ = 0;
  Kind next_ = picture;
};

}  // namespace phonofilm::workers
