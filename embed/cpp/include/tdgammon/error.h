// What the library throws: one line that says what is wrong and what would be right.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace tdgammon {

class Error : public std::runtime_error {
 public:
  // The text becomes one line of at most 300 bytes, whatever was put into it.
  explicit Error(const std::string& text);
};

// Returns text from outside in single quotes, cut to 40 bytes, the unprintable as \xNN.
std::string in_quotes(std::string_view text);

}  // namespace tdgammon
