// What the pipeline knows of a model: how to encode a prompt, which latent to start from, how its velocities are
// computed and guided, and how latents become a film. A family implements it; what it needs as conditioning stays
// behind `Conditioning`.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "phonofilm/autoencoders/picture_tiles.h"
#include "phonofilm/base/progress.h"
#include "phonofilm/diffusion/guidance.h"
#include "phonofilm/diffusion/held.h"
#include "phonofilm/diffusion/joint_latent.h"
#include "phonofilm/families/kept_film.h"
#include "phonofilm/nn/run_context.h"
#include "phonofilm/tensor/clip.h"

namespace phonofilm::families {

// How a film is sampled: a model's defaults, or a request's choices over them.
struct Sampling {
  std::string solver = "unipc";
  std::int64_t steps = 25;
  double shift = 1;  // of the noise schedule
  // Where above 0, the sound is made once more in so many steps, from noise, while the picture is held as it has become.
  std::int64_t sound_steps = 0;
  double sound_shift = 1;  // of their schedule
  diffusion::GuidanceScales guidance;
  std::int64_t skip_layer = 0;  // skip-layer guidance: the block that the negative pass leaves out; 0: none
  std::int64_t skipped_block() const { return skip_layer > 0 ? skip_layer : -1; }  // -1: none
};

// Facts and defaults of a loaded model.
struct ModelInfo {
  std::string family, variant;
  std::string loras{};  // that were added to it (lora_file.h)
  std::string name() const { return family + " " + variant + (loras.empty() ? "" : " with " + loras); }
  std::int64_t parameters = 0;
  std::int64_t threads = 0;  // of the math library that serve it best; 0: all cores
  double fps = 24;
  std::int64_t sample_rate = 16000, channels = 1;
  double step_seconds = 0, step_begin = 0;  // of the sound's latent, as in LatentClock
  std::vector<std::int64_t> other_sample_rates{};  // that its sound can be had at instead
  double seconds = 2, min_seconds = 1, max_seconds = 10;
  Sampling sampling;
  std::string negative_video, negative_audio;  // negative prompts where the user gives none; empty: no text
  bool fits_images = false;  // takes first frames of any size; else they must have the clip's
  bool takes_voices = false;   // reads reference voices
  bool keeps_films = false;    // makes films that keep parts of a given one
  bool takes_latent_frames = false;  // makes films of a length in latent frames (ClipRequest)
  bool tiles_pictures = false;       // decodes pictures tile by tile where it is asked to (DecodeHooks)
  bool shows_strikes = false;  // films of the rendered world, in which eval/sync can find what is struck
};

// The exact shape of the film to be made, after the model's rules have been applied to what was asked for.
struct ClipSpec {
  std::int64_t frames = 0, height = 0, width = 0;  // frames = 0: no picture
  std::int64_t samples = 0;                        // 0: no sound
  std::int64_t sample_rate = 0;                    // of them; 0: ModelInfo::sample_rate
  bool has_video() const { return frames > 0; }
  bool has_audio() const { return samples > 0; }
};

struct ClipRequest {
  double seconds = 0;                  // 0: the model's default
  std::int64_t height = 0, width = 0;  // 0: the model's default
  bool video = true, audio = true;
  bool exact_size = false;             // no scaling to the area that the model was trained at
  // Of a given first frame, else 0: some models take their shape from it.
  std::int64_t image_height = 0, image_width = 0;
  std::int64_t latent_frames = 0;      // the length in the model's own unit instead of seconds; 0: by seconds
  std::int64_t sample_rate = 0;        // of the sound, one of those that ModelInfo names; 0: the model's default
};

inline constexpr std::int64_t kVoiceRate = 16000;  // Hz, of reference voices

struct Prompt {
  std::string text{};
  std::string negative{};        // empty: what the model was trained with as "no text"
  std::string negative_audio{};  // of models that read one per modality
  // Reference voices, float32 [channels, S] at kVoiceRate: the i-th for the i-th <S>...<E>; undefined where a line has
  // none.
  std::vector<Tensor> voices{};
  // The first frame, uint8 [H, W, 3], of the spec's size unless ModelInfo::fits_images; undefined: none.
  Tensor image{};
  KeptFilm kept{};  // of models that keep films: what of a given film the new one keeps, beside the first frame
};

// What making a film will take, for plans before it and benchmarks after it.
struct WorkPlan {
  std::int64_t video_tokens = 0, audio_tokens = 0, text_tokens = 0;  // of one pass of the denoiser
  std::int64_t passes = 1;                                           // per step: prompt, negative prompt, ...
  // Floating-point operations, two per multiply-add, of matrix products, convolutions and attention.
  double encode_flop = 0, step_flop = 0, decode_flop = 0;
  struct Memory {
    std::string part;      // "towers"
    double bytes = 0;      // of its weights as they will be held
    std::string lifetime;  // "mapped from the file while denoising"
  };
  std::vector<Memory> memory;
  double activation_bytes = 0;  // the largest set of tensors that is alive at one time while denoising, roughly
};

// How pictures are decoded, and how decoding is watched.
struct DecodeHooks {
  Observer observer = ignore_progress;                      // returning false stops the work: Cancelled is thrown
  std::function<void(const Tensor& frames)> on_frames = {};  // uint8 [n, H, W, 3], as soon as they are there, in order
  std::optional<autoencoders::PictureTiles> tiles{};  // of models that have ModelInfo::tiles_pictures; none: exactly
};

// Latents that stay clean while the rest of a film is denoised: a first picture, what is kept of a given film, a
// picture that is finished while its sound is made again.
struct HeldLatents {
  diffusion::JointLatent given;  // of the film's shape, of the modalities of which something is held
  diffusion::Held held;
  // Throws ShapeError for a latent of another shape.
  void impose_on(diffusion::JointLatent& latent) const { diffusion::impose(given, held, latent); }
};

// A prompt as the model understands it, with everything that is computed once per clip.
class Conditioning {
 public:
  virtual ~Conditioning() = default;
  HeldLatents clean;  // not to be changed while a velocity that was made with it is in use
  std::vector<std::string> notices;  // what the user should know, e.g. words that the model has never seen
};

class Generator {
 public:
  virtual ~Generator() = default;
  virtual const ModelInfo& info() const = 0;

  // Throws InvalidRequest for guidance that the model does not have.
  virtual void check(const Sampling& sampling) const = 0;
  // Throws InvalidRequest for lengths or sizes that the model cannot make, naming the nearest that it can.
  virtual ClipSpec clip_spec(const ClipRequest& request) const = 0;
  // Shapes of a batch of one; the audio or video shape is empty where the spec has no such modality.
  struct LatentShape {
    Shape video, audio;
  };
  virtual LatentShape latent_shape(const ClipSpec& spec) const = 0;
  // Throws what encode() would for parts that its folder lacks and for what no film of this shape can be told, e.g. voices for
  // a prompt in which nobody speaks. Computes nothing.
  virtual void check(const Prompt& prompt, const ClipSpec& spec) const = 0;
  // The noise schedule: steps + 1 levels from near 1 to 0.
  virtual std::vector<double> sigmas(const Sampling& sampling) const = 0;

  virtual std::unique_ptr<Conditioning> encode(const Prompt& prompt, const ClipSpec& spec, const nn::RunContext& run,
                                               const Observer& observer = ignore_progress) const = 0;
  // The noise that the publisher's own program would draw from a seed, to reproduce its films; this program's own noise
  // is drawn by the pipeline. Throws InvalidRequest for a model whose publisher has no such rule.
  virtual diffusion::JointLatent reference_noise(const ClipSpec& spec, std::int64_t seed) const = 0;
  // Guided velocity of a batch of one, for a sampling that check() passes. The conditioning must outlive the function.
  virtual diffusion::VelocityFn velocity(const Conditioning& conditioning, const Sampling& sampling,
                                         const nn::RunContext& run) const = 0;
  // voices: whether there will be any.
  virtual WorkPlan plan(const ClipSpec& spec, const Sampling& sampling, bool voices) const = 0;

  virtual Clip decode(const diffusion::JointLatent& latent, const ClipSpec& spec, const nn::RunContext& run,
                      const DecodeHooks& hooks = {}) const = 0;
  // The latent of a given film, for round trips through the codecs.
  virtual diffusion::JointLatent encode_clip(const Clip& clip, const nn::RunContext& run) const = 0;
};

}  // namespace phonofilm::families
