// Figures of a run as they happen: one JSON object per line (metrics.jsonl) and TensorBoard's event file format.
#pragma once

#include <fstream>
#include <map>
#include <string>

namespace phonofilm::train {

class MetricsLog {
 public:
  // Appends to what an earlier part of the run wrote, after dropping lines at or beyond `first_step`.
  MetricsLog(const std::string& folder, std::int64_t first_step);
  void write(std::int64_t step, const std::map<std::string, double>& values);

 private:
  std::ofstream lines_, events_;
};

namespace detail {
// TensorBoard's record framing: length, masked CRC-32C of it, payload, masked CRC-32C of that (little endian).
std::string tensorboard_record(const std::string& payload);
// A serialised tensorflow.Event with scalar summaries (protocol buffer wire format, written by hand).
std::string tensorboard_event(double wall_time, std::int64_t step, const std::map<std::string, double>& values);
std::uint32_t crc32c(const std::string& bytes);
}  // namespace detail

}  // namespace phonofilm::train
