// Films of any length: in one piece where the model makes them at once (generate.h), else segment by segment, each of
// which keeps the end of the one before as its beginning. Pictures are handed on as segments are finished, so that
// memory holds one segment at a time; latents are saved with those of all finished segments, so that a film goes on in
// the segment in which it was interrupted.
#pragma once

#include "phonofilm/pipeline/generate.h"

namespace phonofilm::pipeline {

// As generate(), for every film that plan_film() can plan. Of a film in segments the observer sees one stage, "film",
// whose steps are those of all segments, and Generated::clip holds no pictures where GenerateOptions::on_frames takes
// them. Throws as generate() and plan_film() do, and InvalidRequest for GenerateOptions::init_noise where there are
// segments.
Generated generate_film(const families::Generator& model, const GenerateRequest& request, const Given& given,
                        const GenerateOptions& options);

// As decode(), for such films. One that is not finished ends with the segment that was being made.
Generated decode_film(const families::Generator& model, const SavedLatent& saved, const GenerateOptions& options);

}  // namespace phonofilm::pipeline
