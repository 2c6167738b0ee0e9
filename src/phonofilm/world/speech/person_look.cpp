#include "phonofilm/world/speech/person_look.h"

#include <algorithm>

#include "phonofilm/world/shapes.h"
#include "phonofilm/world/world.h"

namespace phonofilm::world {
namespace {

constexpr double kHeadWidth = 0.225, kHeadHeight = 0.29;  // half axes
constexpr Color kWhite{0.97f, 0.96f, 0.94f}, kDark{0.10f, 0.02f, 0.04f}, kTongue{0.86f, 0.42f, 0.44f};

Color color_of(const NamedColor& c) { return {float(c.red), float(c.green), float(c.blue)}; }

const std::vector<NamedColor>& hair_colors() {
  static const std::vector<NamedColor> kColors{{"black", 0.07, 0.06, 0.07}, {"brown", 0.36, 0.20, 0.09},
                                               {"blond", 0.93, 0.78, 0.38}, {"red", 0.76, 0.25, 0.06},
                                               {"grey", 0.62, 0.63, 0.65}};
  return kColors;
}

const std::vector<NamedColor>& shirt_colors() {
  static const std::vector<NamedColor> kColors = [] {
    std::vector<NamedColor> all = colors();
    all.push_back({"white", 0.95, 0.95, 0.95});
    all.push_back({"black", 0.10, 0.10, 0.12});
    return all;
  }();
  return kColors;
}

// Lips must stand out on every skin: darker than the pale ones, lighter than the dark ones.
struct Complexion {
  Color skin, lips;
};
const std::vector<Complexion>& complexions() {
  static const std::vector<Complexion> kAll{{{0.99f, 0.86f, 0.76f}, {0.78f, 0.20f, 0.28f}},
                                            {{0.93f, 0.75f, 0.60f}, {0.75f, 0.18f, 0.24f}},
                                            {{0.80f, 0.58f, 0.42f}, {0.66f, 0.10f, 0.18f}},
                                            {{0.55f, 0.36f, 0.25f}, {0.95f, 0.58f, 0.58f}},
                                            {{0.38f, 0.24f, 0.17f}, {0.93f, 0.52f, 0.54f}}};
  return kAll;
}

// Draws in lengths of a head, from its centre.
class HeadBrush {
 public:
  HeadBrush(Canvas& canvas, const Figure& figure, const HeadPose& pose)
      : canvas_(canvas), x_(figure.x + pose.x), y_(figure.y + pose.y), scale_(figure.scale) {}

  void oval(double x, double y, double rx, double ry, const Color& color, float alpha = 1) {
    fill_oval(canvas_, {x_ + scale_ * x, y_ + scale_ * y, scale_ * rx, scale_ * ry}, color, alpha);
  }
  void stroke(double x0, double y0, double x1, double y1, double width, const Color& color, float alpha = 1) {
    fill_stroke(canvas_, x_ + scale_ * x0, y_ + scale_ * y0, x_ + scale_ * x1, y_ + scale_ * y1, scale_ * width, color,
                alpha);
  }
  // shade(x, y) -> Ink for the points of a box; `coverage` turns a distance in heads into a share of a pixel.
  template <class Shade>
  void paint(double left, double top, double right, double bottom, const Shade& shade) {
    const float cx = float(x_), cy = float(y_), per = float(1 / scale_);
    const Box box{x_ + scale_ * left, y_ + scale_ * top, x_ + scale_ * right, y_ + scale_ * bottom};
    canvas_.paint(box, [&](float x, float y) { return shade((x - cx) * per, (y - cy) * per); });
  }
  float coverage(float distance) const { return canvas_.coverage(distance * float(scale_)); }

 private:
  Canvas& canvas_;
  double x_, y_, scale_;
};

void draw_hair_behind(HeadBrush& brush, const PersonLook& look) {
  if (look.hair_style == "long") {
    brush.oval(0, 0.07, 0.285, 0.40, look.hair * 0.85f);
  } else if (look.hair_style == "curly") {
    constexpr int kCurls = 9;
    for (int i = 0; i < kCurls; ++i) {
      const double angle = 3.4 + 2.6 * 1.25 * i / (kCurls - 1) - 0.32;
      brush.oval(0.235 * std::cos(angle), -0.07 + 0.235 * std::sin(angle), 0.10, 0.10, look.hair * 0.92f);
    }
  } else if (look.hair_style == "short") {
    brush.oval(0, -0.06, 0.25, 0.275, look.hair);
  }
}

void draw_face(HeadBrush& brush, const PersonLook& look) {
  for (const double side : {-1.0, 1.0}) brush.oval(side * 0.222, 0.02, 0.035, 0.055, look.skin * 0.90f);
  const float rx = float(kHeadWidth), ry = float(kHeadHeight);
  brush.paint(-kHeadWidth, -kHeadHeight, kHeadWidth, kHeadHeight, [&](float x, float y) {
    const float shade = 1.03f - 0.16f * (x * x / (rx * rx) + y * y / (ry * ry));
    return Ink{look.skin * shade, brush.coverage(distance_to_oval(x, y, rx, ry))};
  });
}

// Above the hairline, which is highest in the middle.
void draw_hair_in_front(HeadBrush& brush, const PersonLook& look) {
  if (look.hair_style == "bald") return;
  const float rx = 0.243f, ry = 0.285f;
  brush.paint(-rx, -0.04 - ry, rx, 0.04, [&](float x, float y) {
    const float hairline = y + 0.165f - 2.3f * x * x, outside = distance_to_oval(x, y + 0.04f, rx, ry);
    return Ink{look.hair, brush.coverage(std::max(outside, hairline))};
  });
}

void draw_eyes(HeadBrush& brush, const PersonLook& look, double open) {
  for (const double side : {-1.0, 1.0}) {
    const double x = side * 0.092;
    brush.oval(x, -0.035, 0.040, 0.028, kWhite);
    brush.oval(x, -0.033, 0.019, 0.023, {0.10f, 0.08f, 0.08f});
    if (open < 1) {  // the lid comes down
      brush.paint(x - 0.046, -0.07, x + 0.046, 0.0, [&](float px, float py) {
        const float lid = py + 0.066f - 0.065f * float(1 - open);
        const float eye = distance_to_oval(px - float(x), py + 0.035f, 0.044f, 0.032f);
        return Ink{look.skin * 0.92f, brush.coverage(std::max(lid, eye))};
      });
    }
    brush.stroke(x - 0.04, -0.092, x + 0.04, -0.092 - 0.004, 0.015, mix(look.hair, look.skin, 0.25f));
  }
}

void draw_nose(HeadBrush& brush, const PersonLook& look) {
  brush.oval(0, 0.055, 0.026, 0.022, look.skin * 0.84f);
}

// From outside to inside: lips, the dark of the mouth, tongue, teeth. A closed mouth is a dark line.
void draw_mouth(HeadBrush& brush, const PersonLook& look, const MouthShape& m) {
  const float w = float(m.half_width), h = float(std::max(m.opening / 2, 0.004)), lip = float(m.lip);
  const float teeth = float(m.teeth) * std::min(0.028f, 1.1f * h), tongue = float(m.tongue);
  const double reach_x = w + lip, reach_y = h + lip, middle = kMouthBelow;
  brush.paint(-reach_x, middle - reach_y, reach_x, middle + reach_y, [&](float x, float py) {
    const float y = py - float(middle);
    const float outside = brush.coverage(distance_to_oval(x, y, w + lip, h + lip));
    if (outside <= 0) return Ink{};
    const float inside = brush.coverage(distance_to_oval(x, y, w, h));
    Color within = mix(kDark, kTongue, tongue * brush.coverage(distance_to_oval(x, y - 0.8f * h, 0.6f * w, 0.9f * h)));
    within = mix(within, kWhite, teeth > 0 ? brush.coverage(y + h - teeth) : 0.0f);
    return Ink{mix(look.lips, within, inside), outside};
  });
}

}  // namespace

std::vector<std::string> hair_names() {
  std::vector<std::string> names;
  for (const NamedColor& color : hair_colors()) names.push_back(color.name);
  return names;
}

std::vector<std::string> shirt_names() {
  std::vector<std::string> names;
  for (const NamedColor& color : shirt_colors()) names.push_back(color.name);
  return names;
}

PersonLook draw_person_look(const std::string& who, Random& random) {
  const NamedColor& hair = random.pick(hair_colors());
  const NamedColor& shirt = random.pick(shirt_colors());
  const Complexion& complexion = random.pick(complexions());
  const bool child = who == "boy" || who == "girl", female = who == "woman" || who == "girl";
  const double style = random.uniform();
  std::string name = style < 0.4 ? (female ? "long" : "short") : style < 0.65 ? "curly" : "short";
  if (style >= 0.85) name = female || child ? "long" : "bald";
  const float brightness = float(random.uniform(0.96, 1.02));
  return {who, name, hair.name, shirt.name, color_of(hair), color_of(shirt), complexion.skin * brightness,
          complexion.lips};
}

std::vector<Figure> figures_of(std::size_t count, double aspect) {
  if (count == 1) return {{aspect / 2, 0.42, std::min(1.0, 1.15 * aspect)}};
  const double scale = std::min(0.86, 0.74 * aspect);
  return {{aspect * 0.25, 0.48, scale}, {aspect * 0.75, 0.48, scale}};
}

void draw_body(Canvas& canvas, const PersonLook& look, const Figure& figure) {
  HeadBrush brush(canvas, figure, {});
  brush.oval(0, 0.66, 0.44, 0.31, look.shirt);
  brush.oval(0, 0.36, 0.135, 0.075, look.skin * 0.86f);  // the neckline
}

void draw_head(Canvas& canvas, const PersonLook& look, const Figure& figure, const HeadPose& pose,
               const MouthShape& mouth) {
  HeadBrush brush(canvas, figure, pose);
  draw_hair_behind(brush, look);
  brush.paint(-0.09, 0.18, 0.09, 0.40, [&](float x, float y) {  // the neck
    return Ink{look.skin * 0.80f, brush.coverage(distance_to_rounded_box(x, y - 0.28f, 0.085f, 0.11f, 0.04f))};
  });
  draw_face(brush, look);
  draw_hair_in_front(brush, look);
  draw_eyes(brush, look, pose.eyes_open);
  draw_nose(brush, look);
  draw_mouth(brush, look, mouth);
}

}  // namespace phonofilm::world
