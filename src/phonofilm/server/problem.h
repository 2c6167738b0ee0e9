// What a request ends in when it is not answered: thrown by handlers, sent as the one error shape of all interfaces.
#pragma once

#include <exception>
#include <string>

#include "phonofilm/base/error.h"
#include "phonofilm/server/http.h"

namespace phonofilm::server {

// docs/server_api.md lists the codes. The message is for the client: it never says what only the log should.
class Problem : public Error {
 public:
  Problem(int status, std::string code, const std::string& message, std::string param = "", HeaderFields headers = {})
      : Error("serve", message, 2),
        status_(status),
        code_(std::move(code)),
        text_(message),
        param_(std::move(param)),
        headers_(std::move(headers)) {}
  int status() const { return status_; }
  const std::string& code() const { return code_; }
  const std::string& text() const { return text_; }
  const std::string& param() const { return param_; }  // empty: none
  const HeaderFields& headers() const { return headers_; }

 private:
  int status_;
  std::string code_, text_, param_;
  HeaderFields headers_;
};

Response error_response(const Problem& problem);

// The same for whatever a handler threw: refusals of the queue and invalid requests keep their words, faults of the
// program get a fixed message. log_text: what the log should say, empty for what is the client's own doing.
Response error_response(const std::exception_ptr& thrown, std::string& log_text);

}  // namespace phonofilm::server
