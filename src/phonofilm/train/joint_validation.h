// What the joint task reports of its held-out clips. All are losses at even noise levels, "video ..." and "audio ...".
#pragma once

#include <functional>
#include <map>
#include <string>

#include "phonofilm/text_encoders/word_encoder/word_tokenizer.h"
#include "phonofilm/train/flow_matching.h"
#include "phonofilm/train/joint_data.h"

namespace phonofilm::train {

// The loss of all held-out clips with other conditions than their own.
using LossWith = std::function<FlowLoss(const Batch& conditions)>;

// `own`: with the right captions. Beside it stand losses with wrong ones, with which a model that reads its text is worse:
// those of the next clip ("... wrong text"), and where a caption tells of two balls of two materials ("... two
// materials"), its own with the materials exchanged ("... exchanged"), which only a model that binds words to balls minds.
// Of clips of several scenes also the losses of each, and of clips in which somebody speaks ("... speech") those with
// the words of other lines and with other voices ("... wrong words", "... wrong voice"); of two who speak ("...
// dialogues") that with their voices exchanged ("... exchanged voices"), which only a model that binds voices minds.
std::map<std::string, double> validation_figures(const JointData& data, const text_encoders::WordTokenizer& tokenizer,
                                                 const FlowLoss& own, const LossWith& loss_with);

}  // namespace phonofilm::train
