// Reference voices of a prompt ("Timbre-in-Context", arXiv 2605.30073): the i-th voice belongs to the i-th spoken line
// <S>...<E>. A sentinel token behind every <S> marks the context row that the voice's embedding takes the place of.
#pragma once

#include <string>
#include <vector>

#include "phonofilm/families/generator.h"
#include "phonofilm/families/nava/transformer.h"
#include "phonofilm/families/text_tools.h"
#include "phonofilm/speaker_encoders/redimnet/redimnet.h"

namespace phonofilm::nava {

inline constexpr const char* kVoiceSentinel = "<extra_id_2>";

// Every <S> followed by the sentinel, once, whether there are voices or not: the model was trained so. Sentinels that
// stand in the prompt already are taken out, wherever they are.
std::string with_voice_marks(const std::string& prompt);

// Where the sentinel stands among the ids of a text. tokenize is asked for its id.
std::vector<std::int64_t> voice_positions(const std::vector<std::int64_t>& ids, const families::TokenizeFn& tokenize);

// Where voices may go.
struct SpokenLines {
  std::vector<std::int64_t> positions;  // of the sentinels that the model reads
  std::int64_t count = 0;               // lines of the prompt, of which the last may lie beyond what the model reads
};

// Whether the prompt gives reference voices. Throws InvalidRequest where it does and the film has no sound.
bool wants_voices(const families::Prompt& prompt, const families::ClipSpec& spec);

// Throws CheckpointError where its embeddings are not of the width that the backbone takes.
std::unique_ptr<speaker_encoders::ReDimNet> load_voice_encoder(const std::string& path, std::int64_t width);

// Throws InvalidRequest for voices that no line can take, or from which no embedding can be computed.
void check_voices(const std::vector<Tensor>& voices, const SpokenLines& lines);

// The voices of a prompt as the publisher's program takes them: one embedding serves all lines; of several, lines
// without one keep the learned null voice, and surplus ones are dropped. voices: float32 [channels, S] at 16 kHz, or
// undefined for a line without a reference. Notices tell of what the user may not expect. Throws as check_voices().
Voices bind_voices(const std::vector<Tensor>& voices, const SpokenLines& lines, std::int64_t embed_dim,
                   const std::function<Tensor(const Tensor& waveform)>& embed, std::vector<std::string>& notices);

}  // namespace phonofilm::nava
