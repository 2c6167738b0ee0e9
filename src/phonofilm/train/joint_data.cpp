#include "phonofilm/train/joint_data.h"

#include <cmath>
#include <numeric>

#include "phonofilm/base/error.h"
#include "phonofilm/base/text.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/train/joint_start.h"
#include "phonofilm/train/joint_voices.h"

namespace phonofilm::train {
namespace {

double sum_of(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

LatentStatistics measure(const Tensor& latents, double scale) {
  const Tensor channels = latents.to(at::kFloat).transpose(0, 1).flatten(1);  // [C, all]
  const Tensor mean = channels.mean(1).to(at::kDouble), std = channels.std(1).to(at::kDouble) / scale;
  const auto values = [](const Tensor& x) {
    return std::vector<double>(x.const_data_ptr<double>(), x.const_data_ptr<double>() + x.numel());
  };
  return {values(mean), values(std)};
}

Tensor take(const Tensor& latents, const Tensor& index, const LatentStatistics& statistics) {
  return nava::normalise(latents.index_select(0, index).to(at::kFloat), statistics.mean, statistics.std);
}

Tensor tokens_of(const nava::SmallBackbone& backbone, const std::vector<ClipText>& texts) {
  std::vector<std::string> captions;
  for (const ClipText& text : texts) captions.push_back(text.caption);
  return backbone.text_encoder().tokenize(captions);
}

// With every line's voice, where there is a bank.
Batch conditions_of(const nava::SmallBackbone& backbone, const std::vector<ClipText>& texts,
                    const std::optional<VoiceBank>& bank, std::uint64_t seed) {
  Batch conditions{{"tokens", tokens_of(backbone, texts)}};
  const Tensor rows = rows_of_lines(backbone, conditions["tokens"], texts);
  if (!bank || rows.size(1) == 0) return conditions;
  std::vector<const ClipText*> all;
  for (const ClipText& text : texts) all.push_back(&text);
  Random random(mix_seed(seed, "validation voices"));
  conditions["positions"] = rows;
  conditions["voices"] = draw_voices(*bank, all, rows, /*drop=*/0, random);
  return conditions;
}

void hold(Batch& batch, const diffusion::Held& held, const ClipLength& length) {
  const auto rows = [&](const std::vector<diffusion::LatentSpan>& spans, std::int64_t latents) {
    return diffusion::held_mask(spans, latents).expand({batch.at("mode").size(0), latents});
  };
  if (!held.video.empty()) batch["held_video"] = rows(held.video, length.frames);
  if (!held.audio.empty()) batch["held_audio"] = rows(held.audio, length.steps);
}

// labels: undefined where nobody asks for them.
void add_labels(Batch& batch, const char* name, const Tensor& labels, const Tensor& index) {
  if (labels.defined()) batch[name] = labels.index_select(0, index).to(at::kLong);
}

void check_voices(const VoiceBank& bank, const std::vector<ClipText>& texts) {
  for (const ClipText& text : texts) {
    for (const SaidLine& line : text.lines) {
      PF_CHECK(bank.voices().contains(line.voice), InvalidRequest, "recipe", "scene ", text.scene, " has the voice ",
               line.voice, ", which is not among the references: set 'made_utterances'");
    }
  }
}

}  // namespace

JointData::JointData(const JointTaskOptions& options, std::uint64_t seed, const nava::SmallBackbone& backbone,
                     std::optional<VoiceBank> bank, const nn::RunContext& run, const Observer& observer)
    : options_(options), bank_(std::move(bank)) {
  const nava::SmallCodecs codecs =
      nava::load_codecs(options.video_autoencoder, options.audio_autoencoder, /*vocoder_folder=*/"", run.dtype);
  if (options.normalisation == "start") {
    const nava::SmallModelOptions start = model_around_start(options, codecs);
    video_ = {start.video_mean, start.video_std}, audio_ = {start.audio_mean, start.audio_std};
  }
  frame_patch_ = codecs.video->config().frame_patch;
  const auto& mel = codecs.audio->config().mel;
  step_seconds_ = 2 * double(mel.hop) / double(mel.sample_rate);
  const std::string codec_files = file_fingerprint(options.video_autoencoder + "/model.safetensors") +
                                  file_fingerprint(options.audio_autoencoder + "/model.safetensors");
  const auto make_bucket = [&](const std::string& purpose, std::int64_t clips, std::int64_t frames) {
    const std::string path = phonofilm::concat(options.cache, "/", purpose, frames, ".safetensors");
    const LatentCacheOptions clips_of{options.scene, purpose, seed, clips, frames, options.size, codec_files};
    Bucket bucket;
    bucket.latents = load_or_make_latents(path, clips_of, codecs, run, observer);
    if (bank_) check_voices(*bank_, bucket.latents.texts);
    bucket.tokens = tokens_of(backbone, bucket.latents.texts);
    bucket.lines = rows_of_lines(backbone, bucket.tokens, bucket.latents.texts);
    bucket.speech = clips_with_lines(bucket.latents.texts);
    return bucket;
  };
  for (size_t i = 0; i < options.frames.size(); ++i) {
    const double share = options.length_weights[i] / sum_of(options.length_weights);
    buckets_.push_back(make_bucket("train", std::int64_t(std::ceil(double(options.clips) * share)), options.frames[i]));
  }
  validation_ = make_bucket("validation", options.validation_clips, options.frames[0]);
  label_happenings();
  make_held_out(backbone, seed);
  if (options.normalisation == "start") return;
  video_ = measure(buckets_[0].latents.video, options.video_scale);
  audio_ = measure(buckets_[0].latents.audio, options.audio_scale);
}

// Picture k is the one at k / fps: its moment lasts from half a picture before to half a picture after.
void JointData::label_happenings() {
  std::vector<Bucket*> all{&validation_};
  for (Bucket& bucket : buckets_) all.push_back(&bucket);
  for (const Bucket* bucket : all) {
    for (const ClipText& text : bucket->latents.texts) labels_.add(text.happenings);
  }
  const double picture = 1 / world::RenderOptions{}.fps;
  for (Bucket* bucket : all) {
    const std::int64_t steps = bucket->latents.audio.size(2);
    const std::int64_t pictures = frame_patch_ * (bucket->latents.video.size(2) - 1) + 1;
    std::vector<Tensor> heard, seen;
    for (const ClipText& text : bucket->latents.texts) {
      if (options_.listen > 0) heard.push_back(labels_.rows(text.happenings, steps, 0, step_seconds_));
      if (options_.watch > 0) seen.push_back(labels_.rows(text.happenings, pictures, -picture / 2, picture));
    }
    if (!heard.empty()) bucket->heard = at::stack(heard);
    if (!seen.empty()) bucket->seen = at::stack(seen);
  }
}

Batch JointData::draw(std::uint64_t seed, std::int64_t step) const {
  Random random(mix_seed(seed, "batch", std::uint64_t(step)));
  const Bucket& bucket = pick_bucket(random);
  const JointMode mode = draw_mode(options_, random);
  const Tensor index = draw_clips(bucket, mode, random);
  Tensor drop = at::zeros(index.sizes(), at::kBool);
  for (std::int64_t i = 0; i < index.size(0); ++i) drop[i] = random.chance(options_.caption_drop);
  Batch batch{{"tokens", bucket.tokens.index_select(0, index).masked_fill(drop.unsqueeze(1), 0)},
              {"mode", at::full(index.sizes(), mode.code(), at::kLong)}};
  Random voices(mix_seed(seed, "voices", std::uint64_t(step)));
  add_voices(bucket, index, drop, mode, voices, batch);
  const ClipLength length = length_of(bucket);
  const diffusion::Held held = draw_held(options_, mode, length, random);
  hold(batch, held, length);
  if (mode.has_video) batch["video"] = take(bucket.latents.video, index, video_);
  if (mode.has_audio) batch["audio"] = take(bucket.latents.audio, index, audio_);
  // What is given whole has nothing to learn.
  const bool watched = options_.watch_until == 0 || step < options_.watch_until;
  const bool sees = mode.has_video && watched && !diffusion::is_whole(held.video, length.frames);
  if (sees) add_labels(batch, "seen", bucket.seen, index);
  if (mode.has_audio && !diffusion::is_whole(held.audio, length.steps)) add_labels(batch, "heard", bucket.heard, index);
  return batch;
}

Tensor JointData::draw_clips(const Bucket& bucket, const JointMode& mode, Random& random) const {
  const bool alone = !mode.has_video, speech = alone && options_.audio_only_speech && !bucket.speech.empty();
  const std::int64_t clips = speech ? std::int64_t(bucket.speech.size()) : bucket.tokens.size(0);
  const bool larger = alone && options_.audio_only_batch > 0;
  Tensor index = at::empty({larger ? options_.audio_only_batch : options_.batch}, at::kLong);
  for (std::int64_t i = 0; i < index.size(0); ++i) {
    const std::int64_t drawn = random.below(clips);
    index[i] = speech ? bucket.speech[size_t(drawn)] : drawn;
  }
  return index;
}

void JointData::make_held_out(const nava::SmallBackbone& backbone, std::uint64_t seed) {
  const std::vector<ClipText>& texts = validation_.latents.texts;
  own_ = conditions_of(backbone, texts, bank_, seed);
  wrong_words_ = conditions_of(backbone, with_wrong_words(texts), bank_, seed);
  if (own_.contains("voices")) wrong_words_["voices"] = own_["voices"];  // nothing but the words is wrong
  Random random(mix_seed(seed, "wrong voices"));
  if (own_.contains("voices")) {
    wrong_voices_ = conditions_of(backbone, with_wrong_voices(texts, *bank_, random), bank_, seed);
  }
}

// Who says nothing that is read says it with no voice; a film without sound has no voices to follow.
void JointData::add_voices(const Bucket& bucket, const Tensor& index, const Tensor& dropped, const JointMode& mode,
                           Random& random, Batch& batch) const {
  if (!bank_ || bucket.lines.size(1) == 0) return;
  std::vector<const ClipText*> texts;
  for (std::int64_t i = 0; i < index.size(0); ++i) {
    texts.push_back(&bucket.latents.texts[size_t(index[i].item<std::int64_t>())]);
  }
  const Tensor rows = bucket.lines.index_select(0, index).masked_fill(dropped.unsqueeze(1), kNobody);
  batch["positions"] = rows;
  batch["voices"] = draw_voices(*bank_, texts, rows, mode.has_audio ? options_.voice_drop : 1, random);
}

Batch JointData::held_out(const Batch& conditions) const {
  const std::int64_t count = validation_.tokens.size(0);
  const Tensor index = at::arange(count, at::kLong);
  Batch batch = conditions;
  batch["mode"] = at::full({count}, JointMode{}.code(), at::kLong);
  batch["video"] = take(validation_.latents.video, index, video_);
  batch["audio"] = take(validation_.latents.audio, index, audio_);
  add_labels(batch, "seen", validation_.seen, index);
  add_labels(batch, "heard", validation_.heard, index);
  return batch;
}

const JointData::Bucket& JointData::pick_bucket(Random& random) const {
  double at = random.uniform() * sum_of(options_.length_weights);
  for (size_t i = 0; i + 1 < buckets_.size(); ++i) {
    at -= options_.length_weights[i];
    if (at < 0) return buckets_[i];
  }
  return buckets_.back();
}

ClipLength JointData::length_of(const Bucket& bucket) const {
  return {bucket.latents.video.size(2), frame_patch_, bucket.latents.audio.size(2)};
}

JointMode mode_of(const Batch& batch) { return JointMode::from_code(batch.at("mode")[0].item<std::int64_t>()); }

diffusion::Held held_of(const Batch& batch) {
  const auto spans = [&](const char* name) {
    return batch.contains(name) ? diffusion::spans_of(batch.at(name)[0]) : std::vector<diffusion::LatentSpan>{};
  };
  return {spans("held_video"), spans("held_audio")};
}

}  // namespace phonofilm::train
