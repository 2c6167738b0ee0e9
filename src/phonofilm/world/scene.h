// What a scene is. A new scene is one file that derives from Scene and one line in scenes.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "phonofilm/world/canvas.h"
#include "phonofilm/world/modal_sound.h"
#include "phonofilm/world/truth.h"

namespace phonofilm::world {

// All that a scene may know of the film it plays in. Pixels, frame rate and sample rate are not among it, so one seed
// is the same film at every resolution.
struct Stage {
  double aspect = 1;   // width / height
  double seconds = 2;  // nothing happens near or after this time
  double end = 2.05;   // when the last frame and the last sample are over
  // Until when a scene describes itself where it need not know `end`, which differs between rates.
  double horizon() const { return seconds + 0.1; }
};

// One film, fully decided when it is constructed. Const members may be called from several threads.
class Scene {
 public:
  virtual ~Scene() = default;
  virtual Truth truth() const = 0;  // the caller fills in scene and seed
  // What never changes; drawn once.
  virtual void draw_background(Canvas& canvas) const = 0;
  // What moves, over the background, exactly as it is at `time` (seconds).
  virtual void draw(double time, Canvas& canvas) const = 0;
  // Adds the sound to a buffer of zeros.
  virtual void sound(const SoundBuffer& buffer) const = 0;
};

// A line of the list of scenes. A mixture has no scene of its own: each of its seeds is a film of another one.
struct SceneEntry {
  std::string name;
  std::unique_ptr<Scene> (*make)(std::uint64_t seed, const Stage& stage);  // null for a mixture
  std::vector<std::string> (*words)();                                     // of its captions
  std::string (*pick)(std::uint64_t seed) = nullptr;                       // of a mixture: the scene's name
};

const std::vector<SceneEntry>& scenes();

}  // namespace phonofilm::world
