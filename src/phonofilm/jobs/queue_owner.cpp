// What owners do with their jobs.
#include <algorithm>
#include <charconv>

#include "phonofilm/base/untrusted_text.h"
#include "phonofilm/jobs/queue.h"
#include "phonofilm/jobs/recording.h"

namespace phonofilm::jobs {
namespace {

constexpr std::int64_t kMaxPage = 1000;

// Jobs of others look exactly like jobs that are not there.
Job visible(const Caller& caller, const std::string& id, const std::optional<Job>& job) {
  PF_REFUSE_UNLESS(job && (caller.admin || job->owner == caller.owner), Refusal::not_found, "job", "there is no job ",
                   in_quotes(id), "; it may have been deleted");
  return *job;
}

Job found(Transaction& transaction, const Caller& caller, const std::string& id) {
  return visible(caller, id, is_id(id) ? transaction.find(id) : std::nullopt);
}

std::optional<std::string> visible_owner(const Caller& caller) {
  return caller.admin ? std::nullopt : std::optional(caller.owner);
}

// "17", or by place priority and place: "-3.17".
std::optional<ListCursor> parse_cursor(const std::string& text, ListOrder order) {
  if (text.empty()) return {};
  ListCursor cursor;
  const bool by_place = order == ListOrder::by_place;
  const char* const end = text.data() + text.size();
  auto read = std::from_chars(text.data(), end, by_place ? cursor.priority : cursor.number);
  bool good = read.ec == std::errc() && (by_place ? read.ptr != end && *read.ptr == '.' : cursor.number > 0);
  if (good && by_place) {
    read = std::from_chars(read.ptr + 1, end, cursor.place);
    good = read.ec == std::errc();
  }
  PF_REFUSE_UNLESS(good && read.ptr == end, Refusal::invalid, "list", in_quotes(text),
                   " is no cursor; expected what an earlier page gave");
  return cursor;
}

std::string cursor_of(const Job& job, ListOrder order) {
  return order == ListOrder::by_place ? concat(job.priority, ".", job.place) : concat(job.number);
}

void check_limit(std::int64_t limit) {
  PF_REFUSE_UNLESS(limit >= 1 && limit <= kMaxPage, Refusal::invalid, "list", "the limit is ", limit,
                   ", expected a number from 1 to ", kMaxPage);
}

void expect_room(Transaction& transaction, const std::string& owner, const Limits& limits) {
  const std::int64_t all = transaction.queued({}), own = transaction.queued(owner);
  PF_REFUSE_UNLESS(all < limits.max_queued, Refusal::queue_full, "submit", all,
                   " jobs are waiting, which is the limit; try later");
  PF_REFUSE_UNLESS(own < limits.max_queued_per_owner, Refusal::queue_full, "submit", own,
                   " jobs of this owner are waiting, which is the limit; try later, or cancel some");
}

// The ids in their new order: `id` before `before`, or last.
std::vector<std::string> reordered(const std::vector<Place>& places, const std::string& id,
                                   const std::string& before) {
  std::vector<std::string> order;
  for (const Place& place : places) {
    if (place.id != id) order.push_back(place.id);
  }
  const auto position = before.empty() ? order.end() : std::find(order.begin(), order.end(), before);
  PF_REFUSE_UNLESS(before.empty() || position != order.end(), Refusal::wrong_state, "move", in_quotes(before),
                   " is no other waiting job of this owner and priority");
  order.insert(position, id);
  return order;
}

}  // namespace

Job Queue::submit(const Submission& submission) {
  check_submission(submission, limits_);
  const std::string id = submission.id.empty() ? sources_.ids() : submission.id;
  const Time now = sources_.clock();
  Job job;
  store_.transact([&](Transaction& transaction) {
    // Drawn first: it keeps other submissions out, so that key and limits are checked against what is really there.
    const std::int64_t number = transaction.next_sequence();
    std::optional<Job> known = transaction.peek(id);  // this submission, if an answer to its commit was lost
    if (!known && !submission.key.empty()) known = transaction.find_key(submission.owner, submission.key);
    if (known) {
      expect_same(*known, submission);
      job = *known;
      return;
    }
    expect_room(transaction, submission.owner, limits_);
    if (submission.admit) submission.admit();
    job = submitted(submission, id, number, now, limits_);
    transaction.insert(job);
    transaction.append(event_for(job, EventKind::submitted, number, now));
  });
  return job;
}

Job Queue::owner_says(const Caller& caller, const std::string& id, const Rule& rule, EventKind kind) {
  Job job;
  store_.transact([&](Transaction& transaction) {
    const Job before = found(transaction, caller, id);
    job = record(transaction, before, rule(before), kind, sources_.clock());
  });
  return job;
}

JobView Queue::get(const Caller& caller, const std::string& id) {
  JobView view;
  store_.transact([&](Transaction& transaction) {
    view.job = visible(caller, id, is_id(id) ? transaction.peek(id) : std::nullopt);
    view.position = view.job.state == State::queued ? transaction.ahead_of(view.job) + 1 : 0;
  });
  return view;
}

Page Queue::list(const Caller& caller, std::optional<State> state, const std::string& cursor, std::int64_t limit,
                 ListOrder order) {
  check_limit(limit);
  PF_REFUSE_UNLESS(order != ListOrder::by_place || state == State::queued, Refusal::invalid, "list",
                   "only waiting jobs have places; ask for the state queued");
  // One more than asked for says whether there is a next page.
  const Listing listing{visible_owner(caller), state, parse_cursor(cursor, order), limit + 1, order};
  Page page;
  store_.transact([&](Transaction& transaction) { page.jobs = transaction.list(listing); });
  if (std::int64_t(page.jobs.size()) > limit) {
    page.jobs.pop_back();
    page.next = cursor_of(page.jobs.back(), order);
  }
  return page;
}

EventPage Queue::events(const Caller& caller, std::int64_t after, std::int64_t limit) {
  check_limit(limit);
  EventPage page;
  store_.transact([&](Transaction& transaction) {
    page.events = transaction.events(visible_owner(caller), after, limit);
    page.complete = after >= transaction.forgotten();
  });
  return page;
}

Job Queue::cancel(const Caller& caller, const std::string& id) {
  const Rule rule = [&](Job job) { return cancelled(std::move(job), sources_.clock()); };
  return owner_says(caller, id, rule, EventKind::cancelled);
}

Job Queue::edit(const Caller& caller, const std::string& id, const Edit& edit) {
  if (edit.request) check_request(*edit.request, limits_);
  const Rule rule = [&](Job job) { return edited(std::move(job), edit); };
  return owner_says(caller, id, rule, EventKind::edited);
}

Job Queue::move(const Caller& caller, const std::string& id, const std::string& before) {
  Job moved;
  store_.transact([&](Transaction& transaction) {
    const Job job = moved = found(transaction, caller, id);
    edited(job, {});  // refuses unless the job is queued
    const std::vector<Place> places = transaction.places(job.owner, job.priority);
    const std::vector<std::string> order = reordered(places, id, before);
    for (size_t i = 0; i < order.size(); ++i) {
      if (order[i] == places[i].id) continue;
      Job shifted = *transaction.find(order[i]);
      shifted.place = places[i].place;
      transaction.update(shifted);
      if (shifted.id == id) moved = shifted;
    }
    if (moved == job) return;
    transaction.append(event_for(moved, EventKind::moved, transaction.next_sequence(), sources_.clock()));
  });
  return moved;
}

void Queue::remove(const Caller& caller, const std::string& id) {
  bool existed = false;  // remembered for a run after a commit whose answer was lost
  store_.transact([&](Transaction& transaction) {
    if (existed && !transaction.peek(id)) return;
    const Job job = found(transaction, caller, id);
    existed = true;
    transaction.erase(id);
    transaction.append(event_for(job, EventKind::deleted, transaction.next_sequence(), sources_.clock()));
  });
  artifacts_.remove(id);
}

}  // namespace phonofilm::jobs
