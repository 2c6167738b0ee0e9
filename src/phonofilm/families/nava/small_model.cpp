#include "phonofilm/families/nava/small_model.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/base/prompt_marks.h"
#include "phonofilm/diffusion/sample.h"
#include "phonofilm/dsp/mel.h"
#include "phonofilm/tensor/channels.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/pixel_range.h"
#include "phonofilm/tensor/shape.h"
#include "phonofilm/weights/model_folder.h"

namespace phonofilm::nava {

using text_encoders::WordEncoderConfig;

Fields SmallModelOptions::fields() {
  return {{"variant", &variant, "name of this model"},
          {"fps", &fps, "pictures per second", 1.0, 240.0},
          {"sample_rate", &sample_rate, "of the sound", 8000.0, 192000.0},
          {"size", &size, "pixels per side", 16.0, 4096.0},
          {"seconds", &seconds, "default length", 0.1, 600.0},
          {"min_seconds", &min_seconds, "shortest film", 0.1, 600.0},
          {"max_seconds", &max_seconds, "longest film", 0.1, 600.0},
          {"steps", &steps, "default sampling steps", 1.0, 1000.0},
          {"solver", &solver, "default solver", {}, {}, diffusion::solver_names()},
          {"shift", &shift, "of the sigma schedule", 0.1, 100.0},
          {"sound_steps", &sound_steps, "default steps that make the sound again under the finished picture", 0.0, 1000.0},
          {"sound_shift", &sound_shift, "of their sigma schedule", 0.1, 100.0},
          {"text_guidance_video", &text_guidance_video, "default text guidance of the picture", 0.0, 100.0},
          {"text_guidance_audio", &text_guidance_audio, "default text guidance of the sound", 0.0, 100.0},
          {"align_guidance_video", &align_guidance_video, "default alignment guidance of the picture", 0.0, 100.0},
          {"align_guidance_audio", &align_guidance_audio, "default alignment guidance of the sound", 0.0, 100.0},
          {"skip_layer", &skip_layer, "default block that the negative pass leaves out; 0: none", 0.0, 1000.0},
          {"timbre_guidance", &timbre_guidance, "default guidance of the sound towards reference voices", 0.0, 100.0},
          {"video_mean", &video_mean, "of the video latent, per channel"},
          {"video_std", &video_std, "of the video latent, per channel"},
          {"audio_mean", &audio_mean, "of the audio latent, per channel"},
          {"audio_std", &audio_std, "of the audio latent, per channel"}};
}

SmallBackbone::SmallBackbone(const WordEncoderConfig& text, const NavaConfig& transformer)
    : text_encoder_(text), transformer_(transformer) {
  add_child("text_encoder", text_encoder_);
  add_child("transformer", transformer_);
}

PreparedContext SmallBackbone::encode_text(const Tensor& tokens, const nn::RunContext& run,
                                           const std::vector<Voices>& voices) const {
  const Tensor rows = text_encoder_.forward(tokens, run);
  return transformer_.prepare_context(rows, transformer_.config().bind_voices ? spread(tokens, voices) : voices, run);
}

std::vector<Voices> SmallBackbone::spread(const Tensor& tokens, std::vector<Voices> voices) const {
  const auto ends = rows_of(tokens, kSpeechMarks.close);
  for (size_t i = 0; i < voices.size(); ++i) {
    Voices& own = voices[i];
    const std::int64_t count = own.embeddings.defined() ? own.embeddings.size(0) : 0;
    const bool shared = count == 1;
    if (!shared && count < std::int64_t(own.positions.size())) continue;  // the transformer says what is wrong
    std::vector<std::int64_t> rows, lines;
    for (size_t line = 0; line < own.positions.size(); ++line) {
      const auto end = std::upper_bound(ends[i].begin(), ends[i].end(), own.positions[line]);
      const std::int64_t last = end == ends[i].end() ? tokens.size(1) - 1 : *end;
      for (std::int64_t row = own.positions[line]; row <= last; ++row) {
        rows.push_back(row), lines.push_back(std::int64_t(line));
      }
    }
    own.positions = std::move(rows);
    if (!shared) own.embeddings = own.embeddings.index_select(0, at::tensor(lines));
  }
  return voices;
}

std::vector<std::vector<std::int64_t>> SmallBackbone::line_rows(const Tensor& tokens) const {
  return rows_of(tokens, kSpeechMarks.open);
}

std::vector<std::vector<std::int64_t>> SmallBackbone::rows_of(const Tensor& tokens, std::string_view mark) const {
  expect_shape(tokens, {kAny, text_encoder_.config().max_tokens}, "nava: tokens");
  std::vector<std::vector<std::int64_t>> rows(size_t(tokens.size(0)));
  const std::optional<std::int64_t> word = text_encoder_.tokenizer().id_of(mark);
  if (!word) return rows;
  const Tensor places = tokens.eq(*word).nonzero();  // [found, 2], in order
  for (std::int64_t i = 0; i < places.size(0); ++i) {
    rows[size_t(places[i][0].item<std::int64_t>())].push_back(places[i][1].item<std::int64_t>());
  }
  return rows;
}

std::vector<Voices> SmallBackbone::null_voices(const Tensor& tokens) const {
  if (!transformer_.config().add_spk_emb) return {};
  std::vector<Voices> voices;
  const Tensor nobody = at::zeros({1, transformer_.config().spk_dim});
  for (std::vector<std::int64_t>& rows : line_rows(tokens)) voices.push_back({nobody, std::move(rows)});
  return voices;
}

void save_backbone(const SmallBackbone& backbone, const std::string& folder, nn::LinearStorage linears) {
  WordEncoderConfig text = backbone.text_encoder().config();
  const nlohmann::json config{{"text_encoder", write_json(text.fields())},
                              {"transformer", write_nava_config(backbone.transformer().config())}};
  SmallBackbone stored(text, backbone.transformer().config());
  stored.load(backbone.state_dict(), folder, "", {at::kBFloat16, linears});
  weights::save_model_folder(folder, "nava_small", config, stored.state_dict());
}

void save_lora(const nn::Lora& lora, const std::string& folder) {
  weights::TensorMap tensors;
  for (const auto& [name, tensor] : lora.state_dict()) tensors[name] = tensor.to(at::kBFloat16);
  weights::save_safetensors(folder + "/" + kSmallLoraFile, tensors);
}

std::unique_ptr<SmallBackbone> load_backbone(const std::string& folder, at::ScalarType dtype,
                                             const std::vector<families::LoraFile>& loras) {
  return weights::load_described(folder, "nava_small", [&] {
    const weights::ModelFolder files = weights::open_model_folder(folder, "nava_small");
    const std::string where = folder + "/config.json";
    for (const char* part : {"text_encoder", "transformer"}) {
      PF_CHECK(files.config->contains(part), CheckpointError, "load", where, ": '", part, "' is missing");
    }
    WordEncoderConfig text;
    read_json((*files.config)["text_encoder"], text.fields(), where + ": text_encoder");
    const NavaConfig transformer = read_nava_config((*files.config)["transformer"], where + ": transformer");
    auto backbone = std::make_unique<SmallBackbone>(text, transformer);
    weights::TensorMap tensors = files.weights.tensors();
    const std::string own_lora = folder + "/" + kSmallLoraFile;
    if (is_file(own_lora)) families::add_loras(tensors, {{own_lora}});
    families::add_loras(tensors, loras);
    backbone->load(std::move(tensors), files.path, "", dtype);
    backbone->convert(dtype);
    return backbone;
  });
}

SmallCodecs load_codecs(const std::string& video_folder, const std::string& audio_folder,
                        const std::string& vocoder_folder, at::ScalarType dtype) {
  SmallCodecs codecs;
  codecs.video = autoencoders::load_video_autoencoder(video_folder, dtype);
  codecs.audio = autoencoders::load_mel_autoencoder(audio_folder, dtype);
  if (!vocoder_folder.empty()) codecs.vocoder = vocoders::load_vocos(vocoder_folder, dtype);
  return codecs;
}

void check_statistics(const SmallModelOptions& options, const SmallCodecs& codecs, const std::string& file) {
  const auto fits = [&](const std::vector<double>& values, std::int64_t channels, const char* name) {
    PF_CHECK(std::int64_t(values.size()) == channels, CheckpointError, "load", file, ": ", name, " has ", values.size(),
             " values, the autoencoder has ", channels, " channels");
  };
  fits(options.video_mean, codecs.video->config().latent_channels, "video_mean");
  fits(options.video_std, codecs.video->config().latent_channels, "video_std");
  fits(options.audio_mean, codecs.audio->config().latent_channels, "audio_mean");
  fits(options.audio_std, codecs.audio->config().latent_channels, "audio_std");
}

Tensor encode_frames(const SmallCodecs& codecs, const Tensor& frames, const nn::RunContext& run) {
  const Tensor pixels = to_unit_range(frames.permute({3, 0, 1, 2}));
  return codecs.video->encode(pixels.unsqueeze(0), run).mean;
}

Tensor encode_waveform(const SmallCodecs& codecs, const Tensor& waveform, const nn::RunContext& run) {
  const autoencoders::MelAutoencoderConfig& config = codecs.audio->config();
  const Tensor sound = with_channels(waveform, config.channels);
  const Tensor mel = dsp::LogMel(config.mel).of_waveform(sound).reshape({1, config.rows(), -1});
  return codecs.audio->encode(mel, run).mean;
}

Tensor decode_waveform(const SmallCodecs& codecs, const Tensor& latent, const nn::RunContext& run) {
  const autoencoders::MelAutoencoderConfig& config = codecs.audio->config();
  const Tensor mel = codecs.audio->decode(latent, run).view({config.channels, config.mel.bins, -1});
  return codecs.vocoder->forward(mel, run);
}

namespace {

Tensor per_channel(const std::vector<double>& values, const Tensor& like) {
  Shape shape(size_t(like.dim()), 1);
  shape[1] = std::int64_t(values.size());
  return at::tensor(values, at::kFloat).reshape(shape);
}

}  // namespace

Tensor normalise(const Tensor& x, const std::vector<double>& mean, const std::vector<double>& std) {
  return (x - per_channel(mean, x)) / per_channel(std, x);
}

Tensor denormalise(const Tensor& x, const std::vector<double>& mean, const std::vector<double>& std) {
  return x * per_channel(std, x) + per_channel(mean, x);
}

}  // namespace phonofilm::nava
