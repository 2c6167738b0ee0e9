// How balls look: one look per material, and the shadow that shows their height. The looks differ in what remains of a
// ball in a latent of two by two positions, not only in fine detail: a model that cannot see the material there can bind
// it neither to the color that the caption joins it with nor to the sound of the ball that strikes.
#pragma once

#include <string>

#include "phonofilm/world/bouncing_ball.h"
#include "phonofilm/world/canvas.h"

namespace phonofilm::world {

struct BallLook {
  Color color;
  std::string material;  // "wood": dark stripes that turn; "metal": dark below, a wide highlight; "glass": a bubble, seen
                         // through, with a rim; "rubber": flat
  double radius = 0.1;   // heights
  double stripe_angle = 0;  // radians, of wood before it rolls
};

void draw_ball(Canvas& canvas, const BallLook& look, const BallState& state);

// Dark and small under a ball on the floor, pale and wide under one in the air.
void draw_shadow(Canvas& canvas, const BallLook& look, const BallState& state);

}  // namespace phonofilm::world
