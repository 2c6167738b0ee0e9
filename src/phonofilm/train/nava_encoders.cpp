#include "phonofilm/train/nava_encoders.h"

#include <algorithm>
#include <cmath>

#include "phonofilm/autoencoders/ltx_audio_vae/ltx_audio_vae.h"
#include "phonofilm/base/error.h"
#include "phonofilm/base/files.h"
#include "phonofilm/families/nava/checkpoint.h"
#include "phonofilm/families/nava/voices.h"
#include "phonofilm/families/wan22.h"
#include "phonofilm/speaker_encoders/redimnet/redimnet.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/pixel_range.h"
#include "phonofilm/tensor/shape.h"
#include "phonofilm/train/nava_clip.h"

namespace phonofilm::train {
namespace {

constexpr double kShortestVoice = 0.1;  // seconds; as generation asks of reference voices
constexpr nn::RunContext kPrecise{.dtype = at::kFloat};  // as the publisher runs the video autoencoder

nava::PictureSize size_of(const Tensor& frames, const NavaTaskOptions& options) {
  if (options.height > 0) return {options.height, options.width};
  return nava::size_for_image({frames.size(1), frames.size(2)}, options.image_size);
}

// [n, text_dim] for n tokens
Tensor text_rows(const text_encoders::Umt5Encoder& encoder, const std::vector<std::int64_t>& ids) {
  return encoder.forward(text_encoders::pad_tokens({ids}), kPrecise)[0].to(at::kBFloat16);
}

// frames: uint8 [F, H, W, 3]. Four at a time behind the first, as the publisher encodes: memory does not grow with the
// length.
Tensor video_latent(const autoencoders::Wan22Vae& vae, const Tensor& frames) {
  autoencoders::EncodeStream stream(vae, kPrecise);
  std::vector<Tensor> latents;
  for (std::int64_t at = 0; at < frames.size(0);) {
    const std::int64_t count = at == 0 ? 1 : 4;
    const Tensor video = to_unit_range(frames.narrow(0, at, count).permute({3, 0, 1, 2})).unsqueeze(0);
    latents.push_back(stream.push(video));
    at += count;
  }
  return at::cat(latents, 2)[0].to(at::kBFloat16).contiguous();
}

// waveform: [channels, S] at 16 kHz. The autoencoder makes one token more than there are units of samples.
Tensor audio_latent(const autoencoders::LtxAudioVae& vae, const Tensor& waveform, std::int64_t tokens) {
  const Tensor stereo = autoencoders::ltx_stereo(fitted_sound(waveform, tokens).unsqueeze(0));
  return vae.encode(stereo)[0].narrow(0, 0, tokens).t().to(at::kBFloat16).contiguous();
}

// What is heard of a span; undefined where that is too short for a voice.
Tensor cut(const Tensor& waveform, const SpokenSpan& span) {
  const double samples = double(waveform.size(1));
  const auto begin = std::int64_t(std::min(samples, span.begin * double(nava::kNarrowSampleRate)));
  const auto end = std::int64_t(std::min(samples, span.end * double(nava::kNarrowSampleRate)));
  return double(end - begin) < kShortestVoice * double(nava::kNarrowSampleRate) ? Tensor() : waveform.narrow(1, begin, end - begin);
}

}  // namespace

struct NavaEncoders::Networks {
  std::string root;
  nava::NavaConfig backbone;
  families::TokenizeFn tokenize;
  std::unique_ptr<text_encoders::Umt5Encoder> text;
  std::unique_ptr<autoencoders::Wan22Vae> video;
  std::unique_ptr<autoencoders::LtxAudioVae> audio;
  std::unique_ptr<speaker_encoders::ReDimNet> speaker;

  // [S, spk_dim], as many as the text has places for them.
  Tensor voices(const Tensor& waveform, const std::vector<SpokenSpan>& spans, size_t places) {
    std::vector<Tensor> embeddings;
    for (size_t i = 0; i < std::min(spans.size(), places); ++i) {
      if (!speaker) load_speaker();
      const Tensor heard = cut(waveform, spans[i]);
      embeddings.push_back(heard.defined() ? speaker->embedding(heard) : at::zeros({backbone.spk_dim}));
    }
    return embeddings.empty() ? at::zeros({0, backbone.spk_dim}) : at::stack(embeddings);
  }

  void load_speaker() {
    const std::string file = nava::speaker_file(root);
    nava::require(root, {file});
    speaker = speaker_encoders::load_redimnet(root + "/" + file);
    PF_CHECK(speaker->config().embed_dim == backbone.spk_dim, CheckpointError, "load", root, "/", file,
             ": its embeddings have ", speaker->config().embed_dim, " numbers, the backbone takes ", backbone.spk_dim);
  }
};

NavaEncoders::NavaEncoders(const std::string& root, const nava::NavaConfig& backbone,
                           const families::OpenTokenizerFn& open_tokenizer)
    : networks_(std::make_unique<Networks>()) {
  nava::require(root, {wan22::kTextEncoderFile, wan22::kTokenizerFile, wan22::kVideoVaeFile, nava::kSoundFile});
  Networks& n = *networks_;
  n.root = root;
  n.backbone = backbone;
  n.tokenize = wan22::open_tokenizer(open_tokenizer, root, backbone.text_len);
  n.text = wan22::load_text_encoder(root);
  n.video = wan22::load_video_vae(root, kPrecise.dtype);
  n.audio = autoencoders::load_ltx_audio_vae(root + "/" + nava::kSoundFile);
  PF_CHECK(n.audio->config().token_width() == backbone.audio_in_dim, CheckpointError, "load", root, "/",
           nava::kSoundFile, ": its tokens have ", n.audio->config().token_width(), " numbers, the backbone's ",
           backbone.audio_in_dim);
  PF_CHECK(n.text->config().dim == backbone.text_dim, CheckpointError, "load", root, "/", wan22::kTextEncoderFile,
           ": its rows have ", n.text->config().dim, " numbers, the backbone reads ", backbone.text_dim);
}

NavaEncoders::~NavaEncoders() = default;

EncodedClip NavaEncoders::encode(const NavaEntry& entry, NavaModality modality, const Clip& clip,
                                 const NavaTaskOptions& options) const {
  const at::NoGradGuard no_grad;
  Networks& n = *networks_;
  const bool film = is_film(modality);
  EncodedClip encoded;
  const std::int64_t frames = film ? options.frames : 1;
  if (has_picture(modality)) {
    encoded.video = video_latent(*n.video, fitted_frames(clip, frames, size_of(clip.frames, options)));
  }
  const std::vector<std::int64_t> ids = n.tokenize(nava::with_voice_marks(entry.caption));
  const std::vector<std::int64_t> places = nava::voice_positions(ids, n.tokenize);
  encoded.rows = text_rows(*n.text, ids);
  encoded.voices = at::zeros({0, n.backbone.spk_dim});
  if (has_sound(modality)) {
    const Tensor waveform = sound_at_16k(clip);
    const double heard = double(waveform.size(1)) / double(nava::kNarrowSampleRate);
    const double kept = film ? double(frames) / nava::kFps : std::min(heard, options.max_seconds);
    encoded.audio = audio_latent(*n.audio, waveform, n.audio->config().tokens_for_seconds(kept));
    if (n.backbone.add_spk_emb) encoded.voices = n.voices(waveform, entry.spans, places.size());
  }
  encoded.positions = at::tensor(places, at::kLong).narrow(0, 0, encoded.voices.size(0)).clone();
  return encoded;
}

void check_nava_clip(const NavaEntry& entry, NavaModality modality, const Clip& clip, const NavaTaskOptions& options) {
  PF_CHECK(clip.has_video() || !has_picture(modality), InvalidRequest, "train", "the clip has no picture");
  PF_CHECK(clip.has_audio() || !has_sound(modality), InvalidRequest, "train", "the clip has no sound");
  if (has_picture(modality)) {
    expect_shape(clip.frames, {kAny, kAny, kAny, 3}, "train: frames of a clip");
    PF_CHECK(clip.frames.numel() > 0, InvalidRequest, "train", "the clip has no picture");
  }
  const bool long_enough = !is_film(modality) || entry.tells_length() || frames_at_24(clip) >= options.min_frames;
  PF_CHECK(long_enough, InvalidRequest, "train", "a film of ", frames_at_24(clip), " frames; at least ",
           options.min_frames, " are taken");
  if (!has_sound(modality)) return;
  check_sound(clip);
  PF_CHECK(is_film(modality) || !entry.is_one_line() || clip.audio_seconds() <= options.max_seconds, InvalidRequest,
           "train", "a spoken line of more than ", options.max_seconds, " s");
}

std::string encoders_fingerprint(const std::string& root) {
  std::string text;
  for (const std::string& file :
       {std::string(wan22::kTextEncoderFile), std::string(wan22::kTokenizerFile), std::string(wan22::kVideoVaeFile),
        std::string(nava::kSoundFile), nava::speaker_file(root)}) {
    if (is_file(root + "/" + file)) text += sampled_fingerprint(root + "/" + file) + " ";
  }
  return text;
}

}  // namespace phonofilm::train
