#include "tdgammon/error.h"

#include <cstdio>

namespace tdgammon {
namespace {

constexpr std::size_t kLongest = 300;

std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  }
  if (text.size() > kLongest) {
    text.resize(kLongest - 3);
    text += "...";
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

}  // namespace

Error::Error(const std::string& text) : std::runtime_error(one_line(text)) {}

std::string in_quotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text.substr(0, 40)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 32 && byte < 127) {
      out += c;
    } else {
      char hex[5];
      std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned>(byte));
      out += hex;
    }
  }
  return out + (text.size() > 40 ? "...'" : "'");
}

}  // namespace tdgammon
