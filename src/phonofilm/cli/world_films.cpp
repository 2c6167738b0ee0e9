#include "phonofilm/cli/world_films.h"

#include <algorithm>
#include <filesystem>

#include "phonofilm/base/error.h"
#include "phonofilm/base/log.h"
#include "phonofilm/base/random.h"
#include "phonofilm/cli/find_model.h"
#include "phonofilm/eval/words.h"
#include "phonofilm/pipeline/generate.h"
#include "phonofilm/world/speech/lines.h"
#include "phonofilm/world/speech/utterance.h"

namespace phonofilm::cli {
namespace {

constexpr double kReferenceSeconds = 3;  // of every talker; what is shorter says less of a timbre

families::KeptFilm kept_half(const Clip& clip, GivenHalf half) {
  if (half == GivenHalf::none) return {};
  families::KeptFilm kept{clip, {}, {}};
  if (half == GivenHalf::picture) {
    kept.video = {{0, pipeline::kToTheEnd}};
    kept.clip.waveform = Tensor();
  } else {
    kept.audio = {{0, pipeline::kToTheEnd}};
    kept.clip.frames = Tensor();
  }
  return kept;
}

bool share_a_word(const world::Line& a, const world::Line& b) {
  for (const std::string& word : a) {
    if (std::find(b.begin(), b.end(), word) != b.end()) return true;
  }
  return false;
}

// Lines of other words by the talker of `line`, one after the other, until they are long enough.
ReferenceVoice reference_voice(const eval::ToldLine& line, Random& random) {
  ReferenceVoice voice;
  std::vector<Tensor> said;
  for (std::int64_t samples = 0; double(samples) < kReferenceSeconds * families::kVoiceRate;) {
    world::Line other = world::draw_line(world::kMostWords, random);
    while (share_a_word(other, line.words)) other = world::draw_line(world::kMostWords, random);
    said.push_back(world::utterance(world::voice_of(line.voice), other, families::kVoiceRate));
    samples += said.back().size(1);
    voice.words.insert(voice.words.end(), other.begin(), other.end());
  }
  voice.waveform = at::cat(said, 1);
  return voice;
}

}  // namespace

std::string find_recogniser(const std::string& folder) {
  if (folder.empty()) return folder;
  const std::string found = find_model(folder);
  if (std::filesystem::is_directory(found)) return found;
  log::warn(concat(folder, ": no such recogniser; words are not measured"));
  return {};
}

world::RenderOptions render_options(const families::ModelInfo& info, const families::ClipSpec& spec) {
  world::RenderOptions render;
  render.height = spec.height, render.width = spec.width;
  render.frames = spec.frames, render.samples = spec.samples;
  render.fps = info.fps, render.channels = info.channels;
  render.sample_rate = spec.sample_rate > 0 ? spec.sample_rate : info.sample_rate;
  return render;
}

std::vector<ReferenceVoice> reference_voices(const world::Truth& truth, std::uint64_t seed) {
  std::vector<ReferenceVoice> voices;
  Random random(mix_seed(seed, "reference voices"));
  for (const eval::ToldLine& line : eval::told_lines(truth)) voices.push_back(reference_voice(line, random));
  return voices;
}

WorldFilms::WorldFilms(const families::Generator& model, const pipeline::GenerateRequest& request,
                       const nn::RunContext& context, const WorldFilmOptions& options)
    : model_(model), request_(request), context_(context), options_(options) {
  PF_CHECK(options.given == GivenHalf::none || model.info().keeps_films, InvalidRequest, "eval", model.info().name(),
           " makes whole films only; leave out --given");
  families::ClipRequest clip;
  clip.seconds = request.seconds;
  spec_ = model.clip_spec(clip);
}

world::RenderOptions WorldFilms::render_options() const { return cli::render_options(model_.info(), spec_); }

pipeline::Given WorldFilms::given_to(const world::Sample& held_out, std::uint64_t seed) const {
  pipeline::Given given;
  given.kept = kept_half(held_out.clip, options_.given);
  // Voices are for sound that is made.
  const bool spoken = options_.voices && model_.info().takes_voices && options_.given != GivenHalf::sound;
  if (!spoken) return given;
  for (const ReferenceVoice& voice : reference_voices(held_out.truth, seed)) given.voices.push_back(voice.waveform);
  return given;
}

eval::GenerateFilm WorldFilms::generate() const {
  return [this](const world::Sample& held_out, std::uint64_t seed) {
    pipeline::GenerateRequest request = request_;
    request.prompt = held_out.truth.caption;
    request.seed = std::int64_t(seed >> 1);  // seeds of requests are signed
    const pipeline::Given given = given_to(held_out, seed);
    if (pipeline::gives_half(given)) request.sound_steps = 0;
    pipeline::GenerateOptions options;
    options.run = context_;
    return pipeline::generate(model_, request, given, options).clip;
  };
}

eval::RoundTrip WorldFilms::round_trip() const {
  return [this](const Clip& clip) { return model_.decode(model_.encode_clip(clip, context_), spec_, context_); };
}

}  // namespace phonofilm::cli
