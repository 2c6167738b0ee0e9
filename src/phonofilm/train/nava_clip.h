// A clip as NAVA's training sees it, before the autoencoders: pictures of one of its sizes at 24 a second, and sound at
// 16 kHz.
#pragma once

#include "phonofilm/families/nava/film_spec.h"
#include "phonofilm/tensor/clip.h"

namespace phonofilm::train {

// clip.frames -> uint8 [count, H, W, 3]: put on 24 frames a second, cut to `count` or the last one repeated, the middle
// cut out in the shape of the size and scaled to it (antialiased cubic filter).
Tensor fitted_frames(const Clip& clip, std::int64_t count, const nava::PictureSize& size);
// Frames of a clip at 24 a second.
std::int64_t frames_at_24(const Clip& clip);

// Throws ShapeError or InvalidRequest for a sound that is no [channels, S], is empty, or holds samples that are no
// numbers.
void check_sound(const Clip& clip);
// clip.waveform at 16 kHz: [channels, S] float32. Throws as check_sound.
Tensor sound_at_16k(const Clip& clip);
// waveform [channels, S] at 16 kHz -> the samples of so many tokens, [channels, 640 tokens], cut or with silence behind it.
Tensor fitted_sound(const Tensor& waveform, std::int64_t tokens);

}  // namespace phonofilm::train
