#include "phonofilm/workers/channel.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "phonofilm/base/error.h"

namespace phonofilm::workers {
namespace {

// Whether `what` (POLLIN, POLLOUT) can be done before the deadline.
bool wait_for(int channel, short what, const Deadline& deadline) {
  for (;;) {
    // Rounded up: who is told that it is too late shall find the deadline past.
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Deadline::clock::now()).count();
    if (left <= 0) return false;
    pollfd entry{channel, what, 0};
    const int ready = poll(&entry, 1, int(std::min<std::int64_t>(left, 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

bool send_exactly(int channel, const std::string& bytes, const std::optional<Deadline>& deadline) {
  const int flags = MSG_NOSIGNAL | (deadline ? MSG_DONTWAIT : 0);
  for (size_t sent = 0; sent < bytes.size();) {
    if (deadline && !wait_for(channel, POLLOUT, *deadline)) return false;
    const ssize_t done = send(channel, bytes.data() + sent, bytes.size() - sent, flags);
    if (done < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (done <= 0) return false;
    sent += size_t(done);
  }
  return true;
}

}  // namespace

int Descriptor::release() { return std::exchange(number_, -1); }

void Descriptor::reset(int number) {
  if (number_ >= 0) close(number_);
  number_ = number;
}

ChannelPair make_channel() {
  int ends[2];
  PF_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, ResourceError, "worker",
           "no socket can be made: ", std::strerror(errno));
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

bool read_exactly(int channel, void* bytes, size_t count, const std::optional<Deadline>& deadline) {
  auto* to = static_cast<char*>(bytes);
  while (count > 0) {
    if (deadline && !wait_for(channel, POLLIN, *deadline)) return false;
    const ssize_t got = read(channel, to, count);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    to += got;
    count -= size_t(got);
  }
  return true;
}

bool send_message(int channel, const std::string& message, const std::optional<Deadline>& deadline) {
  PF_CHECK(message.size() <= kLongestMessage, InvalidRequest, "worker", "a message of ", message.size(),
           " bytes; at most ", kLongestMessage, " are sent");
  const auto size = std::uint32_t(message.size());
  const std::array<unsigned char, 4> head{static_cast<unsigned char>(size), static_cast<unsigned char>(size >> 8),
                                          static_cast<unsigned char>(size >> 16),
                                          static_cast<unsigned char>(size >> 24)};
  std::string frame(head.begin(), head.end());
  frame += message;
  return send_exactly(channel, frame, deadline);
}

std::optional<std::string> receive_message(int channel, const std::optional<Deadline>& deadline) {
  std::array<unsigned char, 4> head{};
  if (!read_exactly(channel, head.data(), head.size(), deadline)) return std::nullopt;
  const std::uint32_t size = std::uint32_t(head[0]) | std::uint32_t(head[1]) << 8 | std::uint32_t(head[2]) << 16 |
                             std::uint32_t(head[3]) << 24;
  if (size > kLongestMessage) return std::nullopt;
  std::string message(size, '\0');
  if (!read_exactly(channel, message.data(), message.size(), deadline)) return std::nullopt;
  return message;
}

}  // namespace phonofilm::workers
