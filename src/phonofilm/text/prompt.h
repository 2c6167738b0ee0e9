// Prompts of models that speak: what is said stands in <S>...<E>, what else is to be heard in an audio tag.
//
//   A man looks up. <S>Is anybody there?<E> <AUDCAP>Wind, a calm male voice.<ENDAUDCAP>
//   A man looks up. <S>Is anybody there?<E> Audio: Wind, a calm male voice.
#pragma once

#include <string_view>

#include "phonofilm/base/prompt_marks.h"

namespace phonofilm::text {

// Throws InvalidRequest, naming the place and how it is written, for marks that do not pair up: <S> and <E>, <AUDCAP> and
// <ENDAUDCAP>, and for </S> and </AUDCAP>, which close nothing. Pairs of one kind do not nest.
void check_prompt(std::string_view prompt);

// Checks a positive prompt and rewrites its audio tags as `wanted`, as Ovi's formatters do (ovi_fusion_engine.py, one
// regular expression each): for audcap the first "Audio:", white space, and everything behind it to the end of the prompt
// become <AUDCAP>...<ENDAUDCAP>; for audio_colon each <AUDCAP>x<ENDAUDCAP> becomes "Audio: x". Negative prompts are left alone.
// Notices tell of a tag that was rewritten, of speech that thereby became part of the audio description, of both forms in
// one prompt, of marks in small letters, and of a prompt with neither speech nor sound, whose description these models tend
// to read aloud.
FormattedPrompt format_prompt(std::string_view prompt, AudioTag wanted);

}  // namespace phonofilm::text
