// The handlers of the routes, one group for each file. They throw Problem, jobs::Refused and what the queue throws.
#pragma once

#include "phonofilm/server/api.h"

namespace phonofilm::server {

// jobs_api.cpp
Response submit_job(Call& call);
Response list_jobs(Call& call);
Response get_job(Call& call);
Response edit_job(Call& call);
Response delete_job(Call& call);
Response cancel_job(Call& call);
Response move_job(Call& call);

// events_api.cpp
Response job_events(Call& call);
Response all_events(Call& call);

// files_api.cpp
Response get_job_file(Call& call);
Response add_upload(Call& call);
Response get_upload(Call& call);
Response delete_upload(Call& call);

// about_api.cpp
Response list_models(Call& call);
Response request_schema(Call& call);
Response capabilities(Call& call);
Response show_limits(Call& call);
Response livez(Call& call);
Response readyz(Call& call);
Response metrics_text(Call& call);

// openapi.cpp
Response openapi(Call& call);

// videos_api.cpp
Response create_video(Call& call);
Response list_videos(Call& call);
Response get_video(Call& call);
Response delete_video(Call& call);
Response video_content(Call& call);
Response list_openai_models(Call& call);

}  // namespace phonofilm::server
