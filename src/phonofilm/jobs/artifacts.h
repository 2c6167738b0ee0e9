// The files of jobs: films, posters, saved latents. A file appears whole or not at all, under the job's id and the
// lease token of the worker that made it, so that a worker whose lease is over can never replace what another one
// published.
//
//   <folder>/<job id>/<lease token>/film.mp4
//   <folder>/<job id>/00000000000000000000000000000000/image       uploads: kUploads in the place of the token
//   <folder>/<job id>/watched                                      touched while somebody looks at the job's previews
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "phonofilm/jobs/sources.h"

namespace phonofilm::jobs {

// All names there are: a path is made of two ids and one of these, hence never leaves the folder. Results: the film
// (or, without a picture, its sound), one picture, pictures at even distances, settings and figures. Of a running job:
// latents to go on from, previews (pictures of the film so far, and its sound). Uploads: pictures that the film begins
// and ends with, a sound or a film that is followed, a film that goes on or is partly made again, reference voices.
inline constexpr std::array<std::string_view, 22> kArtifactNames{
    "film.mp4",    "sound.m4a", "poster.png", "sprites.jpg", "settings.json", "latents.safetensors",
    "preview.jpg", "preview_sound.jpg", "image", "last_image", "audio_file", "video_file", "extend", "of",
    "voice.0",     "voice.1",   "voice.2",    "voice.3",     "voice.4",       "voice.5", "voice.6", "voice.7"};
inline constexpr std::string_view kLatents = "latents.safetensors";
// In the place of the lease token: what was uploaded with a job. It is published before the job is submitted under
// Submission::id, and waits for it as long as Limits::upload_wait.
inline constexpr std::string_view kUploads = "00000000000000000000000000000000";

class Artifacts {
 public:
  virtual ~Artifacts() = default;
  // Calls write(temporary path), which keeps the name's extension, then flushes and renames. Throws ResourceError
  // (disk or quota full) and what `write` throws; an existing file is then untouched.
  virtual void publish(const std::string& job, const std::string& run, std::string_view name,
                       const std::function<void(const std::string& path)>& write) = 0;
  virtual bool has(const std::string& job, const std::string& run, std::string_view name) const = 0;
  virtual std::vector<std::string> jobs() const = 0;  // that have a folder
  virtual std::vector<std::string> runs(const std::string& job) const = 0;
  virtual void remove(const std::string& job) = 0;  // nothing happens where there is nothing
  virtual void remove_run(const std::string& job, const std::string& run) = 0;
  virtual std::int64_t bytes() const = 0;  // on the disk, of all files
  virtual std::int64_t bytes_of(const std::string& job) const = 0;  // the same of one job
  // When an entry of the job's folder came or went; 0: there is no folder.
  virtual Time changed(const std::string& job) const = 0;
};

struct ArtifactOptions {
  std::int64_t quota = 100LL << 30;  // bytes of all files; publish() refuses what would go beyond
  Probe probe{};
};

class ArtifactFolder : public Artifacts {
 public:
  // Creates the folder. Throws ResourceError.
  explicit ArtifactFolder(const std::string& folder, const ArtifactOptions& options = {});
  void publish(const std::string& job, const std::string& run, std::string_view name,
               const std::function<void(const std::string& path)>& write) override;
  bool has(const std::string& job, const std::string& run, std::string_view name) const override;
  std::vector<std::string> jobs() const override;
  std::vector<std::string> runs(const std::string& job) const override;
  void remove(const std::string& job) override;
  void remove_run(const std::string& job, const std::string& run) override;
  std::int64_t bytes() const override;
  std::int64_t bytes_of(const std::string& job) const override;
  Time changed(const std::string& job) const override;

  // Makes the folder of a run before it has files, so that watch() finds it.
  void prepare(const std::string& job, const std::string& run) const;
  // As publish(), for what a later version replaces: appears whole, but neither flushed nor held against the quota.
  void replace(const std::string& job, const std::string& run, std::string_view name,
               const std::function<void(const std::string& path)>& write);
  // Says that somebody looks at the job's previews now; nothing happens where the job has no folder yet.
  void watch(const std::string& job) const;
  // Whether watch() was called within the last `period` milliseconds.
  bool watched(const std::string& job, std::int64_t period) const;

  // Where a published file lies. Throws Refused(invalid) for what is no id or no name of kArtifactNames.
  std::string path(const std::string& job, const std::string& run, std::string_view name) const;
  // Removes half-written files that a crash left: those ten minutes old. Younger ones may have a writer.
  void remove_leftovers();

 private:
  void make_run_folder(const std::string& job, const std::string& run) const;
  void put_in_place(const std::string& temporary, const std::string& target) const;
  void expect_room(const std::string& target) const;
  std::string folder_;
  ArtifactOptions options_;
};

}  // namespace phonofilm::jobs
