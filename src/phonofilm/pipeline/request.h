// What a user asks for. The field list drives the command line, JSON and what is embedded in films.
#pragma once

#include <algorithm>

#include "phonofilm/base/fields.h"
#include "phonofilm/families/generator.h"

namespace phonofilm::pipeline {

struct GenerateRequest {
  std::string prompt;
  std::string negative_prompt;   // what to stay away from; empty: the model's default; a blank: nothing
  std::string negative_audio_prompt;  // the same for the sound, of models that read one per modality
  std::vector<std::string> then{};  // further prompts of a film in segments, which share its segments evenly with the first
  double seconds = 0;            // 0: the model's default
  double overlap = 0;            // seconds that a segment keeps of what is before it; 0: a third of the longest
  std::int64_t latent_frames = 0;  // the length in latent frames instead, of models that take it; 0: by seconds
  std::int64_t height = 0, width = 0;
  bool exact_size = false;       // no scaling to the area that the model was trained at
  bool video = true, audio = true;
  std::int64_t sample_rate = 0;  // of the sound, Hz; 0: the model's default
  std::int64_t seed = 0;
  std::string noise = "own";     // "reference": as the model's publisher draws it from the seed
  std::int64_t steps = 0;        // 0: the model's default
  std::string solver = "default";
  double shift = 0;              // of the sigma schedule; 0: the model's default
  std::int64_t sound_steps = -1;  // that make the sound again under the picture; 0: none; -1: the model's default
  double sound_shift = 0;        // of their schedule; 0: the model's default
  double text_guidance = -1;     // of both modalities; -1: the model's default per modality
  double video_guidance = -1, audio_guidance = -1;  // text guidance of one modality; -1: as above
  std::int64_t skip_layer = -1;  // block that the negative pass leaves out; 0: none; -1: the model's default
  double align_guidance = -1;    // pull towards what picture and sound say together; 0 switches its pass off
  double video_align_guidance = -1, audio_align_guidance = -1;  // of one modality; -1: as above
  double timbre_guidance = -1;   // pull of the sound towards the reference voices; 0 switches its pass off
  Fields fields();
  std::int64_t all_steps() const { return steps + std::max<std::int64_t>(0, sound_steps); }
  bool operator==(const GenerateRequest&) const = default;

 private:
  Fields film_fields();      // prompts, length, size and noise
  Fields sampling_fields();
};

// What a film is given besides its request.
struct Given {
  // The first frame, uint8 [H, W, 3]: of the model's size, or of any where the model fits images; or undefined.
  Tensor image{};
  std::vector<Tensor> voices{};            // reference voices, as families::Prompt::voices
  std::string image_name{};                // of the files that they came from, for the film's description
  std::vector<std::string> voice_names{};  // one per voice; empty where a line has none
  // What of a given film the new one keeps, of models that do; its clip begins with the film (segment_given.h).
  families::KeptFilm kept{};
  Tensor last_image{};                     // the last picture, uint8 [H, W, 3] of the film's size; or undefined
  bool retake = false;                     // a moment is made again: as much of what is kept around it as fits is seen
  std::string last_image_name{};           // of its file
  std::string kept_as{}, kept_name{};      // how the kept film was given ("audio", "extend", ...), and its file
};
// The end of a span that lasts to the end of any film, seconds.
inline constexpr double kToTheEnd = 1e6;
// Whether both hold the same tensors, bit by bit; names do not count.
bool same(const Given& a, const Given& b);
// Whether a whole picture or a whole sound is given, to its end: the sound is not made twice then, and the request's
// sound_steps are for nothing.
bool gives_half(const Given& given);

// What can be refused without knowing the model: throws InvalidRequest for an empty prompt, text that is not UTF-8,
// unbalanced <S> ... <E> marks, values out of range or a length in two units.
void check(const GenerateRequest& request);

// The request, checked, with the model's defaults filled in: all but its size, which follows from the area and the
// first frame (ClipSpec). A length in latent frames stays one. Resolving it again changes nothing. Throws
// InvalidRequest as check() does, and for a unit of length or a sample rate that the model does not have.
GenerateRequest resolve(const GenerateRequest& request, const families::ModelInfo& model);

// What a request asks of the clip's shape. image: Given::image.
families::ClipRequest clip_request(const GenerateRequest& request, const Tensor& image);
// What a resolved request asks of the sampler.
families::Sampling sampling_of(const GenerateRequest& resolved, const families::ModelInfo& model);
// How the sound is made again: with its own steps, and with the guidance of the sound alone.
families::Sampling sound_sampling(families::Sampling sampling);

}  // namespace phonofilm::pipeline
