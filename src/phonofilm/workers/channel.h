// Messages over a pipe or socket between processes of this program: four bytes of length, little-endian, then so many
// bytes of text. The other side is trusted no further than that: lengths are checked before anything is allocated.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace phonofilm::workers {

// A descriptor that is closed at the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    reset(other.release());
    return *this;
  }
  int get() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  int release();
  void reset(int number = -1);

 private:
  int number_;
};

struct ChannelPair {
  Descriptor ours, theirs;
};
// Two connected ends of a socket, both closed by exec. Throws ResourceError.
ChannelPair make_channel();

inline constexpr std::uint32_t kLongestMessage = 4 << 20;

using Deadline = std::chrono::steady_clock::time_point;
// False where the other side is gone, or has not taken the message at the deadline. Throws InvalidRequest for a message
// that is too long.
bool send_message(int channel, const std::string& message, const std::optional<Deadline>& deadline = {});
// None where the other side is gone, announces a message that is too long, or takes longer than the deadline.
std::optional<std::string> receive_message(int channel, const std::optional<Deadline>& deadline = {});
// Reads exactly `count` bytes; false at the end of the stream, at an error, or at the deadline.
bool read_exactly(int channel, void* bytes, size_t count, const std::optional<Deadline>& deadline = {});

}  // namespace phonofilm::workers
