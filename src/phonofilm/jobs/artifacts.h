// The files of jobs: films, posters, saved latents. A file appears whole or not at all, under the job's id and the
// lease token of the worker that made it, so that a worker whose lease is over can never replace what another one
// published.
//
//   <folder>/<job id>/<lease token>/film.mp4
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "phonofilm/jobs/sources.h"

namespace phonofilm::jobs {

// All names there are: a path is made of two ids and one of these, hence never leaves the folder.
inline constexpr std::array<std::string_view, 4> kArtifactNames{"film.mp4", "poster.png", "latents.safetensors",
                                                                "settings.json"};
inline constexpr std::string_view kLatents = "latents.safetensors";

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

  // Where a published file lies. Throws Refused(invalid) for what is no id or no name of kArtifactNames.
  std::string path(const std::string& job, const std::string& run, std::string_view name) const;
  // Removes half-written files that a crash left. For the start of a program, before anything is published.
  void remove_leftovers();

 private:
  void make_run_folder(const std::string& job, const std::string& run) const;
  void put_in_place(const std::string& temporary, const std::string& target) const;
  std::string folder_;
  ArtifactOptions options_;
};

}  // namespace phonofilm::jobs
