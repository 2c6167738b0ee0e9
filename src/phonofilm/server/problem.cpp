#include "phonofilm/server/problem.h"

#include <nlohmann/json.hpp>

#include "phonofilm/jobs/refused.h"
#include "phonofilm/server/json_answer.h"

namespace phonofilm::server {
namespace {

const char* type_of(const Problem& problem) {
  switch (problem.status()) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 409:
      return "conflict_error";
    case 429:
      return "rate_limit_error";
    default:
      return problem.status() >= 500 ? "server_error" : "invalid_request_error";
  }
}

Problem problem_of(const jobs::Refused& refused) {
  switch (refused.reason()) {
    case jobs::Refusal::not_found:
      return {404, "not_found", refused.what()};
    case jobs::Refusal::conflict:
      return {409, "idempotency_conflict", refused.what()};
    case jobs::Refusal::queue_full:
      return {429, "queue_full", refused.what(), "", {{"Retry-After", "10"}}};
    case jobs::Refusal::invalid:
      return {400, "invalid_value", refused.what()};
    default:
      return {409, "wrong_state", refused.what()};
  }
}

Problem internal(const std::string& what, std::string& log_text) {
  log_text = what;
  return {500, "internal_error", "the server failed; its log says why under this request's id"};
}

Problem problem_of(const std::exception_ptr& thrown, std::string& log_text) {
  try {
    std::rethrow_exception(thrown);
  } catch (const Problem& problem) {
    return problem;
  } catch (const jobs::Refused& refused) {
    return problem_of(refused);
  } catch (const InvalidRequest& error) {
    return {400, "invalid_value", error.what()};
  } catch (const jobs::StoreError& error) {
    log_text = error.what();
    return {503, "store_unavailable", "the store of jobs cannot be reached; try again", "", {{"Retry-After", "5"}}};
  } catch (const ResourceError& error) {
    log_text = error.what();
    return {503, "disk_full", "the server is out of disk or memory; try later", "", {{"Retry-After", "60"}}};
  } catch (const std::exception& error) {
    return internal(error.what(), log_text);
  } catch (...) {
    return internal("something that is no exception was thrown", log_text);
  }
}

}  // namespace

Response error_response(const Problem& problem) {
  nlohmann::json error{{"message", problem.text()}, {"type", type_of(problem)}, {"code", problem.code()}};
  error["param"] = problem.param().empty() ? nlohmann::json() : nlohmann::json(problem.param());
  Response response = json_response({{"error", std::move(error)}}, problem.status());
  for (const HeaderField& field : problem.headers()) response.headers.push_back(field);
  return response;
}

Response error_response(const std::exception_ptr& thrown, std::string& log_text) {
  return error_response(problem_of(thrown, log_text));
}

}  // namespace phonofilm::server
