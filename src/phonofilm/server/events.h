// Events of jobs for those who listen. One hub reads the store and keeps the latest events in memory; any number of
// streams take from there, so that listeners cost the database nothing.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "phonofilm/jobs/artifacts.h"
#include "phonofilm/jobs/queue.h"
#include "phonofilm/server/http.h"
#include "phonofilm/server/metrics.h"

namespace phonofilm::server {

// One message as it goes over the wire, and for whom.
struct Message {
  std::int64_t index = 0;     // in the order of the hub
  std::int64_t sequence = 0;  // of the store's event
  std::string job{}, owner{}, text{};
  bool is_last = false;  // of its job
};

inline constexpr std::size_t kKeptMessages = 20'000;

class EventHub {
 public:
  // Reads the events that the store still has. Throws StoreError.
  EventHub(jobs::Queue& queue, const jobs::ArtifactFolder& artifacts, Metrics& metrics,
           std::size_t kept = kKeptMessages);

  // Takes what is new from the store. Called several times a second by one thread. Throws StoreError.
  void poll();
  // Says to the workers whose jobs somebody listens to that they should make previews. Called every second or so.
  void watch_jobs() const;

  std::int64_t sequence() const;  // of the newest event
  std::int64_t index() const;     // of the newest message
  // The index behind which events after `sequence` begin; none where some of those were forgotten.
  std::optional<std::int64_t> index_behind(std::int64_t sequence) const;
  struct News {
    std::vector<Message> messages{};
    std::int64_t index = 0;  // go on behind this
    bool complete = true;    // false: messages behind the given index were forgotten
  };
  // Of what `caller` may see, of one job unless that is empty; at most `limit`.
  News behind(std::int64_t index, const jobs::Caller& caller, const std::string& job, std::size_t limit) const;

  void watch(const std::string& job, int change);  // a listener of this job comes (+1) or goes (-1)

 private:
  void take(const jobs::Event& event, bool live);
  void push(Message message);

  jobs::Queue& queue_;
  const jobs::ArtifactFolder& artifacts_;
  Metrics& metrics_;
  std::size_t kept_;

  mutable std::mutex mutex_;  // guards what follows
  std::deque<Message> messages_{};
  std::int64_t index_ = 0, sequence_ = 0, forgotten_ = 0;  // forgotten: the last sequence that is not kept
  std::map<std::string, int> watchers_{};
};

// A listener's stream in the format of server-sent events.
class EventStream : public Stream {
 public:
  struct Start {
    jobs::Caller caller{};
    std::string job{};       // empty: all that the caller may see
    std::int64_t index = 0;  // of the hub; what lies behind it is sent
    std::string first{};     // sent before everything else
    std::function<bool()> allowed{};  // asked every few seconds: the stream ends where it may not go on; none: it may
  };
  // seconds: a clock that never goes back.
  EventStream(EventHub& hub, Metrics& metrics, Start start, std::function<double()> seconds);
  ~EventStream() override;
  std::string next() override;
  bool ended() const override { return ended_; }
  std::string farewell() override;

 private:
  EventHub& hub_;
  Metrics& metrics_;
  Start start_;
  std::function<double()> seconds_;
  double sent_at_, asked_at_;
  bool ended_ = false;
};

// "event: <name>\ndata: <data>\n\n", with an id unless that is 0.
std::string event_text(const std::string& name, const std::string& data, std::int64_t id = 0);

}  // namespace phonofilm::server
