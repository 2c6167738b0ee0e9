// Sizes and lengths of NAVA's films.
#pragma once

#include "phonofilm/families/generator.h"

namespace phonofilm::nava {

inline constexpr double kFps = 24;
inline constexpr std::int64_t kSampleRate = 48000;         // of the vocoder's output
inline constexpr std::int64_t kSamplesPerMelFrame = 480;   // at 48 kHz; 4 L - 3 mel frames for L audio tokens
inline constexpr std::int64_t kDefaultLatentFrames = 37;   // 145 pictures
inline constexpr double kDefaultSeconds = double(4 * (kDefaultLatentFrames - 1) + 1) / kFps;  // of sound alone too
inline constexpr double kLongestSeconds = 10.1;            // what the publisher documents: 61 latent frames

struct PictureSize {
  std::int64_t height = 0, width = 0;
};

// The publisher's size for a first frame: of seven shapes of about 960 x 960 pixels the one that is nearest to the image's.
PictureSize size_for_image(const PictureSize& image);

// Pictures: 4 n + 1, the nearest to the seconds asked for; as many audio tokens as they last, rounded up. Pictures are 704x1280,
// or the size asked for, or follow the first frame. Throws InvalidRequest for sizes that are no multiples of 32 and for lengths
// that cannot be made, naming the nearest that can.
families::ClipSpec film_spec(const families::ClipRequest& request);

std::int64_t latent_frames(std::int64_t frames);   // of a clip's pictures
std::int64_t audio_tokens(std::int64_t samples);   // of a clip's samples

}  // namespace phonofilm::nava
