// What is kept of a given film, in files: its spans in descriptions of films, and all of it in saved latents.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "phonofilm/pipeline/request.h"
#include "phonofilm/weights/safetensors.h"

namespace phonofilm::pipeline {

// [first, last] in seconds, or [first] of a span that lasts to the film's end.
nlohmann::json spans_json(const std::vector<families::TimeSpan>& spans);

// As tensors "kept_frames" and "kept_waveform" and an entry "kept", or nothing where nothing is kept.
void add_kept(const families::KeptFilm& kept, weights::TensorMap& tensors, weights::Metadata& metadata);
// Throws CheckpointError for an entry that is damaged: tensors of other axes or without values, sound that is no
// number, rates that no film has, spans that are reversed, out of order or begin where there is no film.
families::KeptFilm kept_of(const weights::SafetensorsFile& file);

}  // namespace phonofilm::pipeline
