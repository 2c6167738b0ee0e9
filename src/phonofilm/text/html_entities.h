// Character references of HTML (&amp; &#233; &#xE9;) as the characters they stand for. The named ones are all 2,231 of
// HTML 5, looked up by a parser of that standard.
#pragma once

#include <string>
#include <string_view>

namespace phonofilm::text {

// By the rules of browsers (HTML 5, "character reference state"), which forgive a missing semicolon where the name is an
// old one: "&copy2024" reads "©2024", "&notit;" reads "¬it;". Numbers of no character give U+FFFD, of control characters
// nothing, 128 to 159 what Windows-1252 has there. Unknown names stay. UTF-8 in, UTF-8 out.
std::string unescape_html(std::string_view text);

// Only what cannot mean anything else: complete references that end in a semicolon, and those that come about by that:
// "&amp;lt;" reads "<".
std::string unescape_complete_references(std::string_view text);

}  // namespace phonofilm::text
