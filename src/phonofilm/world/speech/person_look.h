// How a person looks who talks: head and shoulders, drawn around a moving mouth.
#pragma once

#include <string>
#include <vector>

#include "phonofilm/base/random.h"
#include "phonofilm/world/canvas.h"
#include "phonofilm/world/speech/mouth.h"

namespace phonofilm::world {

struct PersonLook {
  std::string who;         // "woman"
  std::string hair_style;  // "short", "long", "curly", "bald"
  std::string hair_name;   // "black"; of a bald head, what it would be
  std::string shirt_name;  // "red"
  Color hair, shirt, skin, lips;
};

// who: as in Voice::speaker; everything else is chance.
PersonLook draw_person_look(const std::string& who, Random& random);

// What captions call hair and shirts.
std::vector<std::string> hair_names();
std::vector<std::string> shirt_names();

// Where a person is in the picture. Lengths of a head are multiplied by `scale`; at 1 it fills the picture.
struct Figure {
  double x = 0.5, y = 0.42;  // centre of the head at rest, heights
  double scale = 1;
};

// Where `count` people stand who talk, 1 or 2, from left to right.
std::vector<Figure> figures_of(std::size_t count, double aspect);

inline constexpr double kMouthBelow = 0.155;  // from the centre of the head to that of the mouth, times the scale

// How far a swaying head goes either way, times the scale.
inline constexpr double kSway = 0.012;

struct HeadPose {
  double x = 0, y = 0;    // from its place at rest, heights
  double eyes_open = 1;   // 0 closed
};

// Shoulders and neck, which stay where they are.
void draw_body(Canvas& canvas, const PersonLook& look, const Figure& figure);
void draw_head(Canvas& canvas, const PersonLook& look, const Figure& figure, const HeadPose& pose,
               const MouthShape& mouth);

}  // namespace phonofilm::world
