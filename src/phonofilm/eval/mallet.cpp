// The mallet of the xylophone: its course in the picture, and the strikes that explain it.
#include <algorithm>
#include <cmath>

#include "phonofilm/eval/bar_lights.h"
#include "phonofilm/eval/tune.h"
#include "phonofilm/world/tune.h"

namespace phonofilm::eval {
namespace {

constexpr double kNear = 0.06;  // heights above the bars from which a turn may be a strike

// Where the lowest point of the head was, frame by frame.
struct MalletCourse {
  double step = 1;
  std::vector<double> x, y, weight;
};

// How much a pixel is of this grey and not of the background.
double likeness(const Rgb& color, const Rgb& grey, const Rgb& background) {
  double off = 0, moved = 0;
  for (std::size_t c = 0; c < 3; ++c) {
    off = std::max(off, std::abs(color[c] - grey[c])), moved = std::max(moved, std::abs(color[c] - background[c]));
  }
  return std::clamp(1 - off / 0.35, 0.0, 1.0) * std::clamp((moved - 0.04) / 0.08, 0.0, 1.0);
}

// The mallet is nowhere most of the time.
std::vector<Rgb> median_picture(const Pictures& pictures) {
  const std::int64_t height = pictures[0].height(), width = pictures[0].width();
  std::vector<Rgb> background;
  for (std::int64_t i = 0; i < height * width; ++i) background.push_back(pictures.median_color(i / width, i % width));
  return background;
}

struct Head {
  double x = 0, y = 0, weight = 0;  // centre; share of the disc that is of the mallet's colour
};

// The centre of mass of what looks like the mallet within its reach around (x, y).
Head centre_near(const std::vector<double>& likely, const Picture& picture, double x, double y, double reach) {
  const double pixel = 1 / double(picture.height());
  double sum = 0, sum_x = 0, sum_y = 0;
  const auto first_row = std::max<std::int64_t>(0, std::int64_t((y - reach) / pixel));
  const auto first_column = std::max<std::int64_t>(0, std::int64_t((x - reach) / pixel));
  for (std::int64_t i = first_row; i < picture.height() && double(i) * pixel < y + reach; ++i) {
    for (std::int64_t j = first_column; j < picture.width() && double(j) * pixel < x + reach; ++j) {
      const double px = (double(j) + 0.5) * pixel, py = (double(i) + 0.5) * pixel;
      if (std::hypot(px - x, py - y) > reach) continue;
      const double w = likely[std::size_t(i * picture.width() + j)];
      sum += w, sum_x += w * px, sum_y += w * py;
    }
  }
  if (sum <= 0) return {x, y, 0};
  return {sum_x / sum, sum_y / sum, sum * pixel * pixel / (3.1416 * world::kMalletHead * world::kMalletHead)};
}

Head find_head(const Picture& picture, const std::vector<Rgb>& background, const Rgb& grey) {
  std::vector<double> likely(background.size());
  for (std::size_t i = 0; i < likely.size(); ++i) {
    const auto at = std::int64_t(i);
    likely[i] = likeness(picture.pixel(at / picture.width(), at % picture.width()), grey, background[i]);
  }
  Head best;
  for (double y = 0.1; y < 0.75; y += 0.03) {
    for (double x = 0.05; x < picture.aspect(); x += 0.03) {
      const Head head = centre_near(likely, picture, x, y, world::kMalletHead);
      if (head.weight > best.weight) best = head;
    }
  }
  for (int round = 0; round < 4; ++round) {
    best = centre_near(likely, picture, best.x, best.y, 1.15 * world::kMalletHead);
  }
  return best;
}

MalletCourse follow(const Pictures& pictures, double fps) {
  const std::vector<Rgb> background = median_picture(pictures);
  MalletCourse best;
  double most = -1;
  for (const Rgb& grey : {Rgb{0.12, 0.12, 0.14}, Rgb{0.97, 0.96, 0.92}}) {
    MalletCourse course{1 / fps, {}, {}, {}};
    double sum = 0;
    for (std::int64_t k = 0; k < pictures.size(); ++k) {
      const Head head = find_head(pictures[k], background, grey);
      course.x.push_back(head.x), course.y.push_back(head.y + world::kMalletHead);
      course.weight.push_back(head.weight);
      sum += head.weight;
    }
    // A mallet that waits for half of the film is part of its median picture meanwhile.
    std::vector<double> sorted = course.weight;
    std::sort(sorted.begin(), sorted.end());
    const double plain = sorted[9 * sorted.size() / 10];
    for (double& weight : course.weight) weight = plain > 0.05 && weight > 0.25 * plain ? 1 : 0;
    if (sum > most) most = sum, best = std::move(course);
  }
  return best;
}

// Squared error of the frames within half a second of a strike, each at most that of `limit`.
double error_of(const MalletCourse& course, const std::vector<double>& strikes, double around, double level) {
  constexpr double kLimit = 0.05;
  double sum = 0;
  for (std::size_t k = 0; k < course.y.size(); ++k) {
    const double time = course.step * double(k);
    if (course.weight[k] == 0 || std::abs(time - around) > 0.5) continue;
    sum += std::pow(std::min(std::abs(level - course.y[k] - world::mallet_height(time, strikes)), kLimit), 2);
  }
  return sum;
}

// Moves every strike in turn by smaller and smaller steps to where the course is explained best, no further than what
// is known of it before: its bar lights up, or the mallet turns, within three quarters of a picture's time.
void refine(const MalletCourse& course, std::vector<double>& strikes, double level) {
  const std::vector<double> first = strikes;
  const double reach = 0.75 * course.step;
  for (double step = 0.016; step > 0.0003; step /= 2) {
    for (int round = 0; round < 2; ++round) {
      for (std::size_t i = 0; i < strikes.size(); ++i) {
        double& strike = strikes[i];
        const double middle = strike;
        double best = middle, least = error_of(course, strikes, middle, level);
        for (const double tried : {middle - step, middle + step}) {
          if (std::abs(tried - first[i]) > reach) continue;
          strike = tried;
          const double error = error_of(course, strikes, middle, level);
          if (error < least) least = error, best = tried;
        }
        strike = best;
      }
    }
  }
}

// Frames at which the mallet is lowest and near the bars.
std::vector<double> turns(const MalletCourse& course, double level) {
  std::vector<double> times;
  for (std::size_t k = 1; k + 1 < course.y.size(); ++k) {
    if (course.weight[k] == 0 || course.y[k] < level - kNear) continue;
    if (course.y[k] < course.y[k - 1] || course.y[k] <= course.y[k + 1]) continue;
    const double before = course.y[k] - course.y[k - 1], after = course.y[k] - course.y[k + 1];
    const double time = course.step * (double(k) + 0.5 * (before - after) / std::max(before, after));
    if (times.empty() || time - times.back() > 0.08) times.push_back(time);
  }
  return times;
}

std::int64_t bar_under(const MalletCourse& course, double time, double aspect) {
  const auto frame = std::min(std::size_t(std::lround(time / course.step)), course.x.size() - 1);
  std::int64_t nearest = 0;
  for (std::int64_t bar = 1; bar < world::kBars; ++bar) {
    const auto off = [&](std::int64_t b) { return std::abs(world::bar_x(b, aspect) - course.x[frame]); };
    if (off(bar) < off(nearest)) nearest = bar;
  }
  return nearest;
}

}  // namespace

std::vector<BarStrike> find_bar_strikes(const Pictures& pictures, double fps) {
  const MalletCourse course = follow(pictures, fps);
  std::vector<BarStrike> strikes;
  for (const BarFlash& flash : find_bar_flashes(pictures, fps)) strikes.push_back({flash.time, flash.bar});
  if (strikes.empty()) {
    for (const double time : turns(course, world::kBarMiddle)) {
      strikes.push_back({time, bar_under(course, time, pictures[0].aspect())});
    }
  }
  if (strikes.empty()) return strikes;
  std::vector<double> times;
  for (const BarStrike& strike : strikes) times.push_back(strike.time);
  refine(course, times, world::kBarMiddle);
  for (std::size_t i = 0; i < strikes.size(); ++i) strikes[i].time = times[i];
  return strikes;
}

}  // namespace phonofilm::eval
