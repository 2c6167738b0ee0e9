#include "phonofilm/pipeline/request.h"

#include "phonofilm/base/error.h"
#include "phonofilm/diffusion/sample.h"

namespace phonofilm::pipeline {

Fields GenerateRequest::fields() {
  std::vector<std::string> solvers = diffusion::solver_names();
  solvers.insert(solvers.begin(), "default");
  return {{"prompt", &prompt, "what is to be seen and heard"},
          {"negative_prompt", &negative_prompt, "what to stay away from"},
          {"seconds", &seconds, "length of the film; 0: the model's default", 0.0, 600.0},
          {"height", &height, "pixels; 0: the model's default", 0.0, 16384.0},
          {"width", &width, "pixels; 0: the model's default", 0.0, 16384.0},
          {"video", &video, "make a picture"},
          {"audio", &audio, "make a sound"},
          {"seed", &seed, "the same seed and settings make the same film", 0.0},
          {"steps", &steps, "sampling steps; 0: the model's default", 0.0, 1000.0},
          {"solver", &solver, "step rule of the sampler", {}, {}, solvers},
          {"shift", &shift, "of the noise schedule, above 1 for more steps at high noise; 0: the model's default", 0.0, 100.0},
          {"text_guidance", &text_guidance, "how hard to follow the prompt, 1 for none; -1: the model's default", -1.0, 100.0},
          {"align_guidance", &align_guidance, "how hard picture and sound follow each other; -1: the model's default", -1.0, 100.0}};
}

namespace {

// <S> opens a spoken line and <E> closes it; they never nest.
void check_speech_marks(const std::string& prompt) {
  bool open = false;
  for (size_t at = prompt.find('<'); at != std::string::npos; at = prompt.find('<', at + 1)) {
    const std::string mark = prompt.substr(at, 3);
    if (mark != "<S>" && mark != "<E>") continue;
    PF_CHECK((mark == "<S>") != open, InvalidRequest, "prompt", "unbalanced speech marks at character ", at + 1, ": ",
             mark == "<S>" ? "<S> inside an open <S>" : "<E> without <S>", "; a spoken line is written <S>like this<E>");
    open = mark == "<S>";
  }
  PF_CHECK(!open, InvalidRequest, "prompt", "unbalanced speech marks: the last <S> is never closed by <E>");
}

}  // namespace

void check(const GenerateRequest& request) {
  GenerateRequest copy = request;
  check_fields(copy.fields(), "generate");
  PF_CHECK(copy.prompt.find_first_not_of(" \t\r\n") != std::string::npos, InvalidRequest, "prompt", "the prompt is empty");
  check_speech_marks(copy.prompt);
}

GenerateRequest resolve(const GenerateRequest& request, const families::ModelInfo& model) {
  check(request);
  GenerateRequest resolved = request;
  if (resolved.seconds == 0) resolved.seconds = model.seconds;
  if (resolved.steps == 0) resolved.steps = model.steps;
  if (resolved.shift == 0) resolved.shift = model.shift;
  if (resolved.solver == "default") resolved.solver = model.solver;
  return resolved;
}

diffusion::GuidanceScales guidance_scales(const GenerateRequest& resolved, const families::ModelInfo& model) {
  diffusion::GuidanceScales scales = model.guidance;
  if (resolved.text_guidance >= 0) scales.text = {resolved.text_guidance, resolved.text_guidance};
  if (resolved.align_guidance >= 0) {
    scales.align = {resolved.align_guidance, resolved.align_guidance};
    scales.use_align = resolved.align_guidance > 0;
  }
  return scales;
}

}  // namespace phonofilm::pipeline
