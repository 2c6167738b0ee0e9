// A store and artifacts in memory: what the real ones are compared with, and fast enough to walk through millions of
// states.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "phonofilm/jobs/artifacts.h"
#include "phonofilm/jobs/store.h"

namespace phonofilm::test {

struct MemoryTables {
  std::vector<jobs::Job> jobs;
  std::map<std::string, std::int64_t> served;
  std::vector<jobs::Event> events;
  std::int64_t sequence = 0, forgotten = 0;
};

class MemoryTransaction : public jobs::Transaction {
 public:
  using Job = jobs::Job;
  using State = jobs::State;
  MemoryTransaction(MemoryTables& tables, bool keeps_events) : tables_(tables), keeps_events_(keeps_events) {}

  std::optional<Job> find(const std::string& id) override {
    return first([&](const Job& job) { return job.id == id; });
  }
  std::optional<Job> peek(const std::string& id) override { return find(id); }
  std::optional<Job> find_key(const std::string& owner, const std::string& key) override {
    return first([&](const Job& job) { return job.owner == owner && job.key == key; });
  }
  std::optional<Job> find_lease(const std::string& token) override {
    return first([&](const Job& job) { return job.lease.token == token; });
  }
  std::optional<Job> next_queued() override {
    const Job* best = nullptr;
    for (const Job& job : tables_.jobs) {
      if (job.state == State::queued && (!best || turn(job) < turn(*best))) best = &job;
    }
    return best ? std::optional(*best) : std::nullopt;
  }
  void insert(const Job& job) override {
    tables_.served.emplace(job.owner, 0);
    tables_.jobs.push_back(job);
  }
  void update(const Job& job) override {
    for (Job& stored : tables_.jobs) {
      if (stored.id == job.id) stored = job;
    }
  }
  void erase(const std::string& id) override {
    std::erase_if(tables_.jobs, [&](const Job& job) { return job.id == id; });
  }
  void served(const std::string& owner, std::int64_t sequence) override { tables_.served[owner] = sequence; }
  std::int64_t next_sequence() override { return ++tables_.sequence; }
  void append(const jobs::Event& event) override {
    if (keeps_events_) tables_.events.push_back(event);
  }
  std::vector<jobs::Event> events(const std::optional<std::string>& owner, std::int64_t after,
                                  std::int64_t limit) override {
    std::vector<jobs::Event> found;
    for (const jobs::Event& event : tables_.events) {
      const bool wanted = event.sequence > after && (!owner || event.owner == *owner);
      if (wanted && std::int64_t(found.size()) < limit) found.push_back(event);
    }
    return found;
  }
  std::int64_t forgotten() override { return tables_.forgotten; }
  void forget_events(jobs::Time before) override {
    for (const jobs::Event& event : tables_.events) {
      if (event.at < before) tables_.forgotten = std::max(tables_.forgotten, event.sequence);
    }
    std::erase_if(tables_.events, [&](const jobs::Event& event) { return event.sequence <= tables_.forgotten; });
  }
  std::vector<Job> list(const jobs::Listing& listing) override {
    std::vector<Job> found = all([&](const Job& job) {
      return (!listing.owner || job.owner == *listing.owner) && (!listing.state || job.state == *listing.state) &&
             (!listing.cursor || comes_before(listing.order, *listing.cursor, cursor_of(job)));
    });
    std::sort(found.begin(), found.end(),
              [&](const Job& a, const Job& b) { return comes_before(listing.order, cursor_of(a), cursor_of(b)); });
    if (std::int64_t(found.size()) > listing.limit) found.resize(size_t(listing.limit));
    return found;
  }
  std::vector<jobs::Place> places(const std::string& owner, std::int64_t priority) override {
    std::vector<jobs::Place> places;
    for (const Job& job : tables_.jobs) {
      const bool wanted = job.state == State::queued && job.owner == owner && job.priority == priority;
      if (wanted) places.push_back({job.id, job.place});
    }
    std::sort(places.begin(), places.end(), [](const auto& a, const auto& b) { return a.place < b.place; });
    return places;
  }
  std::int64_t queued(const std::optional<std::string>& owner) override {
    return count([&](const Job& job) { return job.state == State::queued && (!owner || job.owner == *owner); });
  }
  std::int64_t ahead_of(const Job& job) override {
    return count([&](const Job& other) {
      return other.state == State::queued &&
             std::tuple(-other.priority, other.place) < std::tuple(-job.priority, job.place);
    });
  }
  std::vector<std::string> lost(jobs::Time now) override {
    return ids(all([&](const Job& job) { return job.state == State::running && job.lease.until < now; }));
  }
  std::vector<std::string> expired(jobs::Time now) override {
    return ids(all([&](const Job& job) { return job.expires > 0 && job.expires <= now; }));
  }
  std::vector<std::string> finished() override {
    std::vector<Job> found = all([](const Job& job) { return job.finished > 0; });
    std::sort(found.begin(), found.end(), [](const Job& a, const Job& b) {
      return std::tuple(a.finished, a.number) < std::tuple(b.finished, b.number);
    });
    return ids(found);
  }
  jobs::QueueCounts counts() override {
    jobs::QueueCounts counts;
    for (const State state : {State::queued, State::running, State::succeeded, State::failed, State::cancelled}) {
      counts.jobs[state] = count([&](const Job& job) { return job.state == state; });
    }
    for (const Job& job : tables_.jobs) {
      if (job.state == State::running) ++counts.running[job.owner];
      const bool older = counts.oldest_queued == 0 || job.created < counts.oldest_queued;
      if (job.state == State::queued && older) counts.oldest_queued = job.created;
    }
    return counts;
  }

 private:
  std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t> turn(const Job& job) const {
    const std::int64_t running =
        count([&](const Job& other) { return other.state == State::running && other.owner == job.owner; });
    return {-job.priority, running, tables_.served.at(job.owner), job.place};
  }
  static jobs::ListCursor cursor_of(const Job& job) { return {job.number, job.priority, job.place}; }
  static bool comes_before(jobs::ListOrder order, const jobs::ListCursor& a, const jobs::ListCursor& b) {
    if (order == jobs::ListOrder::newest_first) return a.number > b.number;
    if (order == jobs::ListOrder::oldest_first) return a.number < b.number;
    return a.priority != b.priority ? a.priority > b.priority : a.place < b.place;
  }
  template <class Condition>
  std::optional<Job> first(const Condition& holds) const {
    const auto found = std::find_if(tables_.jobs.begin(), tables_.jobs.end(), holds);
    return found == tables_.jobs.end() ? std::nullopt : std::optional(*found);
  }
  template <class Condition>
  std::vector<Job> all(const Condition& holds) const {
    std::vector<Job> found;
    std::copy_if(tables_.jobs.begin(), tables_.jobs.end(), std::back_inserter(found), holds);
    return found;
  }
  template <class Condition>
  std::int64_t count(const Condition& holds) const {
    return std::count_if(tables_.jobs.begin(), tables_.jobs.end(), holds);
  }
  static std::vector<std::string> ids(const std::vector<Job>& jobs) {
    std::vector<std::string> ids;
    for (const Job& job : jobs) ids.push_back(job.id);
    return ids;
  }

  MemoryTables& tables_;
  bool keeps_events_;
};

class MemoryStore : public jobs::Store {
 public:
  explicit MemoryStore(bool keeps_events = true) : keeps_events_(keeps_events) {}
  void transact(const std::function<void(jobs::Transaction&)>& work) override {
    MemoryTables changed = tables;
    MemoryTransaction transaction(changed, keeps_events_);
    work(transaction);
    tables = std::move(changed);
  }
  MemoryTables tables;

 private:
  bool keeps_events_;
};

// Artifacts as a set of names; every file has one byte.
class MemoryArtifacts : public jobs::Artifacts {
 public:
  using File = std::tuple<std::string, std::string, std::string>;  // job, run, name
  void publish(const std::string& job, const std::string& run, std::string_view name,
               const std::function<void(const std::string&)>&) override {
    files.emplace(job, run, name);
  }
  bool has(const std::string& job, const std::string& run, std::string_view name) const override {
    return files.count({job, run, std::string(name)}) > 0;
  }
  std::vector<std::string> jobs() const override {
    std::set<std::string> found;
    for (const File& file : files) found.insert(std::get<0>(file));
    return {found.begin(), found.end()};
  }
  std::vector<std::string> runs(const std::string& job) const override {
    std::set<std::string> found;
    for (const File& file : files) {
      if (std::get<0>(file) == job) found.insert(std::get<1>(file));
    }
    return {found.begin(), found.end()};
  }
  void remove(const std::string& job) override {
    std::erase_if(files, [&](const File& file) { return std::get<0>(file) == job; });
  }
  void remove_run(const std::string& job, const std::string& run) override {
    std::erase_if(files, [&](const File& file) { return std::get<0>(file) == job && std::get<1>(file) == run; });
  }
  std::int64_t bytes() const override { return std::int64_t(files.size()); }
  std::int64_t bytes_of(const std::string& job) const override {
    return std::count_if(files.begin(), files.end(), [&](const File& file) { return std::get<0>(file) == job; });
  }
  jobs::Time changed(const std::string&) const override { return 0; }
  std::set<File> files;
};

}  // namespace phonofilm::test
