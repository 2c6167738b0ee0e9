// Every interleaving of owners, workers, crashes and upkeep, by breadth-first search over the queue on the store in
// memory: after each action the invariants hold, whatever came before.
#include <cstdio>
#include <ctime>
#include <unordered_set>

#include "jobs/driver.h"
#include "jobs/memory_store.h"

namespace phonofilm::test {
namespace {

using namespace phonofilm::jobs;

// What has been promised so far, to be compared with what is.
struct Promises {
  std::set<std::string> accepted;  // submissions that were acknowledged and not deleted since
  std::set<std::string> deleted;
  std::map<std::string, State> ended;          // a finished job stays as it is
  std::map<std::string, std::string> results;  // the one lease whose success was acknowledged
};

struct World {
  MemoryTables tables;
  std::set<MemoryArtifacts::File> files;
  TestSources sources;
  Actors actors;
  Promises promises;
};

// Names by order of appearance: states that differ in ids only are one.
class Names {
 public:
  char operator()(const std::string& id) {
    if (id.empty()) return '-';
    const auto [entry, added] = names_.emplace(id, char('A' + names_.size()));
    return entry->second;
  }

 private:
  std::map<std::string, char> names_;
};

constexpr int kEnd = 1000;  // deeper than any search that ends by itself

char digit(std::int64_t n) { return char('0' + n); }

void encode_job(const Job& job, const World& world, Names& names, std::string& code) {
  const std::int64_t life =
      job.state == State::running ? std::max<std::int64_t>(-1, job.lease.until - world.sources.now) : 0;
  code += {names(job.id), digit(std::int64_t(job.state)), digit(job.attempts), digit(job.failures)};
  code += {digit(job.priority), digit(job.progress.step), digit(job.checkpoint.step), job.owner[0]};
  code += {names(job.lease.token), names(job.checkpoint.run), names(job.result)};
  code += digit(life < 0 ? 0 : 1 + life * 4 / Limits{}.lease);
}

// Everything on which the future depends, and nothing else: no times, no sequences, only their order.
std::string encode(const World& world) {
  Names names;
  std::string code;
  std::vector<Job> jobs = world.tables.jobs;
  std::sort(jobs.begin(), jobs.end(), [](const Job& a, const Job& b) { return a.place < b.place; });
  for (const Job& job : jobs) encode_job(job, world, names, code);
  code += '|';
  for (const std::string& id : world.actors.jobs) code += names(id);
  for (const auto& worker : world.actors.workers) {
    code += worker ? std::string{names(worker->job), names(worker->token)} : "__";
  }
  std::vector<std::string> files;
  for (const auto& [job, run, name] : world.files) files.push_back({names(job), names(run), name[0]});
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) code += file;
  std::vector<std::pair<std::int64_t, char>> served;
  for (const auto& [owner, sequence] : world.tables.served) served.emplace_back(sequence, owner[0]);
  std::sort(served.begin(), served.end());
  for (const auto& [sequence, owner] : served) code += {sequence ? '+' : '0', owner};
  return code;
}

const Job* find_job(const World& world, const std::string& id) {
  for (const Job& job : world.tables.jobs) {
    if (job.id == id) return &job;
  }
  return nullptr;
}

void remember(World& world, const Action& action, const Outcome& outcome, const Actors& before) {
  Promises& promises = world.promises;
  if (outcome.refusal) return;
  if (action.verb == Verb::submit) promises.accepted.insert(outcome.job->id);
  if (action.verb == Verb::remove) {
    promises.accepted.erase(before.jobs[action.who]);
    promises.deleted.insert(before.jobs[action.who]);
    promises.ended.erase(before.jobs[action.who]);
    promises.results.erase(before.jobs[action.who]);
  }
  if (action.verb == Verb::succeed) promises.results[outcome.job->id] = before.workers[action.who]->token;
  if (outcome.job && is_finished(outcome.job->state)) promises.ended.emplace(outcome.job->id, outcome.job->state);
}

bool has_file(const World& world, const Job& job, const std::string& run, std::string_view name) {
  return world.files.count({job.id, run, std::string(name)}) > 0;
}

// What is wrong with the files that a job refers to, or nothing.
const char* file_fault(const World& world, const Job& job) {
  const bool film = has_file(world, job, job.result, "film.mp4");
  const bool latents = has_file(world, job, job.checkpoint.run, kLatents);
  if (job.state == State::succeeded && !film) return "a result without its film";
  if (job.state != State::succeeded && !job.result.empty()) return "a result without success";
  if (!job.checkpoint.run.empty() && !latents) return "a checkpoint without latents";
  return nullptr;
}

// The first invariant of one job that is broken, or nothing.
const char* job_fault(const World& world, const Job& job, const Limits& limits) {
  const auto ended = world.promises.ended.find(job.id);
  const auto result = world.promises.results.find(job.id);
  const bool same_result = result != world.promises.results.end() && result->second == job.result;
  if (world.promises.deleted.count(job.id)) return "a deleted job is back";
  if (ended != world.promises.ended.end() && ended->second != job.state) return "a finished job changed its state";
  if (job.state == State::succeeded && !same_result) return "two results";
  if ((job.state == State::running) == job.lease.token.empty()) return "running and having a lease differ";
  if (job.attempts < 0 || job.attempts > limits.max_attempts) return "attempts out of bounds";
  if (job.failures > limits.max_failures) return "failures out of bounds";
  if (job.state == State::failed && job.failure.empty()) return "failed without a reason";
  if (is_finished(job.state) != (job.finished > 0 && job.expires > 0)) return "finished without its time";
  return file_fault(world, job);
}

const char* lease_fault(const World& world) {
  std::set<std::string> tokens, held;
  for (const Job& job : world.tables.jobs) {
    if (!job.lease.token.empty() && !tokens.insert(job.lease.token).second) return "one lease for two jobs";
  }
  for (const auto& worker : world.actors.workers) {
    if (worker && !held.insert(worker->token).second) return "one lease with two holders";
  }
  return nullptr;
}

const char* fault(const World& world, const Action& last, const Limits& limits) {
  for (const std::string& id : world.promises.accepted) {
    if (!find_job(world, id)) return "an acknowledged job is lost";
  }
  for (const Job& job : world.tables.jobs) {
    if (const char* found = job_fault(world, job, limits)) return found;
  }
  for (const auto& [id, run, name] : world.files) {
    const Job* job = find_job(world, id);
    const bool needed = job && (run == job->lease.token || run == job->checkpoint.run || run == job->result);
    if (last.verb == Verb::sweep && !needed) return "a file that nothing refers to outlived a sweep";
  }
  return lease_fault(world);
}

// What would make the number of worlds infinite: released and claimed for ever, a job gathers files of past leases.
bool within_bounds(const World& world, size_t max_files) { return world.files.size() <= max_files; }

struct Exploration {
  std::int64_t states = 0, transitions = 0;
  int depth = 0;
  bool complete = false;  // nothing new is left to find
  std::string fault{};    // with the actions that led to it
};

// Walks through all worlds; `store` is the stage on which each is set up.
class Explorer {
 public:
  Explorer(MemoryStore& store, const Limits& limits)
      : store_(store),
        limits_(limits),
        queue_(store, artifacts_, limits, sources_.sources()),
        driver_(queue_, artifacts_, sources_, limits) {}

  Exploration explore(size_t jobs, size_t workers, int max_depth, size_t max_files) {
    Exploration found;
    std::vector<Node> level(1);
    level[0].world.actors = {std::vector<std::optional<LeaseRef>>(workers), std::vector<std::string>(jobs)};
    steps_ = {{}};
    seen_ = {encode(level[0].world)};
    for (; found.depth < max_depth && !level.empty() && found.fault.empty(); ++found.depth) {
      std::vector<Node> next;
      for (const Node& node : level) expand(node, max_files, next, found);
      level = std::move(next);
    }
    found.states = std::int64_t(seen_.size());
    found.complete = level.empty();
    return found;
  }

 private:
  struct Node {
    World world{};
    size_t step = 0;  // the action that led here, in steps_
  };
  struct Step {
    Action action{};
    size_t before = 0;
  };

  void expand(const Node& node, size_t max_files, std::vector<Node>& next, Exploration& found) {
    for (const Action& action : possible(node.world.actors)) {
      if (action.verb == Verb::edit || action.verb == Verb::move || !found.fault.empty()) continue;
      World world = step(node.world, action);
      ++found.transitions;
      if (const char* broken = fault(world, action, limits_)) found.fault = told(broken, node.step, action);
      if (!within_bounds(world, max_files) || !seen_.insert(encode(world)).second) continue;
      next.push_back({std::move(world), steps_.size()});
      steps_.push_back({action, node.step});
    }
  }

  World step(const World& before, const Action& action) {
    World world = before;
    store_.tables = world.tables;
    artifacts_.files = world.files;
    sources_ = world.sources;
    const Outcome outcome = driver_.apply(world.actors, action);
    world.tables = store_.tables;
    world.files = artifacts_.files;
    world.sources = sources_;
    remember(world, action, outcome, before.actors);
    for (const Job& job : world.tables.jobs) {
      if (is_finished(job.state)) world.promises.ended.emplace(job.id, job.state);
    }
    return world;
  }

  std::string told(const char* broken, size_t step, const Action& last) const {
    std::string text = concat(broken, ", last action first: ", verb_name(last.verb), last.who);
    for (; step != 0; step = steps_[step].before) {
      text += concat(" ", verb_name(steps_[step].action.verb), steps_[step].action.who);
    }
    return text;
  }

  MemoryStore& store_;
  Limits limits_;
  MemoryArtifacts artifacts_;
  TestSources sources_;
  Queue queue_;
  Driver driver_;
  std::unordered_set<std::string> seen_;
  std::vector<Step> steps_;
};

Limits tight() {
  Limits limits;
  limits.max_attempts = 2;
  return limits;
}

void report(const char* what, const Exploration& found) {
  std::printf("explored %s: %lld states, %lld transitions, depth %d%s, %.1f s\n", what,
              static_cast<long long>(found.states), static_cast<long long>(found.transitions), found.depth,
              found.complete ? ", complete" : "", double(std::clock()) / CLOCKS_PER_SEC);
}

// Stores with a fault, to see that the invariants would notice.
class FaultyStore : public MemoryStore {
 public:
  using Fault = std::function<void(const MemoryTables& before, MemoryTables& after)>;
  explicit FaultyStore(Fault fault) : MemoryStore(/*keeps_events=*/false), fault_(std::move(fault)) {}
  void transact(const std::function<void(Transaction&)>& work) override {
    const MemoryTables before = tables;
    MemoryStore::transact(work);
    fault_(before, tables);
  }

 private:
  Fault fault_;
};

std::string caught(const FaultyStore::Fault& planted) {
  FaultyStore store(planted);
  return Explorer(store, tight()).explore(/*jobs=*/1, /*workers=*/2, /*max_depth=*/8, /*max_files=*/2).fault;
}

}  // namespace

TEST_CASE("jobs: every interleaving of one job and two workers, to the end") {
  MemoryStore store(/*keeps_events=*/false);
  const Exploration found =
      Explorer(store, tight()).explore(/*jobs=*/1, /*workers=*/2, /*max_depth=*/kEnd, /*max_files=*/3);
  report("1 job, 2 workers", found);
  CHECK(found.fault == "");
  CHECK(found.states > 1000);
}

TEST_CASE("jobs: every interleaving of two jobs and two workers, to depth 10") {
  MemoryStore store(/*keeps_events=*/false);
  const Exploration found =
      Explorer(store, tight()).explore(/*jobs=*/2, /*workers=*/2, /*max_depth=*/10, /*max_files=*/4);
  report("2 jobs, 2 workers", found);
  CHECK(found.fault == "");
  CHECK(found.states > 1000);
}

TEST_CASE("jobs: the search notices stores with planted faults") {
  using Tables = MemoryTables;
  const auto sound = [](const Tables&, Tables&) {};
  const auto undeletes = [](const Tables& before, Tables& after) {
    if (after.jobs.size() < before.jobs.size()) after.jobs = before.jobs;
  };
  const auto loses_submission = [](const Tables& before, Tables& after) {
    if (before.jobs.empty() && after.sequence == 1) after.jobs.clear();
  };
  const auto undoes_cancel = [](const Tables& before, Tables& after) {
    for (size_t i = 0; i < std::min(before.jobs.size(), after.jobs.size()); ++i) {
      const bool cancelled = before.jobs[i].state == State::running && after.jobs[i].state == State::cancelled;
      if (cancelled) after.jobs[i] = before.jobs[i];
    }
  };
  const auto keeps_lease = [](const Tables&, Tables& after) {
    for (Job& job : after.jobs) {
      if (job.state == State::failed) job.lease.token = id_of(77);
    }
  };
  CHECK(caught(sound) == "");
  CHECK(caught(undeletes).starts_with("a deleted job is back"));
  CHECK(caught(loses_submission).starts_with("an acknowledged job is lost"));
  CHECK(caught(undoes_cancel).starts_with("a finished job changed its state"));
  CHECK(caught(keeps_lease).starts_with("running and having a lease differ"));
}

}  // namespace phonofilm::test
