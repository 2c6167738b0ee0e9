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
#include "phonofilm/train/nava_clip.h"

namespace phonofilm::train {
namespace {

constexpr double kShortestVoice = 0.1;  // seconds; as generation asks of reference voices

nava::PictureSize size_of(const Tensor& frames, const NavaTaskOptions& options) {
  if (options.height > 0) return {options.height, options.width};
  return nava_training_size(options.image_size, {frames.size(1), frames.size(2)});
}

// [n, text_dim] for n tokens
Tensor text_rows(const text_encoders::Umt5Encoder& encoder, const std::vector<std::int64_t>& ids,
                 const nn::RunContext& run) {
  return encoder.forward(text_encoders::pad_tokens({ids}), run)[0].to(at::kBFloat16);
}

// frames: uint8 [F, H, W, 3]. Four at a time behind the first, as the publisher encodes: memory does not grow with the
// length.
Tensor video_latent(const autoencoders::Wan22Vae& vae, const Tensor& frames, const nn::RunContext& run) {
  autoencoders::EncodeStream stream(vae, run);
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

Tensor cut(const Tensor& waveform, const SpokenSpan& span) {
  const double samples = double(waveform.size(1));
  const auto begin = std::int64_t(std::min(samples, span.begin * kNavaSoundRate));
  const auto end = std::int64_t(std::min(samples, span.end * kNavaSoundRate));
  PF_CHECK(double(end - begin) >= kShortestVoice * kNavaSoundRate, InvalidRequest, "train", "a spoken line from ",
           span.begin, " s on lies beyond its sound or lasts less than ", kShortestVoice, " s");
  return waveform.narrow(1, begin, end - begin);
}

}  // namespace

struct NavaEncoders::Networks {
  std::string root;
  nava::NavaConfig backbone;
  nn::RunContext run;
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
      embeddings.push_back(speaker->embedding(cut(waveform, spans[i])));
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
                           const families::OpenTokenizerFn& open_tokenizer, const nn::RunContext& run)
    : networks_(std::make_unique<Networks>()) {
  nava::require(root, {wan22::kTextEncoderFile, wan22::kTokenizerFile, wan22::kVideoVaeFile, nava::kSoundFile});
  Networks& n = *networks_;
  n.root = root;
  n.backbone = backbone;
  n.run = run;
  n.tokenize = wan22::open_tokenizer(open_tokenizer, root, backbone.text_len);
  n.text = wan22::load_text_encoder(root);
  n.video = wan22::load_video_vae(root, run.dtype);
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
  const bool film = has_picture(modality) && modality != NavaModality::text_to_image;
  EncodedClip encoded;
  PF_CHECK(clip.has_video() || !has_picture(modality), InvalidRequest, "train", "the clip has no picture");
  PF_CHECK(clip.has_audio() || !has_sound(modality), InvalidRequest, "train", "the clip has no sound");
  const bool long_enough = !film || entry.seconds * entry.fps > 0 || frames_at_24(clip) >= options.min_frames;
  PF_CHECK(long_enough, InvalidRequest, "train", "a film of ", frames_at_24(clip), " frames; at least ",
           options.min_frames, " are taken");
  const std::int64_t frames = film ? options.frames : 1;
  if (has_picture(modality)) {
    encoded.video = video_latent(*n.video, fitted_frames(clip, frames, size_of(clip.frames, options)), n.run);
  }
  const std::vector<std::int64_t> ids = n.tokenize(nava::with_voice_marks(entry.caption));
  const std::vector<std::int64_t> places = nava::voice_positions(ids, n.tokenize);
  encoded.rows = text_rows(*n.text, ids, n.run);
  encoded.voices = at::zeros({0, n.backbone.spk_dim});
  if (has_sound(modality)) {
    const Tensor waveform = sound_at_16k(clip);
    const double heard = double(waveform.size(1)) / kNavaSoundRate;
    encoded.audio = audio_latent(
        *n.audio, waveform, nava_tokens(film ? double(frames) / nava::kFps : std::min(heard, options.max_seconds)));
    if (n.backbone.add_spk_emb) encoded.voices = n.voices(waveform, entry.spans, places.size());
  }
  encoded.positions = at::tensor(places, at::kLong).narrow(0, 0, encoded.voices.size(0)).clone();
  return encoded;
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
