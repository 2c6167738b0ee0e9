// The exact shape of a film that Ovi is asked for: its lengths and sizes.
#pragma once

#include "phonofilm/families/generator.h"
#include "phonofilm/families/ovi/checkpoint.h"

namespace phonofilm::ovi {

inline constexpr double kFps = 24;
inline constexpr std::int64_t kSampleRate = 16000, kSamplesPerLatent = 512;

// The longest film of a variant, and the shortest.
double longest_seconds(const Variant& variant);
inline constexpr double kShortestSeconds = 1 / kFps;

// As published, a first frame sets the shape, and a size that is asked for beside it does not count unless it is exact.
// Throws InvalidRequest for a length beyond the variant's, half a size, and neither picture nor sound.
families::ClipSpec film_spec(const Variant& variant, const families::ClipRequest& request);

}  // namespace phonofilm::ovi
