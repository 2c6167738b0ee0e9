// How a film is made: in one piece where the model makes such films at once, else in segments (segments.h).
#pragma once

#include <vector>

#include "phonofilm/pipeline/request.h"
#include "phonofilm/pipeline/segments.h"

namespace phonofilm::pipeline {

inline constexpr double kLongestSeconds = 30;  // of a film in segments, without what it is given as its beginning

struct FilmPlan {
  bool at_once = false;                   // the model makes the film in one piece
  families::ClipSpec spec{};              // of the whole film
  std::int64_t pictures = 0;              // that it lasts; of sound alone, too
  std::vector<Segment> segments{};        // in order; what lies outside of them is given
  std::vector<families::ClipSpec> specs{};  // of the segments
  double fps = 24;                        // of the picture
  double step_seconds = 0, step_begin = 0;  // of the sound's latent (families::ModelInfo)
  std::int64_t sample_rate = 0, patch = 1;  // of the sound; pictures of a latent frame

  // The sample at which a picture begins.
  std::int64_t sample_at(std::int64_t picture) const;
  // Seconds from the first picture to the end of picture and sound.
  double seconds() const;
};

// request: resolved. A length beyond the model's is made in segments where the model keeps films, and so is a film
// whose beginning is given, of which all pictures (of sound alone, all sound) from 0 on are kept; Given::retake asks
// for one segment around what is not kept. Throws InvalidRequest for lengths that cannot be made, and where nothing is
// left to be made.
FilmPlan plan_film(const families::Generator& model, const GenerateRequest& request, const Given& given);

// Seconds that one segment adds to a film that goes on. request: resolved.
double seconds_of_addition(const families::Generator& model, const GenerateRequest& request);

// The prompt of segment k: 0 for GenerateRequest::prompt, else 1 and on for those of `then`. Prompts share the segments
// evenly, each has at least one.
std::size_t prompt_number(const FilmPlan& plan, const GenerateRequest& request, std::size_t k);

// What is asked of segment k: its length and size, its prompt and a seed of its own; the first has the film's.
GenerateRequest segment_request(const FilmPlan& plan, const GenerateRequest& request, std::size_t k);

}  // namespace phonofilm::pipeline
