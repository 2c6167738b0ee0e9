// How balls look: one look per material, told apart even when small, and the shadow that shows their height.
#pragma once

#include <string>

#include "phonofilm/world/bouncing_ball.h"
#include "phonofilm/world/canvas.h"

namespace phonofilm::world {

struct BallLook {
  Color color;
  std::string material;  // "wood": dark stripes that turn; "metal": shading and a highlight; "glass": seen through,
                         // with a rim; "rubber": matte
  double radius = 0.1;   // heights
  double stripe_angle = 0;  // radians, of wood before it rolls
};

void draw_ball(Canvas& canvas, const BallLook& look, const BallState& state);

// Dark and small under a ball on the floor, pale and wide under one in the air.
void draw_shadow(Canvas& canvas, const BallLook& look, const BallState& state);

}  // namespace phonofilm::world
