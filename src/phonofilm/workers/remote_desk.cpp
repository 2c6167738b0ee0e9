#include "phonofilm/workers/remote_desk.h"

#include <nlohmann/json.hpp>

#include "phonofilm/base/fields.h"
#include "phonofilm/base/json_text.h"

namespace phonofilm::workers {
namespace {

using nlohmann::json;

// One field list for all questions; each uses what it needs.
struct Question {
  std::string say{}, worker{}, job{}, token{}, stage{}, reason{};
  std::int64_t step = 0, steps = 0, eta = -1, preview = 0;
  std::vector<std::string> names{};
  bool request_at_fault = false;
  jobs::LeaseRef lease() const { return {job, token}; }
  Fields fields() {
    return {{"say", &say, "which operation"},
            {"worker", &worker, "name of the worker"},
            {"job", &job, "id"},
            {"token", &token, "of the lease"},
            {"stage", &stage, "of the progress"},
            {"reason", &reason, "of a failure"},
            {"request_at_fault", &request_at_fault, "no attempt can succeed"},
            {"step", &step, "steps finished"},
            {"steps", &steps, "of all"},
            {"eta", &eta, "milliseconds to the end"},
            {"preview", &preview, "number of the newest one"},
            {"names", &names, "of published files"}};
  }
};

// A worker's view of its job.
struct Given {
  std::string id{}, owner{}, request{}, token{}, run{};
  std::int64_t attempts = 0, step = 0;
  Fields fields() {
    return {{"id", &id, ""},       {"owner", &owner, ""},       {"request", &request, ""}, {"token", &token, ""},
            {"run", &run, ""},     {"attempts", &attempts, ""}, {"step", &step, ""}};
  }
};

// Reasons may quote files, in any encoding.

json question(const char* say, const jobs::LeaseRef& lease) {
  return {{"say", say}, {"job", lease.job}, {"token", lease.token}};
}

json claimed(Desk& desk, const std::string& worker) {
  const std::optional<jobs::Job> job = desk.claim(worker);
  if (!job) return json::object();
  Given given{job->id, job->owner, job->request, job->lease.token, job->checkpoint.run, job->attempts,
              job->checkpoint.step};
  return {{"given", write_json(given.fields())}};
}

json act(Desk& desk, const Question& q) {
  if (q.say == "claim") return claimed(desk, q.worker);
  if (q.say == "heartbeat") {
    desk.heartbeat(q.lease(), {q.stage, q.step, q.steps, q.eta, q.preview});
  } else if (q.say == "save_checkpoint") {
    desk.save_checkpoint(q.lease(), q.step);
  } else if (q.say == "succeed") {
    desk.succeed(q.lease(), q.names);
  } else if (q.say == "fail") {
    desk.fail(q.lease(), q.reason, q.request_at_fault ? jobs::Fault::request : jobs::Fault::attempt);
  } else if (q.say == "release") {
    desk.release(q.lease());
  } else {
    throw InvalidRequest("worker", concat("no desk understands '", printable(q.say), "'"));
  }
  return json::object();
}

}  // namespace

std::string answer(Desk& desk, const std::string& message) {
  Question q;
  read_json(parse_json(message, "worker"), q.fields(), "worker");
  try {
    return json_text(act(desk, q));
  } catch (const jobs::Refused& refused) {
    return json_text({{"refused", int(refused.reason())}, {"error", refused.what()}});
  } catch (const InvalidRequest&) {
    throw;
  } catch (const std::exception& error) {
    return json_text({{"error", error.what()}});
  }
}

json RemoteDesk::ask(const json& asked) {
  const std::lock_guard lock(mutex_);
  const bool sent = send_message(channel_.get(), json_text(asked));
  const std::optional<std::string> reply = sent ? receive_message(channel_.get()) : std::nullopt;
  PF_CHECK(reply, DeskGone, "worker", "the process that has the queue is gone");
  json answered = parse_json(*reply, "desk");
  if (answered.contains("refused")) {
    throw jobs::Refused(jobs::Refusal(answered["refused"].get<int>()), "job", answered.value("error", ""));
  }
  PF_CHECK(!answered.contains("error"), Error, "desk", answered.value("error", ""));
  return answered;
}

std::optional<jobs::Job> RemoteDesk::claim(const std::string& worker) {
  const json answered = ask({{"say", "claim"}, {"worker", worker}});
  if (!answered.contains("given")) return std::nullopt;
  Given given;
  read_json(answered["given"], given.fields(), "desk");
  jobs::Job job{.id = given.id, .owner = given.owner, .request = given.request, .state = jobs::State::running};
  job.attempts = given.attempts;
  job.lease.token = given.token;
  job.lease.worker = worker;
  job.checkpoint = {given.run, given.step};
  return job;
}

void RemoteDesk::heartbeat(const jobs::LeaseRef& lease, const jobs::Progress& progress) {
  json asked = question("heartbeat", lease);
  asked.update({{"stage", progress.stage}, {"step", progress.step}, {"steps", progress.steps}, {"eta", progress.eta},
                {"preview", progress.preview}});
  ask(asked);
}

void RemoteDesk::save_checkpoint(const jobs::LeaseRef& lease, std::int64_t step) {
  json asked = question("save_checkpoint", lease);
  asked["step"] = step;
  ask(asked);
}

void RemoteDesk::succeed(const jobs::LeaseRef& lease, const std::vector<std::string>& names) {
  json asked = question("succeed", lease);
  asked["names"] = names;
  ask(asked);
}

void RemoteDesk::fail(const jobs::LeaseRef& lease, const std::string& reason, jobs::Fault fault) {
  json asked = question("fail", lease);
  asked["reason"] = reason;
  asked["request_at_fault"] = fault == jobs::Fault::request;
  ask(asked);
}

void RemoteDesk::release(const jobs::LeaseRef& lease) { ask(question("release", lease)); }

}  // namespace phonofilm::workers
