#include "phonofilm/workers/supervisor.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <chrono>

#include "phonofilm/workers/child_process.h"
#include "phonofilm/workers/lease_watch.h"
#include "phonofilm/workers/remote_desk.h"

namespace phonofilm::workers {
namespace {

constexpr int kTick = 100;  // milliseconds
constexpr std::int64_t kClosingPatience = 5000;
constexpr std::int64_t kMessagePatience = 10'000;

std::int64_t now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

// Why an attempt failed, for its owner.
std::string reason_of(const Ending& ending, std::int64_t memory) {
  if (ending.signal == SIGKILL) return "the worker was killed, most likely because the machine ran out of memory";
  if (ending.exit_code == ResourceError("", "").exit_code()) return "the worker ran out of memory";
  const bool broken = ending.signal == SIGABRT || ending.signal == SIGSEGV || ending.signal == SIGBUS;
  const char* perhaps = broken && memory > 0 ? "; it may have reached its limit of memory" : "";
  return concat("the worker crashed: it ", words(ending), perhaps);
}

}  // namespace

class Supervisor::Post {
 public:
  Post(jobs::Queue& queue, const WorkerSpec& spec, const SupervisorOptions& options)
      : queue_(queue), spec_(spec), options_(options), watch_(queue), pause_(options.first_pause) {}
  ~Post() {
    if (!alive()) return;
    kill(process_, SIGKILL);
    wait_for(process_);
  }

  bool alive() const { return process_ > 0; }
  int channel() const { return channel_.get(); }
  bool due() const { return !alive() && now() >= next_start_; }

  void start() {
    try {
      begin_process();
    } catch (const ResourceError& error) {  // the machine may have room for it later
      tell(concat("cannot be started: ", error.what()));
      rest();
    }
  }

  // One message, or the end of the connection.
  void listen() {
    const auto deadline = Deadline::clock::now() + std::chrono::milliseconds(kMessagePatience);
    const std::optional<std::string> message = receive_message(channel_.get(), deadline);
    const std::int64_t before = watch_.successes();
    if (!message || !understood(*message)) {
      channel_.reset();
      closed_at_ = now();
    }
    if (watch_.successes() > before) pause_ = options_.first_pause;
  }

  void stop() {
    if (!alive() || asked_to_stop_) return;
    asked_to_stop_ = true;
    kill(process_, SIGTERM);
  }

  void end(const std::string& verdict) {
    if (!alive()) return;
    verdict_ = verdict;
    kill(process_, SIGKILL);
  }

  // Ends a worker that hangs, and notices one that has ended.
  void check() {
    if (!alive()) return;
    if (closed_at_ > 0 && now() - closed_at_ > kClosingPatience) kill(process_, SIGKILL);
    const std::int64_t patience = patience_now();
    if (verdict_.empty() && !asked_to_stop_ && watch_.idle() > patience) {
      end(concat("the worker hung: it made no step for ", human_seconds(double(watch_.idle()) / 1000),
                 " and was killed"));
    }
    // What it said last is heard first.
    if (channel_.is_open()) return;
    if (const std::optional<Ending> ending = ending_of(process_)) buried(*ending);
  }

 private:
  void begin_process() {
    ChannelPair pair = make_channel();
    watch_.begin();
    process_ = start_child({.command = spec_.command, .output = 1, .errors = 2, .channel = pair.theirs.get(),
                            .memory = options_.memory, .first_to_go = true});
    channel_ = std::move(pair.ours);
    verdict_.clear();
    closed_at_ = 0;
    asked_to_stop_ = false;
    tell(concat("started as process ", process_));
  }

  // Until the next start.
  void rest() {
    next_start_ = now() + pause_;
    pause_ = std::min(2 * pause_, options_.longest_pause);
  }

  bool understood(const std::string& message) {
    try {
      const auto deadline = Deadline::clock::now() + std::chrono::milliseconds(kMessagePatience);
      return send_message(channel_.get(), answer(watch_, message), deadline);
    } catch (const InvalidRequest& error) {
      tell(concat("sent what no worker sends: ", error.what()));
      return false;
    }
  }

  std::int64_t patience_now() const {
    const std::optional<double> usual = watch_.usual_step();
    if (!usual) return options_.start_patience;
    return std::max(options_.least_patience, std::int64_t(*usual * options_.patience));
  }

  void buried(const Ending& ending) {
    process_ = -1;
    tell(words(ending));
    settle(verdict_.empty() ? reason_of(ending, options_.memory) : verdict_, ending.fine() || asked_to_stop_);
    rest();
  }

  // The job that it left behind. What the store does not take now, recover() finds when the lease has run out.
  void settle(const std::string& reason, bool blameless) {
    const std::optional<jobs::LeaseRef> lease = watch_.lease();
    if (!lease) return;
    try {
      if (blameless) watch_.release(*lease);
      else watch_.fail(*lease, reason, jobs::Fault::attempt);
    } catch (const Error& error) {
      tell(concat("left job ", lease->job, ": ", error.what()));
    }
    watch_.begin();
  }

  void tell(const std::string& what) const { options_.tell(concat("worker ", spec_.name, " ", what)); }

  jobs::Queue& queue_;
  WorkerSpec spec_;
  const SupervisorOptions& options_;
  LeaseWatch watch_;
  pid_t process_ = -1;
  Descriptor channel_;
  std::string verdict_;  // why it was killed by us
  bool asked_to_stop_ = false;
  std::int64_t pause_, next_start_ = 0, closed_at_ = 0;
};

Supervisor::Supervisor(jobs::Queue& queue, const std::vector<WorkerSpec>& workers, const SupervisorOptions& options)
    : queue_(queue), options_(options) {
  for (const WorkerSpec& spec : workers) posts_.push_back(std::make_unique<Post>(queue_, spec, options_));
}

Supervisor::~Supervisor() = default;

bool Supervisor::anyone_alive() const {
  return std::any_of(posts_.begin(), posts_.end(), [](const auto& post) { return post->alive(); });
}

// Waits for the workers to say something and answers all that they have said.
void Supervisor::attend(int milliseconds) {
  std::vector<pollfd> entries;
  std::vector<Post*> speakers;
  for (const auto& post : posts_) {
    if (post->channel() < 0) continue;
    entries.push_back({post->channel(), POLLIN, 0});
    speakers.push_back(post.get());
  }
  if (poll(entries.data(), nfds_t(entries.size()), milliseconds) > 0) {
    for (size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].revents != 0) speakers[i]->listen();
    }
  }
  for (const auto& post : posts_) post->check();
}

void Supervisor::keep_up() {
  if (options_.upkeep_every == 0 || now() < next_upkeep_) return;
  next_upkeep_ = now() + options_.upkeep_every;
  try {
    queue_.recover();
  } catch (const Error& error) {
    options_.tell(concat("upkeep: ", error.what()));
  }
}

void Supervisor::run(const std::function<bool()>& stop) {
  while (!stop()) {
    for (const auto& post : posts_) {
      if (post->due()) post->start();
    }
    attend(kTick);
    keep_up();
  }
  const std::int64_t deadline = now() + options_.stop_patience;
  for (const auto& post : posts_) post->stop();
  while (anyone_alive()) {
    attend(kTick);
    if (now() < deadline) continue;
    for (const auto& post : posts_) post->end("the worker did not stop in time and was killed");
  }
}

}  // namespace phonofilm::workers
