// Sizes and lengths of NAVA's films.
#pragma once

#include "phonofilm/families/generator.h"

namespace phonofilm::nava {

inline constexpr double kFps = 24;
inline constexpr std::int64_t kSampleRate = 48000;         // of the vocoder's output
inline constexpr std::int64_t kNarrowSampleRate = 16000;   // of the files that NAVA's own program writes
inline constexpr std::int64_t kMelFramesPerSecond = 100;   // of sound; 4 L - 3 for L audio tokens
// An audio token stands for four mel frames, the first for one: token k for frames 4 k - 3 to 4 k.
inline constexpr double kTokenSeconds = 4.0 / double(kMelFramesPerSecond);
inline constexpr double kFirstTokenBegin = -3.0 / double(kMelFramesPerSecond);
inline constexpr std::int64_t kDefaultLatentFrames = 37;   // 145 pictures
inline constexpr double kDefaultSeconds = double(4 * (kDefaultLatentFrames - 1) + 1) / kFps;  // of sound alone too
inline constexpr std::int64_t kMostLatentFrames = 61;      // what the publisher documents: ten seconds
inline constexpr double kLongestSeconds = 10.1;
inline constexpr double kLongestSound = 40.96;             // of sound alone: the positions that audio tokens have, 1024

struct PictureSize {
  std::int64_t height = 0, width = 0;
};

// The publisher's size for a first frame, or a training film: of the seven shapes of a size class (256, 512, 640 or 960:
// pictures of about that many pixels squared) the one nearest to the image's, portrait where it is higher than wide.
// Throws InvalidRequest for another class or an empty image.
PictureSize size_for_image(const PictureSize& image, std::int64_t size_class = 960);

// Pictures: 4 (n - 1) + 1 for n latent frames, as many as are asked for or the nearest to the seconds; as many audio
// tokens as they last, rounded up. Pictures are 704x1280, or the size asked for, or follow the first frame. Sound alone
// may be longer than a film. Throws InvalidRequest for sizes that are no multiples of 32, other sample rates than the
// two above, and for lengths that cannot be made, naming the nearest that can.
families::ClipSpec film_spec(const families::ClipRequest& request);

std::int64_t latent_frames(std::int64_t frames);   // of a clip's pictures
std::int64_t audio_tokens(const families::ClipSpec& spec);  // of a clip's sound

}  // namespace phonofilm::nava
