#include "phonofilm/eval/motion.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "phonofilm/eval/statistics.h"
#include "phonofilm/eval/vertex_fit.h"

namespace phonofilm::eval {
namespace {

constexpr double kFastestReturn = 1.3;  // times the speed before a strike; nothing returns faster, but for noise

// A piece of one or two frames is a strike's own blur: it is left out.
std::vector<Piece> long_pieces(const Course& course, double acceleration) {
  std::vector<Piece> pieces = split_course(course, acceleration);
  std::erase_if(pieces, [](const Piece& piece) { return piece.last - piece.first < 2 && piece.first > 0; });
  return pieces;
}

// Stretches of x(t) in one direction. Codecs that move pictures in groups of four frames make staircases of a steady
// motion: short stands are left out, and flights in the same direction are one.
std::vector<Piece> legs(const Course& course) {
  constexpr std::int64_t kGroup = 4;
  const std::vector<Piece> pieces = long_pieces(course, 0);
  std::vector<Piece> legs;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const Piece& piece = pieces[i];
    const bool inside = i > 0 && i + 1 < pieces.size();
    const bool rests = piece.motion == Motion::rest;
    if (rests && inside && piece.last - piece.first < kGroup) continue;
    const bool goes_on = !legs.empty() && !rests && legs.back().motion == Motion::flight &&
                         legs.back().slope * piece.slope > 0;
    if (goes_on) {
      legs.back() = fit_piece(course, legs.back().first, piece.last, Motion::flight, 0);
    } else {
      legs.push_back(piece);
    }
  }
  return legs;
}

// The acceptable vertices between neighbouring pieces.
template <class Accept>
std::vector<Vertex> find_vertices(const Course& course, const std::vector<Piece>& pieces, double acceleration,
                                  const std::optional<KnownPlace>& known, const Accept& accept) {
  std::vector<Vertex> vertices;
  for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
    if (pieces[i].motion == Motion::rest) continue;
    const auto vertex = fit_vertex(course, pieces[i], pieces[i + 1], acceleration, known);
    if (vertex && accept(*vertex)) vertices.push_back(*vertex);
  }
  return vertices;
}

double confidence_of(const Vertex& vertex) {
  const double tens = vertex.time_error / 0.010;
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

// Where its centre is when it touches the floor: told by the strikes themselves and by where it lies still.
std::optional<KnownPlace> floor_contact(const std::vector<Vertex>& strikes, const std::vector<Piece>& pieces,
                                        double lowest) {
  constexpr double kDeviation = 0.004;  // heights: 0.4 pixels of 96
  Values places;
  for (const Vertex& strike : strikes) places.push_back(strike.place);
  for (const Piece& piece : pieces) {
    if (piece.motion == Motion::rest && piece.offset > lowest) places.push_back(piece.offset);
  }
  if (places.size() < 2) return std::nullopt;
  return KnownPlace{median_of(std::move(places)), kDeviation};
}

// One strike may look like two where the picture is unclear: of two that follow too soon the surer one is kept.
void drop_repeated(std::vector<Impact>& impacts, double least_return) {
  for (std::size_t i = 0; i + 1 < impacts.size();) {
    const bool repeated = impacts[i + 1].time - impacts[i].time < least_return;
    const std::size_t worse = impacts[i].confidence < impacts[i + 1].confidence ? i : i + 1;
    if (repeated) impacts.erase(impacts.begin() + std::ptrdiff_t(worse));
    else ++i;
  }
}

std::vector<Impact> floor_impacts(const Track& track, const Course& course, const std::vector<Piece>& pieces,
                                  const Mechanics& mechanics) {
  const double lowest = mechanics.floor - track.radius - mechanics.contact_tolerance;
  const auto strikes = [&](const Vertex& vertex) {
    const double in = vertex.speed_before, out = vertex.speed_after;
    return in >= mechanics.least_floor_speed && out < 0.2 * in && out >= -kFastestReturn * in && vertex.place > lowest;
  };
  const auto first = find_vertices(course, pieces, mechanics.gravity, std::nullopt, strikes);
  const auto contact = floor_contact(first, pieces, lowest);
  std::vector<Impact> impacts;
  for (const Vertex& vertex : find_vertices(course, pieces, mechanics.gravity, contact, strikes)) {
    impacts.push_back({0, "floor", vertex.time, value_at(track.time, track.x, vertex.time), vertex.place,
                       vertex.speed_before, confidence_of(vertex)});
  }
  drop_repeated(impacts, mechanics.least_return);
  return impacts;
}

// When it is let go: the top of the first free fall, which may stand in one piece with a short rest before it.
std::optional<double> release_time(const std::vector<Piece>& vertical, const Mechanics& mechanics) {
  for (const Piece& piece : vertical) {
    if (piece.motion == Motion::flight) return -piece.slope / mechanics.gravity;
  }
  return std::nullopt;
}

// A ball that is let go close to a wall strikes it before its way there can be fitted: it rests (or hardly seems to
// move), then it comes back, faster than it went, from behind where it rested. The moment follows from the way back
// and from where the wall is.
std::vector<Impact> early_wall_impacts(const Track& track, const std::vector<Piece>& pieces,
                                       std::optional<double> release, double contact, const Mechanics& mechanics) {
  constexpr double kBehind = 0.008;  // heights
  const double frame = track.time[1] - track.time[0];
  std::vector<Impact> impacts;
  for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
    const Piece &rest = pieces[i], &back = pieces[i + 1];
    const double speed = std::abs(back.slope), side = back.slope > 0 ? -1 : 1;  // of the wall: -1 left, 1 right
    const bool hardly_moves = rest.motion == Motion::rest || (i == 0 && kFastestReturn * std::abs(rest.slope) < speed);
    if (!hardly_moves || back.motion != Motion::flight || speed < mechanics.least_wall_speed) continue;
    const double start = track.time[std::size_t(rest.last)], first = track.time[std::size_t(back.first)];
    const double place = rest.at(track.time[std::size_t(rest.first)]);
    const bool released = release && *release > start - 3 * frame && *release < first;
    if (side * (back.at(released ? *release : first) - place) < kBehind) continue;
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
  const auto strikes = [&](const Vertex& vertex) {
    const double in = vertex.speed_before, out = vertex.speed_after;
    const bool reversed =
        std::abs(in) >= mechanics.least_wall_speed && out * in < 0 && std::abs(out) <= kFastestReturn * std::abs(in);
    return reversed && (in < 0 ? vertex.place < left : vertex.place > track.picture_width - left);
  };
  const Course course{track.time, track.x, track.seen};
  const std::vector<Piece> pieces = legs(course);
  std::vector<Impact> impacts = early_wall_impacts(track, pieces, release, contact, mechanics);
  for (const Vertex& vertex : find_vertices(course, pieces, 0, std::nullopt, strikes)) {
    impacts.push_back({0, vertex.speed_before < 0 ? "left wall" : "right wall", vertex.time, vertex.place,
                       value_at(track.time, track.y, vertex.time), std::abs(vertex.speed_before),
                       confidence_of(vertex)});
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
