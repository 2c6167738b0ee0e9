#include "phonofilm/train/joint_validation.h"

#include <vector>

#include "phonofilm/tensor/ops.h"
#include "phonofilm/train/exchanged_materials.h"
#include "phonofilm/train/nava_batch.h"

namespace phonofilm::train {
namespace {

using Figures = std::map<std::string, double>;

// Means over all samples, or over those of an index.
void report(Figures& figures, const std::string& name, const FlowLoss& loss, const Tensor& index = {}) {
  const auto mean = [&](const Tensor& x) {
    return (index.defined() ? x.index_select(0, index) : x).mean().item<double>();
  };
  figures["video" + name] = mean(loss.video);
  figures["audio" + name] = mean(loss.audio);
}

Batch of_next_clip(const Batch& conditions) {
  Batch next;
  for (const auto& [name, tensor] : conditions) next[name] = tensor.roll(1, 0);
  return next;
}

// Which clips are of each scene; nothing where all are of one.
std::map<std::string, Tensor> clips_of_scenes(const std::vector<ClipText>& texts) {
  std::map<std::string, std::vector<std::int64_t>> clips;
  for (size_t i = 0; i < texts.size(); ++i) clips[texts[i].scene].push_back(std::int64_t(i));
  std::map<std::string, Tensor> index;
  if (clips.size() < 2) return index;
  for (const auto& [scene, list] : clips) index[scene] = at::tensor(list, at::kLong);
  return index;
}

void report_materials(Figures& figures, Batch exchanged, const text_encoders::WordTokenizer& tokenizer,
                      const FlowLoss& own, const LossWith& loss_with) {
  const Tensor tokens = exchanged["tokens"];
  exchanged["tokens"] = exchange_materials(tokens, tokenizer);
  const Tensor two = exchanged["tokens"].ne(tokens).any(1).nonzero().flatten();
  if (two.numel() == 0) return;
  report(figures, " two materials", own, two);
  report(figures, " exchanged", loss_with(exchanged), two);
}

void report_dialogues(Figures& figures, Batch exchanged, const FlowLoss& own, const LossWith& loss_with) {
  const Tensor two = exchanged["positions"].ne(kNobody).sum(1).eq(2).nonzero().flatten();
  if (two.numel() == 0) return;
  exchanged["voices"] = exchanged["voices"].flip({1});
  report(figures, " dialogues", own, two);
  report(figures, " exchanged voices", loss_with(exchanged), two);
}

void report_speech(Figures& figures, const JointData& data, const FlowLoss& own, const LossWith& loss_with) {
  const std::vector<std::int64_t> clips = clips_with_lines(data.held_out_texts());
  if (clips.empty()) return;
  const Tensor speech = at::tensor(clips, at::kLong);
  report(figures, " speech", own, speech);
  report(figures, " wrong words", loss_with(data.wrong_words()), speech);
  if (data.wrong_voices().empty()) return;
  report(figures, " wrong voice", loss_with(data.wrong_voices()), speech);
  report_dialogues(figures, data.held_out_conditions(), own, loss_with);
}

}  // namespace

std::map<std::string, double> validation_figures(const JointData& data, const text_encoders::WordTokenizer& tokenizer,
                                                 const FlowLoss& own, const LossWith& loss_with) {
  const Batch& right = data.held_out_conditions();
  Figures figures;
  report(figures, "", own);
  report(figures, " wrong text", loss_with(of_next_clip(right)));
  for (const auto& [scene, index] : clips_of_scenes(data.held_out_texts())) report(figures, " " + scene, own, index);
  report_materials(figures, right, tokenizer, own, loss_with);
  report_speech(figures, data, own, loss_with);
  return figures;
}

}  // namespace phonofilm::train
