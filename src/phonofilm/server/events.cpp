#include "phonofilm/server/events.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "phonofilm/base/json_text.h"
#include "phonofilm/jobs/refused.h"

namespace phonofilm::server {
namespace {

using jobs::EventKind;

constexpr std::int64_t kPage = 1000;          // events of one question to the store
constexpr std::size_t kMessagesAtOnce = 200;  // of one turn of a stream
constexpr double kBeat = 15;                  // seconds of silence before a comment
constexpr double kAskAgain = 5;               // seconds between two looks at the listener's key
const jobs::Caller kEverybody{.owner = {}, .admin = true};

bool is_last(const jobs::Event& event) {
  return event.kind == EventKind::deleted || (jobs::is_finished(event.state) && event.kind != EventKind::edited);
}

bool may_change_progress(EventKind kind) {
  return kind == EventKind::progress || kind == EventKind::started || kind == EventKind::checkpoint;
}

// The job as it is now, if it is there: the store's events carry steps, but neither stage, estimate nor preview.
std::optional<jobs::Job> current(jobs::Queue& queue, const std::string& id) {
  try {
    return queue.get(kEverybody, id).job;
  } catch (const jobs::Refused&) {
    return {};
  }
}

nlohmann::json event_json(const jobs::Event& event) {
  return {{"sequence", event.sequence},
          {"job", event.job},
          {"kind", jobs::event_name(event.kind)},
          {"state", jobs::state_name(event.state)},
          {"step", event.step},
          {"steps", event.steps},
          {"stage", nullptr},
          {"eta_ms", nullptr},
          {"preview", nullptr},
          {"at_ms", event.at}};
}

void add_progress(nlohmann::json& data, const jobs::Job& job) {
  if (!job.progress.stage.empty()) data["stage"] = job.progress.stage;
  if (job.progress.eta >= 0) data["eta_ms"] = job.progress.eta;
  if (job.progress.preview > 0) data["preview"] = job.progress.preview;
}

}  // namespace

std::string event_text(const std::string& name, const std::string& data, std::int64_t id) {
  return concat(id > 0 ? concat("id: ", id, "\n") : "", "event: ", name, "\ndata: ", data, "\n\n");
}

EventHub::EventHub(jobs::Queue& queue, const jobs::ArtifactFolder& artifacts, Metrics& metrics, std::size_t kept)
    : queue_(queue), artifacts_(artifacts), metrics_(metrics), kept_(kept) {
  while (true) {
    const jobs::EventPage page = queue_.events(kEverybody, sequence_, kPage);
    if (!page.complete && !page.events.empty()) forgotten_ = page.events.front().sequence - 1;
    for (const jobs::Event& event : page.events) take(event, /*live=*/false);
    if (std::int64_t(page.events.size()) < kPage) return;
  }
}

void EventHub::poll() {
  while (true) {
    const jobs::EventPage page = queue_.events(kEverybody, sequence(), kPage);
    for (const jobs::Event& event : page.events) take(event, /*live=*/true);
    if (std::int64_t(page.events.size()) < kPage) break;
  }
}

void EventHub::take(const jobs::Event& event, bool live) {
  nlohmann::json data = event_json(event);
  if (live && may_change_progress(event.kind)) {
    if (const auto job = current(queue_, event.job)) add_progress(data, *job);
  }
  if (live && jobs::is_finished(event.state) && event.kind != EventKind::deleted) metrics_.count_finished(event.state);
  push({0, event.sequence, event.job, event.owner, event_text("job", json_text(data), event.sequence), is_last(event)});
}

void EventHub::push(Message message) {
  const std::lock_guard lock(mutex_);
  message.index = ++index_;
  sequence_ = std::max(sequence_, message.sequence);
  messages_.push_back(std::move(message));
  if (messages_.size() <= kept_) return;
  forgotten_ = messages_.front().sequence;
  messages_.pop_front();
}

void EventHub::watch_jobs() const {
  std::map<std::string, int> watched;
  {
    const std::lock_guard lock(mutex_);
    watched = watchers_;
  }
  for (const auto& [job, listeners] : watched) artifacts_.watch(job);
}

std::int64_t EventHub::sequence() const {
  const std::lock_guard lock(mutex_);
  return sequence_;
}

std::int64_t EventHub::index() const {
  const std::lock_guard lock(mutex_);
  return index_;
}

std::optional<std::int64_t> EventHub::index_behind(std::int64_t sequence) const {
  const std::lock_guard lock(mutex_);
  if (sequence < forgotten_ || sequence > sequence_) return {};
  const auto first = std::partition_point(messages_.begin(), messages_.end(),
                                          [&](const Message& message) { return message.sequence <= sequence; });
  return first == messages_.end() ? index_ : first->index - 1;
}

EventHub::News EventHub::behind(std::int64_t index, const jobs::Caller& caller, const std::string& job,
                                std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  News news{.index = index};
  const std::int64_t oldest = index_ - std::int64_t(messages_.size());  // what lies behind it is kept
  if (index < oldest) return {{}, index_, false};
  for (std::size_t i = std::size_t(index - oldest); i < messages_.size() && news.messages.size() < limit; ++i) {
    const Message& message = messages_[i];
    const bool visible = caller.admin || message.owner == caller.owner;
    if (visible && (job.empty() || message.job == job)) news.messages.push_back(message);
    news.index = message.index;
  }
  return news;
}

void EventHub::watch(const std::string& job, int change) {
  const std::lock_guard lock(mutex_);
  if ((watchers_[job] += change) <= 0) watchers_.erase(job);
}

EventStream::EventStream(EventHub& hub, Metrics& metrics, Start start, std::function<double()> seconds)
    : hub_(hub),
      metrics_(metrics),
      start_(std::move(start)),
      seconds_(std::move(seconds)),
      sent_at_(seconds_()),
      asked_at_(sent_at_) {
  metrics_.streams(+1);
  if (!start_.job.empty()) hub_.watch(start_.job, +1);
}

EventStream::~EventStream() {
  metrics_.streams(-1);
  if (!start_.job.empty()) hub_.watch(start_.job, -1);
}

std::string EventStream::next() {
  const double now = seconds_();
  if (start_.allowed && now - asked_at_ >= kAskAgain) {
    asked_at_ = now;
    ended_ = ended_ || !start_.allowed();
    if (ended_) return "";
  }
  std::string text = std::move(start_.first);
  start_.first.clear();
  const EventHub::News news = hub_.behind(start_.index, start_.caller, start_.job, kMessagesAtOnce);
  if (!news.complete) text += event_text("reset", concat("{\"sequence\":", hub_.sequence(), "}"), hub_.sequence());
  for (const Message& message : news.messages) {
    text += message.text;
    ended_ = ended_ || (!start_.job.empty() && message.is_last);
  }
  start_.index = news.index;
  if (text.empty() && now - sent_at_ >= kBeat) text = ": beat\n\n";
  if (!text.empty()) sent_at_ = now;
  return text;
}

std::string EventStream::farewell() { return event_text("stopping", "{}"); }

}  // namespace phonofilm::server
