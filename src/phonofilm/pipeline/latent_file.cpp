#include "phonofilm/pipeline/latent_file.h"

#include <nlohmann/json.hpp>

#include "phonofilm/base/error.h"
#include "phonofilm/base/fields.h"
#include "phonofilm/base/json_text.h"
#include "phonofilm/pipeline/kept_entry.h"
#include "phonofilm/tensor/ops.h"
#include "phonofilm/tensor/shape.h"
#include "phonofilm/weights/safetensors.h"

namespace phonofilm::pipeline {
namespace {

using diffusion::JointLatent;
using weights::SafetensorsFile;

// The spec and the step as a field list, so that they are read with the checks of one.
struct Progress {
  families::ClipSpec spec;
  std::int64_t steps_done = 0, segments = 1;
  Fields fields() {
    return {{"frames", &spec.frames, "pictures", 0.0, 1e7},
            {"height", &spec.height, "pixels", 0.0, 1e6},
            {"width", &spec.width, "pixels", 0.0, 1e6},
            {"samples", &spec.samples, "of sound", 0.0, 1e10},
            {"sample_rate", &spec.sample_rate, "of sound, Hz", 0.0, 1e6},
            {"steps_done", &steps_done, "sampling steps behind this latent", 0.0, 1e6},
            {"segments", &segments, "that the film is made in", 1.0, 1e5}};
  }
};

// What the given tensors came from, likewise, and how they are used.
struct Names {
  Given& given;
  Fields fields() {
    return {{"image", &given.image_name, "file of the first frame"},
            {"last_image", &given.last_image_name, "file of the last picture"},
            {"voices", &given.voice_names, "files of the reference voices, empty for a line without one"},
            {"kept_as", &given.kept_as, "how the film that is kept was given"},
            {"kept", &given.kept_name, "its file"},
            {"retake", &given.retake, "whether a moment is made again"}};
  }
};

const std::string& entry(const SafetensorsFile& file, const char* name) {
  const auto found = file.metadata().find(name);
  PF_CHECK(found != file.metadata().end(), InvalidRequest, "resume", file.path(),
           ": not a latent that this phonofilm saved");
  return found->second;
}

nlohmann::json section(const SafetensorsFile& file, const char* name) {
  return parse_json(entry(file, name), concat(file.path(), ": ", name));
}

// Of names alone a film does not depend, and earlier versions kept none.
void read_names(const SafetensorsFile& file, Given& given) {
  if (!file.metadata().contains("given")) return;
  read_json(section(file, "given"), Names{given}.fields(), file.path() + ": given");
  const bool fit = given.voice_names.empty() || given.voice_names.size() == given.voices.size();
  PF_CHECK(fit, CheckpointError, "resume", file.path(), ": names ", given.voice_names.size(), " voices and holds ",
           given.voices.size());
}

Tensor picture_of(const SafetensorsFile& file, const char* name) {
  if (!file.tensors().contains(name)) return {};
  const Tensor& frame = file.at(name);
  const bool picture = frame.scalar_type() == at::kByte && frame.dim() == 3 && frame.size(2) == 3 && frame.numel() > 0;
  PF_CHECK(picture, CheckpointError, "resume", file.path(), ": \"", name, "\": expected uint8 [H, W, 3], got ",
           shape_text(frame.sizes()));
  return frame.clone();
}

std::string voice_name(size_t i) { return concat("voice.", i); }
std::string segment_name(size_t i) { return concat("segment.", i, "."); }

// A line without a reference has a tensor without values.
std::vector<Tensor> voices_of(const SafetensorsFile& file) {
  std::vector<Tensor> voices;
  for (size_t i = 0; file.tensors().contains(voice_name(i)); ++i) {
    const Tensor& voice = file.at(voice_name(i));
    const bool none = voice.numel() == 0;
    PF_CHECK(none || (voice.scalar_type() == at::kFloat && voice.dim() == 2), CheckpointError, "resume", file.path(),
             ": \"", voice_name(i), "\": expected float32 [channels, samples], got ", shape_text(voice.sizes()));
    voices.push_back(none ? Tensor() : voice.clone());
  }
  return voices;
}

JointLatent tensors_of(const SafetensorsFile& file, const std::string& prefix) {
  const auto find = [&](const std::string& name) {
    return file.tensors().contains(name) ? file.at(name).to(at::kFloat).clone() : Tensor();
  };
  return {find(prefix + "video"), find(prefix + "audio")};
}

// Of the segments before the one that is being made.
std::vector<JointLatent> earlier_of(const SafetensorsFile& file, std::int64_t segments) {
  std::vector<JointLatent> earlier;
  for (JointLatent next = tensors_of(file, segment_name(0)); next.has_video() || next.has_audio();
       next = tensors_of(file, segment_name(earlier.size()))) {
    earlier.push_back(next);
  }
  PF_CHECK(std::int64_t(earlier.size()) < segments, CheckpointError, "resume", file.path(), ": holds ", earlier.size(),
           " finished segments of a film in ", segments, " and one more");
  return earlier;
}

constexpr std::string_view kSolver = "solver.";

// Of "solver.last_data.video": "last_data". The memory is taken as it is; the solver knows its names.
diffusion::SolverMemory solver_memory(const SafetensorsFile& file, const JointLatent& latent) {
  diffusion::SolverMemory memory;
  for (const auto& [name, tensor] : file.tensors()) {
    const size_t dot = name.rfind('.');
    if (!name.starts_with(kSolver) || dot < kSolver.size()) continue;
    const bool video = name.substr(dot) == ".video";
    const Tensor& like = video ? latent.video : latent.audio;
    PF_CHECK(like.defined() && tensor.sizes() == like.sizes(), CheckpointError, "resume", file.path(), ": \"", name,
             "\" has not the shape of the latent");
    JointLatent& entry = memory[name.substr(kSolver.size(), dot - kSolver.size())];
    (video ? entry.video : entry.audio) = tensor.to(at::kFloat).clone();
  }
  return memory;
}

// `noise` with the shape that the film has, or CheckpointError.
Tensor fitted(Tensor noise, const Shape& shape, const std::string& path, const char* name) {
  if (shape.empty()) return {};
  PF_CHECK(noise.defined(), CheckpointError, "init noise", path, ": \"", name, "\" is missing");
  const bool sound = shape.size() == 3;
  if (sound && noise.dim() == 2) noise = noise.t();
  if (noise.dim() + 1 == std::int64_t(shape.size())) noise = noise.unsqueeze(0);
  PF_CHECK(noise.sizes() == at::IntArrayRef(shape), CheckpointError, "init noise", path, ": \"", name, "\": expected ",
           shape_text(shape), " for this film, got ", shape_text(noise.sizes()));
  return noise.contiguous();
}

}  // namespace

void save_latent(const std::string& path, const SavedLatent& saved) {
  weights::TensorMap tensors;
  const auto add = [&](const std::string& prefix, const JointLatent& latent) {
    if (latent.has_video()) tensors[prefix + "video"] = latent.video;
    if (latent.has_audio()) tensors[prefix + "audio"] = latent.audio;
  };
  add("", saved.latent);
  add("init_", saved.noise);
  for (size_t i = 0; i < saved.earlier.size(); ++i) add(segment_name(i), saved.earlier[i]);
  for (const auto& [name, latent] : saved.solver) add(concat(kSolver, name, "."), latent);
  if (saved.given.image.defined()) tensors["first_frame"] = saved.given.image.contiguous();
  if (saved.given.last_image.defined()) tensors["last_image"] = saved.given.last_image.contiguous();
  for (size_t i = 0; i < saved.given.voices.size(); ++i) {
    const Tensor& voice = saved.given.voices[i];
    tensors[voice_name(i)] = voice.defined() ? voice.contiguous() : at::zeros({0}, at::kFloat);
  }
  GenerateRequest request = saved.request;
  Progress progress{saved.spec, saved.steps_done, saved.segments};
  Given given = saved.given;
  weights::Metadata metadata{{"format", "phonofilm latent 6"},
                             {"model", saved.model},
                             {"request", write_json(request.fields()).dump()},
                             {"progress", write_json(progress.fields()).dump()},
                             {"given", json_text(write_json(Names{given}.fields()))}};
  add_kept(given.kept, tensors, metadata);
  weights::save_safetensors(path, tensors, metadata);
}

SavedLatent load_latent(const std::string& path) {
  const SafetensorsFile file = SafetensorsFile::open(path);
  SavedLatent saved;
  Progress progress;
  saved.model = entry(file, "model");
  saved.request.sound_steps = 0;  // which files of earlier versions do not name
  read_json(section(file, "request"), saved.request.fields(), path + ": request");
  read_json(section(file, "progress"), progress.fields(), path + ": progress");
  saved.spec = progress.spec;
  saved.steps_done = progress.steps_done;
  saved.latent = tensors_of(file, "");
  saved.noise = tensors_of(file, "init_");
  saved.segments = progress.segments;
  saved.earlier = earlier_of(file, saved.segments);
  saved.given = {picture_of(file, "first_frame"), voices_of(file)};
  saved.given.last_image = picture_of(file, "last_image");
  saved.solver = solver_memory(file, saved.latent);
  saved.given.kept = kept_of(file);
  read_names(file, saved.given);
  PF_CHECK(saved.latent.has_video() == saved.spec.has_video() && saved.latent.has_audio() == saved.spec.has_audio(),
           CheckpointError, "resume", path, ": its latents are not those that its metadata tells of");
  return saved;
}

JointLatent load_noise(const std::string& path, const families::Generator::LatentShape& shape) {
  const JointLatent noise = tensors_of(SafetensorsFile::open(path), "init_");
  return {fitted(noise.video, shape.video, path, "init_video"), fitted(noise.audio, shape.audio, path, "init_audio")};
}

}  // namespace phonofilm::pipeline
