// Preparing the data of a NAVA training: every clip of the lists is read, encoded once and kept in the cache folder.
#pragma once

#include <string>
#include <vector>

#include "phonofilm/base/progress.h"
#include "phonofilm/families/nava/config.h"
#include "phonofilm/families/text_tools.h"
#include "phonofilm/train/clip_reader.h"
#include "phonofilm/train/nava_data.h"
#include "phonofilm/train/nava_list.h"

namespace phonofilm::train {

struct NavaPreparation {
  nava::NavaConfig backbone;
  ClipReader read;
  families::OpenTokenizerFn open_tokenizer;
  Observer observer = ignore_progress;
};

// The clips of all sources that are drawn from. A file of the cache is used if it was made from the same clip (path,
// size and time of change), caption and spans, by the same encoders, for the same options; else it is made anew.
// Encoders are loaded when the first clip that can be used needs them, and let go in the end. A clip that cannot be
// used is counted in `dropped`, and so are spoken lines without a voice. Throws InvalidRequest without a reader,
// CheckpointError where an encoder's file is missing or damaged, Cancelled where the observer asks for it; what is
// encoded by then is kept, and the next call goes on.
std::vector<NavaClip> prepare_clips(const NavaRecipe& recipe, const NavaPreparation& how, Dropped& dropped);

}  // namespace phonofilm::train
