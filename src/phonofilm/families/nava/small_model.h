// The embedded model: NAVA's align-then-fuse transformer at small dimensions with a text encoder trained along, small
// codecs and a vocoder. A folder of parts:
//   model.json         rates, sizes, normalisation of the latents, sampling defaults
//   backbone/          text encoder and transformer, trained together; lora.safetensors: a low-rank change of them, added
//                      while loading
//   video_autoencoder/ audio_autoencoder/ vocoder/
//   speaker_encoder/   of models that read reference voices
#pragma once

#include <memory>

#include "phonofilm/autoencoders/mel_autoencoder/mel_autoencoder.h"
#include "phonofilm/autoencoders/video_autoencoder/video_autoencoder.h"
#include "phonofilm/families/lora_file.h"
#include "phonofilm/families/nava/transformer.h"
#include "phonofilm/nn/lora.h"
#include "phonofilm/text_encoders/word_encoder/word_encoder.h"
#include "phonofilm/vocoders/vocos/vocos.h"

namespace phonofilm::nava {

inline constexpr const char* kSmallSpeakerFile = "speaker_encoder/model.safetensors";
inline constexpr const char* kSmallLoraFile = "lora.safetensors";  // in the backbone's folder

// What the parts must agree on.
struct SmallModelOptions {
  std::string variant = "mini";
  double fps = 24;
  std::int64_t sample_rate = 16000, size = 96;
  double seconds = 2.04, min_seconds = 1.0, max_seconds = 3.1;
  std::int64_t steps = 25;
  std::string solver = "unipc";
  double shift = 1;
  std::int64_t sound_steps = 0;  // families::Sampling
  double sound_shift = 1;
  double text_guidance_video = 2, text_guidance_audio = 2, align_guidance_video = 0, align_guidance_audio = 0;
  std::int64_t skip_layer = 0;  // families::Sampling
  double timbre_guidance = 1;  // of films with reference voices; 0: its pass is left out
  std::vector<double> video_mean, video_std, audio_mean, audio_std;  // of the latents, per channel
  Fields fields();
};

// Text encoder and transformer: what the joint training optimises.
class SmallBackbone : public nn::Module {
 public:
  SmallBackbone(const text_encoders::WordEncoderConfig& text, const NavaConfig& transformer);
  const text_encoders::WordEncoder& text_encoder() const { return text_encoder_; }
  const NavaTransformer& transformer() const { return transformer_; }
  // tokens: int64 [B, max_tokens]; a row of padding only is "no text". voices: empty, or one per text.
  PreparedContext encode_text(const Tensor& tokens, const nn::RunContext& run,
                              const std::vector<Voices>& voices = {}) const;
  // Where the spoken lines of each text begin: the rows of its marks <S>, which are words here ("s"). None where the
  // words have no such mark. A voice enters there, or where voices are bound (NavaConfig::bind_voices) in all rows of
  // its line, so that whoever reads one of its words reads whose voice says it.
  std::vector<std::vector<std::int64_t>> line_rows(const Tensor& tokens) const;
  // The learned null voice for all lines, which training shows wherever no voice is given; empty for a model without
  // voices.
  std::vector<Voices> null_voices(const Tensor& tokens) const;

 private:
  std::vector<std::vector<std::int64_t>> rows_of(const Tensor& tokens, std::string_view mark) const;
  // Voices at the first rows of their lines, put in all rows up to the lines' ends.
  std::vector<Voices> spread(const Tensor& tokens, std::vector<Voices> voices) const;

  text_encoders::WordEncoder text_encoder_;
  NavaTransformer transformer_;
};

// linears: how the matrices are stored; 8 bits halve the file (nn/storage.h).
void save_backbone(const SmallBackbone& backbone, const std::string& folder,
                   nn::LinearStorage linears = nn::LinearStorage::as_others);
// A low-rank change of a backbone, beside its weights in `folder`.
void save_lora(const nn::Lora& lora, const std::string& folder);
// Everything as `dtype`, also what the file has in 8 bits; with the low-rank change that lies beside it, if any, and
// `loras`.
std::unique_ptr<SmallBackbone> load_backbone(const std::string& folder, at::ScalarType dtype,
                                             const std::vector<families::LoraFile>& loras = {});

// The codecs on both sides of the diffusion process; latents come out normalised per channel.
struct SmallCodecs {
  std::shared_ptr<autoencoders::VideoAutoencoder> video;
  std::shared_ptr<autoencoders::MelAutoencoder> audio;
  std::shared_ptr<vocoders::Vocos> vocoder;  // may be null where only latents are needed
};

SmallCodecs load_codecs(const std::string& video_folder, const std::string& audio_folder,
                        const std::string& vocoder_folder, at::ScalarType dtype);

// Throws CheckpointError, naming the file, unless the options normalise every channel of the autoencoders' latents.
void check_statistics(const SmallModelOptions& options, const SmallCodecs& codecs, const std::string& file);

// frames: uint8 [F, H, W, 3] -> raw latent mean [1, C, F', H', W']; waveform: [C, S], of any number of channels -> [1,
// C', T], and back to the channels that the autoencoder has.
Tensor encode_frames(const SmallCodecs& codecs, const Tensor& frames, const nn::RunContext& run);
Tensor encode_waveform(const SmallCodecs& codecs, const Tensor& waveform, const nn::RunContext& run);
Tensor decode_waveform(const SmallCodecs& codecs, const Tensor& latent, const nn::RunContext& run);

// x -> (x - mean) / std over axis 1, and back.
Tensor normalise(const Tensor& x, const std::vector<double>& mean, const std::vector<double>& std);
Tensor denormalise(const Tensor& x, const std::vector<double>& mean, const std::vector<double>& std);

}  // namespace phonofilm::nava
