#include "phonofilm/eval/seams.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/eval/report_html.h"
#include "phonofilm/eval/report_style.h"
#include "phonofilm/eval/statistics.h"
#include "phonofilm/eval/svg_plot.h"
#include "phonofilm/tensor/ops.h"

namespace phonofilm::eval {
namespace {

constexpr double kLoudnessWindow = 0.05, kLoudnessHop = 0.005;  // seconds
constexpr std::int64_t kNear = 2;                               // hops on either side that count as the same moment
constexpr double kQuiet = 1e-3;                                 // amplitude below which everything is equally silent

// Decibels between the window before and the window after moment k * kLoudnessHop.
std::vector<double> loudness_steps(const std::vector<double>& wave, double rate) {
  std::vector<double> energy(1, 0.0);
  for (const double sample : wave) energy.push_back(energy.back() + sample * sample);
  const auto window = std::int64_t(kLoudnessWindow * rate), total = std::int64_t(wave.size());
  const auto level = [&](std::int64_t from, std::int64_t to) {
    from = std::clamp<std::int64_t>(from, 0, total), to = std::clamp<std::int64_t>(to, from, total);
    const double mean =
        (energy[std::size_t(to)] - energy[std::size_t(from)]) / double(std::max<std::int64_t>(to - from, 1));
    return 10 * std::log10(std::max(mean, 0.0) + kQuiet * kQuiet);
  };
  std::vector<double> steps;
  for (double time = 0; time * rate < double(total); time += kLoudnessHop) {
    const auto at = std::int64_t(time * rate);
    const bool inside = at >= window && at + window <= total;  // beside an end there is nothing to compare with
    steps.push_back(inside ? std::abs(level(at, at + window) - level(at - window, at)) : 0);
  }
  return steps;
}

// Of every moment the most among its neighbours, so that joints and other moments are measured alike.
std::vector<double> most_nearby(const std::vector<double>& steps) {
  std::vector<double> most;
  const auto last = std::int64_t(steps.size()) - 1;
  for (std::int64_t k = 0; k <= last; ++k) {
    const auto first = steps.begin() + std::max<std::int64_t>(0, k - kNear);
    most.push_back(*std::max_element(first, steps.begin() + std::min(last, k + kNear) + 1));
  }
  return most;
}

// Of every frame its mean absolute difference to the one before; 0 for the first.
std::vector<double> picture_steps(const Tensor& frames) {
  std::vector<double> steps(1, 0.0);
  for (std::int64_t k = 1; k < frames.size(0); ++k) {
    const Tensor change = frames[k].to(at::kFloat) - frames[k - 1].to(at::kFloat);
    steps.push_back(change.abs().mean().item<double>());
  }
  return steps;
}

// Places in a list of steps, some of which are joints.
struct Ranking {
  std::vector<double> steps, elsewhere;
  // reach: places on either side of a joint that are not "elsewhere".
  Ranking(std::vector<double> all, const std::vector<std::size_t>& joints, std::size_t reach) : steps(std::move(all)) {
    for (std::size_t k = 0; k < steps.size(); ++k) {
      const auto near = [&](std::size_t joint) { return k <= joint + reach && joint <= k + reach; };
      if (std::none_of(joints.begin(), joints.end(), near)) elsewhere.push_back(steps[k]);
    }
  }
  double rank(std::size_t place) const {
    const auto smaller =
        std::count_if(elsewhere.begin(), elsewhere.end(), [&](double step) { return step < steps[place]; });
    return elsewhere.empty() ? 0 : double(smaller) / double(elsewhere.size());
  }
};

std::string percent_cell(double share) { return cell(fixed(100 * share, 1)); }

std::string drift_table(const std::vector<DriftBin>& drift) {
  std::string rows;
  for (const DriftBin& bin : drift) {
    rows += "<tr><th scope=\"row\">" + fixed(bin.start, 1) + " to " + fixed(bin.end, 1) + " s</th>" +
            cell(std::to_string(bin.events)) + cell(bin.events > 0 ? fixed(bin.median_ms, 1) : "&ndash;") +
            (bin.events > 0 ? percent_cell(bin.within_50) : cell("&ndash;")) + "</tr>";
  }
  return table("Strikes and onsets against the nearest of the other kind",
               {"Stretch", "Events", "Median, ms", "50 ms, %"}, rows);
}

std::string seams_table(const std::vector<SeamStep>& seams) {
  std::string rows;
  for (const SeamStep& seam : seams) {
    rows += "<tr><th scope=\"row\">" + fixed(seam.time, 3) + " s</th>" + cell(fixed(seam.loudness_db, 1)) +
            percent_cell(seam.loudness_rank) + cell(fixed(seam.picture, 2)) + percent_cell(seam.picture_rank) + "</tr>";
  }
  return table("Steps at the joints, and the share of all other moments with smaller ones: 100 % is a seam that shows",
               {"Joint", "Loudness, dB", "Rank, %", "Picture, levels", "Rank, %"}, rows);
}

}  // namespace

std::vector<DriftBin> drift_of(const SyncResult& sync, double seconds, double width) {
  PF_CHECK(width > 0, InvalidRequest, "drift", "stretches must be longer than 0 s, got ", width);
  std::vector<DriftBin> bins;
  for (double start = 0; start < seconds; start += width) {
    DriftBin bin{start, std::min(start + width, seconds)};
    Values offsets;
    for (const auto* matches : {&sync.impact_to_onset, &sync.onset_to_impact}) {
      for (const Match& match : *matches) {
        if (match.time < start || match.time >= start + width) continue;
        offsets.push_back(1000 * std::abs(match.offset.value_or(kSearchRadius)));
      }
    }
    bin.events = std::int64_t(offsets.size());
    bin.median_ms = median_of(offsets), bin.within_50 = share_within(offsets, 50);
    bins.push_back(bin);
  }
  return bins;
}

std::vector<SeamStep> seams_of(const Clip& clip, const std::vector<double>& joints) {
  PF_CHECK(clip.has_video() && clip.has_audio(), ShapeError, "seams", "needs a film with picture and sound");
  const double seconds = std::min(double(clip.frames.size(0)) / clip.fps, clip.audio_seconds());
  std::vector<std::size_t> moments, frames;
  for (const double joint : joints) {
    PF_CHECK(joint > 0 && joint < seconds, InvalidRequest, "seams", "a joint at ", joint, " s is outside of a film of ",
             seconds, " s");
    moments.push_back(std::size_t(std::lround(joint / kLoudnessHop)));
    const auto first = std::size_t(std::ceil(joint * clip.fps - 1e-6));  // the first frame behind the joint
    frames.push_back(std::min(first, std::size_t(clip.frames.size(0)) - 1));
  }
  const auto window = std::size_t(std::lround(kLoudnessWindow / kLoudnessHop));
  const Ranking loudness(most_nearby(loudness_steps(mono_samples(clip.waveform), double(clip.sample_rate))), moments,
                         window + std::size_t(kNear));
  const Ranking picture(picture_steps(clip.frames), frames, /*reach=*/0);
  std::vector<SeamStep> seams;
  for (std::size_t i = 0; i < joints.size(); ++i) {
    const std::size_t moment = std::min(moments[i], loudness.steps.size() - 1);
    seams.push_back({joints[i], loudness.steps[moment], loudness.rank(moment), picture.steps[frames[i]],
                     picture.rank(frames[i])});
  }
  return seams;
}

nlohmann::json to_json(const LongFilm& film) {
  nlohmann::json json = {{"drift", nlohmann::json::array()}, {"seams", nlohmann::json::array()}};
  for (const DriftBin& bin : film.drift) {
    nlohmann::json entry{{"start", bin.start}, {"end", bin.end}, {"events", bin.events}};
    entry["median_ms"] = bin.events > 0 ? nlohmann::json(bin.median_ms) : nlohmann::json();
    entry["within_50_ms"] = bin.events > 0 ? nlohmann::json(bin.within_50) : nlohmann::json();
    json["drift"].push_back(std::move(entry));
  }
  for (const SeamStep& seam : film.seams) {
    json["seams"].push_back({{"time", seam.time}, {"loudness_db", seam.loudness_db},
                             {"loudness_rank", seam.loudness_rank}, {"picture", seam.picture},
                             {"picture_rank", seam.picture_rank}});
  }
  return json;
}

std::string long_film_page(const LongFilm& film, const std::string& title) {
  std::string html = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
                     "content=\"width=device-width, initial-scale=1\"><title>phonofilm long film</title><style>";
  html += kReportStyle;
  html += "</style></head><body><main><h1>" + escape_html(title) + "</h1><h2>Drift</h2>" + drift_table(film.drift);
  if (!film.seams.empty()) html += "<h2>Seams</h2>" + seams_table(film.seams);
  return html + "</main></body></html>\n";
}

}  // namespace phonofilm::eval
