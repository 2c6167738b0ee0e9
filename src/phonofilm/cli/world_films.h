// Films of the rendered world by a model, for the commands that measure them.
#pragma once

#include <string>
#include <vector>

#include "phonofilm/eval/togetherness.h"
#include "phonofilm/families/generator.h"
#include "phonofilm/pipeline/request.h"

namespace phonofilm::cli {

// Which half of a held-out film the model is given; it makes the other one.
enum class GivenHalf { none, picture, sound };

struct WorldFilmOptions {
  GivenHalf given = GivenHalf::none;  // a half needs a model that keeps films
  bool voices = true;                 // models that take voices hear each talker say other words
};

inline constexpr const char* kRecogniser = "models/rulers/recogniser";  // the shipped one
// The folder of a recogniser; "" for "", and where it is not there, which only leaves words unmeasured and is warned of.
std::string find_recogniser(const std::string& folder);

// The rendered film that has the shape of a model's.
world::RenderOptions render_options(const families::ModelInfo& info, const families::ClipSpec& spec);

// What a talker of a film sounds like.
struct ReferenceVoice {
  std::vector<std::string> words;  // none of the film's line
  Tensor waveform;                 // float32 [1, S] at families::kVoiceRate, three seconds or a little more
};
// One for every line, in their order. Nothing for films without speech.
std::vector<ReferenceVoice> reference_voices(const world::Truth& truth, std::uint64_t seed);

// The functions that eval::evaluate_world asks for. Model and context must outlive them.
class WorldFilms {
 public:
  // request: how films are sampled and how long they are; prompt and seed are those of the held-out films. Throws
  // InvalidRequest for a given half that the model cannot keep.
  WorldFilms(const families::Generator& model, const pipeline::GenerateRequest& request, const nn::RunContext& context,
             const WorldFilmOptions& options = {});

  world::RenderOptions render_options() const;  // size and length of the model's films
  eval::GenerateFilm generate() const;
  eval::RoundTrip round_trip() const;

 private:
  pipeline::Given given_to(const world::Sample& held_out, std::uint64_t seed) const;

  const families::Generator& model_;
  pipeline::GenerateRequest request_;
  const nn::RunContext& context_;
  WorldFilmOptions options_;
  families::ClipSpec spec_;
};

}  // namespace phonofilm::cli
