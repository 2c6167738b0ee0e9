// Films of the rendered world by a model, for the commands that measure them.
#pragma once

#include "phonofilm/eval/togetherness.h"
#include "phonofilm/families/generator.h"
#include "phonofilm/pipeline/request.h"

namespace phonofilm::cli {

// The functions that eval::evaluate_world asks for. Model and context must outlive them.
class WorldFilms {
 public:
  // request: how films are sampled and how long they are; prompt and seed are those of the held-out films.
  WorldFilms(const families::Generator& model, const pipeline::GenerateRequest& request, const nn::RunContext& context);

  world::RenderOptions render_options() const;  // size and length of the model's films
  eval::GenerateFilm generate() const;
  eval::RoundTrip round_trip() const;

 private:
  const families::Generator& model_;
  pipeline::GenerateRequest request_;
  const nn::RunContext& context_;
  families::ClipSpec spec_;
};

}  // namespace phonofilm::cli
