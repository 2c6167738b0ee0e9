#include "phonofilm/eval/motion.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "phonofilm/eval/statistics.h"

namespace phonofilm::eval {
namespace {

constexpr std::int64_t kWindow = 5;  // frames on either side that a strike is timed by

// Two laws of motion and the moment at which they meet.
struct Kink {
  Piece before, after;
  double time = 0;
  double speed_before = 0, speed_after = 0;  // signed, along the axis
  double cost = std::numeric_limits<double>::infinity();
};

// The moment near `guess` at which both pieces are at the same place (Newton; a flight meets a rest in a parabola).
std::optional<double> meeting_time(const Piece& before, const Piece& after, double guess) {
  double time = guess;
  for (int round = 0; round < 8; ++round) {
    const double gap = before.at(time) - after.at(time), closing = before.velocity(time) - after.velocity(time);
    if (std::abs(closing) < 1e-3) return std::nullopt;
    time -= gap / closing;
  }
  return std::isfinite(time) ? std::optional(time) : std::nullopt;
}

// Standard error of the meeting time: centroid noise over closing speed, for lines extrapolated half a frame beyond
// their ends (variance of the prediction of a least-squares line at the end of n equidistant points: about 4 / n).
double time_error(const Kink& kink) {
  constexpr double kLeastNoise = 0.002;  // heights: a fifth of a pixel of 96
  const double frames = kink.before.frames_seen + kink.after.frames_seen;
  const double freedom = std::max(1.0, frames - 4);
  const double noise = std::sqrt((kink.before.squared_error + kink.after.squared_error) / freedom) + kLeastNoise;
  const double spread = 4 / std::max(1.0, kink.before.frames_seen) + 4 / std::max(1.0, kink.after.frames_seen);
  return noise * std::sqrt(spread) / std::max(0.05, std::abs(kink.speed_before - kink.speed_after));
}

// The kink with `split` as the last frame before the strike, fitted within the two pieces.
Kink kink_at(const Course& course, const Piece& before, const Piece& after, std::int64_t split, double acceleration) {
  Kink kink;
  kink.before = fit_piece(course, std::max(before.first, split - kWindow + 1), split, Motion::flight, acceleration);
  kink.after = fit_piece(course, split + 1, std::min(after.last, split + kWindow), after.motion, acceleration);
  if (!std::isfinite(kink.before.squared_error) || !std::isfinite(kink.after.squared_error)) return kink;
  const double start = course.time[std::size_t(split)], end = course.time[std::size_t(split) + 1];
  const auto time = meeting_time(kink.before, kink.after, 0.5 * (start + end));
  if (!time) return kink;
  kink.time = *time;
  kink.speed_before = kink.before.velocity(*time);
  kink.speed_after = kink.after.velocity(*time);
  // A meeting point outside the gap between the frames contradicts the split; so does one in the next frame over.
  const double outside = std::max({0.0, start - *time, *time - end}) * std::abs(kink.speed_before - kink.speed_after);
  const double frames = kink.before.frames_seen + kink.after.frames_seen;
  kink.cost = (kink.before.squared_error + kink.after.squared_error + outside * outside) / frames;
  return kink;
}

std::optional<Kink> best_kink(const Course& course, const Piece& before, const Piece& after, double acceleration) {
  Kink best;
  const std::int64_t earliest = std::max(before.first + 1, before.last - 2);
  const std::int64_t latest = std::min(after.last - 1, after.first + 1);
  for (std::int64_t split = earliest; split <= latest; ++split) {
    Kink kink = kink_at(course, before, after, split, acceleration);
    if (kink.cost < best.cost) best = std::move(kink);
  }
  if (!std::isfinite(best.cost)) return std::nullopt;
  const double frame = course.time[1] - course.time[0];
  const double start = course.time[std::size_t(before.last)], end = course.time[std::size_t(after.first)];
  if (best.time < start - 2 * frame || best.time > end + 2 * frame) return std::nullopt;
  return best;
}

// A piece of one or two frames is a strike's own blur: it is left out.
std::vector<Piece> long_pieces(const Course& course, double acceleration) {
  std::vector<Piece> pieces = split_course(course, acceleration);
  std::erase_if(pieces, [](const Piece& piece) { return piece.last - piece.first < 2 && piece.first > 0; });
  return pieces;
}

// The acceptable kinks between neighbouring pieces.
template <class Accept>
std::vector<Kink> find_kinks(const Course& course, const std::vector<Piece>& pieces, double acceleration,
                             const Accept& accept) {
  std::vector<Kink> kinks;
  for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
    if (pieces[i].motion == Motion::rest) continue;
    const auto kink = best_kink(course, pieces[i], pieces[i + 1], acceleration);
    if (kink && accept(*kink)) kinks.push_back(*kink);
  }
  return kinks;
}

double confidence_of(const Kink& kink) {
  const double tens = time_error(kink) / 0.010;
  return 1 / (1 + tens * tens);
}

double value_at(const std::vector<double>& time, const std::vector<double>& values, double moment) {
  const auto after = std::lower_bound(time.begin(), time.end(), moment);
  if (after == time.begin()) return values.front();
  if (after == time.end()) return values.back();
  const auto i = std::size_t(after - time.begin());
  const double share = (moment - time[i - 1]) / (time[i] - time[i - 1]);
  return values[i - 1] + share * (values[i] - values[i - 1]);
}

std::vector<Impact> floor_impacts(const Track& track, const Course& course, const std::vector<Piece>& pieces,
                                  const Mechanics& mechanics) {
  const double lowest = mechanics.floor - track.radius - mechanics.contact_tolerance;
  const auto strikes = [&](const Kink& kink) {
    const double in = kink.speed_before, out = kink.speed_after;
    return in >= mechanics.least_floor_speed && out < 0.2 * in && out > -1.3 * in && kink.before.at(kink.time) > lowest;
  };
  std::vector<Impact> impacts;
  for (const Kink& kink : find_kinks(course, pieces, mechanics.gravity, strikes)) {
    impacts.push_back({0, "floor", kink.time, value_at(track.time, track.x, kink.time), kink.before.at(kink.time),
                       kink.speed_before, confidence_of(kink)});
  }
  return impacts;
}

// When it is let go: the top of the first free fall that follows a rest.
std::optional<double> release_time(const std::vector<Piece>& vertical, const Mechanics& mechanics) {
  const bool starts = vertical.size() > 1 && vertical[0].motion == Motion::rest && vertical[1].motion == Motion::flight;
  if (!starts) return std::nullopt;
  return -vertical[1].slope / mechanics.gravity;
}

// A ball that is let go close to a wall strikes it before its way there can be fitted: it rests, then it comes back
// from behind where it rested. The moment follows from the way back and from where the wall is.
std::vector<Impact> early_wall_impacts(const Track& track, const std::vector<Piece>& pieces,
                                       std::optional<double> release, double contact, const Mechanics& mechanics) {
  constexpr double kBehind = 0.008;  // heights
  const double frame = track.time[1] - track.time[0];
  std::vector<Impact> impacts;
  for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
    const Piece &rest = pieces[i], &back = pieces[i + 1];
    const double speed = std::abs(back.slope), side = back.slope > 0 ? -1 : 1;  // of the wall: -1 left, 1 right
    if (rest.motion != Motion::rest || back.motion != Motion::flight || speed < mechanics.least_wall_speed) continue;
    const double start = track.time[std::size_t(rest.last)], first = track.time[std::size_t(back.first)];
    const bool released = release && *release > start - frame && *release < first;
    if (side * (back.at(released ? *release : first) - rest.offset) < kBehind) continue;
    const double wall = side < 0 ? contact : track.picture_width - contact, time = (wall - back.offset) / back.slope;
    if (time < start - frame || time > first + frame) continue;
    const double y = value_at(track.time, track.y, time);
    impacts.push_back({0, side < 0 ? "left wall" : "right wall", time, wall, y, speed, 0.5});
  }
  return impacts;
}

// How far the centre is from a surface at contact: told by the strikes on the floor, else by the visible size.
double contact_radius(const Track& track, const std::vector<Impact>& floor, const Mechanics& mechanics) {
  std::vector<double> radii;
  for (const Impact& impact : floor) radii.push_back(mechanics.floor - impact.y);
  return radii.empty() ? track.radius : median_of(std::move(radii));
}

std::vector<Impact> wall_impacts(const Track& track, double radius, std::optional<double> release,
                                 const Mechanics& mechanics) {
  const double contact = mechanics.wall * track.picture_width + radius;
  const double left = contact + mechanics.contact_tolerance;
  const auto strikes = [&](const Kink& kink) {
    const double in = kink.speed_before, out = kink.speed_after, x = kink.before.at(kink.time);
    const bool reversed =
        std::abs(in) >= mechanics.least_wall_speed && out * in < 0 && std::abs(out) < 1.3 * std::abs(in);
    return reversed && (in < 0 ? x < left : x > track.picture_width - left);
  };
  const Course course{track.time, track.x, track.seen};
  const std::vector<Piece> pieces = long_pieces(course, 0);
  std::vector<Impact> impacts = early_wall_impacts(track, pieces, release, contact, mechanics);
  for (const Kink& kink : find_kinks(course, pieces, 0, strikes)) {
    impacts.push_back({0, kink.speed_before < 0 ? "left wall" : "right wall", kink.time, kink.before.at(kink.time),
                       value_at(track.time, track.y, kink.time), std::abs(kink.speed_before), confidence_of(kink)});
  }
  return impacts;
}

void sort_by_time(std::vector<Impact>& impacts) {
  std::stable_sort(impacts.begin(), impacts.end(), [](const Impact& a, const Impact& b) { return a.time < b.time; });
}

}  // namespace

std::vector<Impact> find_impacts(const Track& track, const Mechanics& mechanics) {
  if (track.time.size() < 6) return {};
  const Course vertical{track.time, track.y, track.seen};
  const std::vector<Piece> pieces = long_pieces(vertical, mechanics.gravity);
  std::vector<Impact> impacts = floor_impacts(track, vertical, pieces, mechanics);
  const double radius = contact_radius(track, impacts, mechanics);
  for (Impact& impact : wall_impacts(track, radius, release_time(pieces, mechanics), mechanics))
    impacts.push_back(std::move(impact));
  sort_by_time(impacts);
  return impacts;
}

std::vector<Impact> find_impacts(const std::vector<Track>& tracks, const Mechanics& mechanics) {
  std::vector<Impact> all;
  for (std::size_t object = 0; object < tracks.size(); ++object) {
    for (Impact impact : find_impacts(tracks[object], mechanics)) {
      impact.object = std::int64_t(object);
      all.push_back(std::move(impact));
    }
  }
  sort_by_time(all);
  return all;
}

}  // namespace phonofilm::eval
