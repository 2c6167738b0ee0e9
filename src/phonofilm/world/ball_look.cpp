#include "phonofilm/world/ball_look.h"

namespace phonofilm::world {
namespace {

constexpr Color kWhite{1, 1, 1}, kBlack{0, 0, 0};

// Calls shade(px, py, distance) for points of the ball in units of its radius, and cuts the disc out.
template <class Shade>
void draw_disc(Canvas& canvas, double radius, const BallState& state, const Shade& shade) {
  const float x0 = float(state.x), y0 = float(state.y), r = float(radius);
  canvas.paint({state.x - radius, state.y - radius, state.x + radius, state.y + radius}, [&](float x, float y) {
    const float px = (x - x0) / r, py = (y - y0) / r, distance = std::sqrt(px * px + py * py);
    const float covered = canvas.coverage((distance - 1) * r);
    if (covered <= 0) return Ink{};
    Ink ink = shade(px, py, distance);
    ink.alpha *= covered;
    return ink;
  });
}

// A spot of light that fades towards its edge.
float spot(float px, float py, float x, float y, float size) {
  const float dx = (px - x) / size, dy = (py - y) / size;
  return std::max(0.0f, 1 - dx * dx - dy * dy);
}

void draw_wood(Canvas& canvas, const BallLook& look, const BallState& state) {
  constexpr float kPeriod = 0.8f, kDarkShare = 0.45f, kDark = 0.3f;
  const float angle = float(look.stripe_angle + state.turn), across = std::cos(angle), along = std::sin(angle);
  const float r = float(look.radius);
  draw_disc(canvas, look.radius, state, [&](float px, float py, float distance) {
    const float phase = (px * across + py * along) / kPeriod;
    const float from_middle = std::abs(phase - std::round(phase));  // of a dark stripe, in periods
    const float dark = canvas.coverage((from_middle - kDarkShare / 2) * kPeriod * r);
    return Ink{look.color * (1 - (1 - kDark) * dark - 0.08f * distance), 1};
  });
}

void draw_metal(Canvas& canvas, const BallLook& look, const BallState& state) {
  draw_disc(canvas, look.radius, state, [&](float px, float py, float distance) {
    const float pz = std::sqrt(std::max(0.0f, 1 - distance * distance));
    const float light = std::max(0.0f, -0.45f * px - 0.62f * py + 0.64f * pz);
    const Color body = look.color * (0.3f + 0.8f * light);
    const float shine = spot(px, py, -0.3f, -0.4f, 0.7f);
    return Ink{mix(body, kWhite, std::min(1.0f, 1.6f * shine)), 1};
  });
}

void draw_glass(Canvas& canvas, const BallLook& look, const BallState& state) {
  constexpr float kBody = 0.3f, kRim = 0.24f;
  const float r = float(look.radius);
  draw_disc(canvas, look.radius, state, [&](float, float, float distance) {
    const float rim = canvas.coverage((1 - kRim - distance) * r);
    return Ink{look.color, kBody + (1 - kBody) * rim};
  });
}

void draw_rubber(Canvas& canvas, const BallLook& look, const BallState& state) {
  draw_disc(canvas, look.radius, state, [&](float, float, float distance) {
    return Ink{look.color * (1 - 0.1f * distance * distance), 1};
  });
}

}  // namespace

void draw_ball(Canvas& canvas, const BallLook& look, const BallState& state) {
  if (look.material == "wood") draw_wood(canvas, look, state);
  else if (look.material == "metal") draw_metal(canvas, look, state);
  else if (look.material == "glass") draw_glass(canvas, look, state);
  else draw_rubber(canvas, look, state);
}

void draw_shadow(Canvas& canvas, const BallLook& look, const BallState& state) {
  const double above = kFloor - look.radius - state.y;
  const double rx = look.radius * (0.9 + 0.8 * above), ry = 0.3 * rx, y = kFloor + 0.2 * ry;
  const float darkness = float(0.6 / (1 + 4 * above));
  const float cx = float(state.x), cy = float(y), fx = float(1 / rx), fy = float(1 / ry);
  canvas.paint({state.x - rx, y - ry, state.x + rx, y + ry}, [&](float px, float py) {
    const float dx = (px - cx) * fx, dy = (py - cy) * fy, inside = 1 - dx * dx - dy * dy;
    return Ink{kBlack, darkness * std::clamp(1.8f * inside, 0.0f, 1.0f)};
  });
}

}  // namespace phonofilm::world
