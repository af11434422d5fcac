// Reads what "tdgammon export NAME --to plain" writes: a line of JSON, then little-endian float32.
//
// The line says which features go in, how wide the layers are and what bends them; then come, of
// each layer, its kernel [in, out], row by row, and its bias [out]. Nothing else.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace tdgammon {

// What the net throws: one line that says what is wrong.
class NetError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The first line: an object of texts, whole numbers and lists of whole numbers.
class NetHeader {
 public:
  explicit NetHeader(std::string_view line) : rest_(line) {
    expect('{');
    do {
      const std::string name = text();
      expect(':');
      value(name);
    } while (accept(','));
    expect('}');
    if (next() != '\0') wrong();
  }

  // Returns a text as it stands in the file, escapes included.
  const std::string& text_of(const char* name) const { return found(texts_, name); }
  // Returns a list, a number alone as a list of one.
  const std::vector<std::size_t>& numbers_of(const char* name) const {
    return found(numbers_, name);
  }

 private:
  [[noreturn]] static void wrong() { throw NetError("its first line is not what it should be"); }

  template <typename T>
  static const T& found(const std::map<std::string, T>& values, const char* name) {
    const auto at = values.find(name);
    if (at == values.end()) {
      throw NetError(std::string("its first line does not say \"") + name + "\"");
    }
    return at->second;
  }

  char next() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
    return rest_.empty() ? '\0' : rest_.front();
  }

  bool accept(char c) {
    if (next() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void expect(char c) {
    if (!accept(c)) wrong();
  }

  std::string text() {
    expect('"');
    std::size_t end = 0;
    while (end < rest_.size() && rest_[end] != '"') end += rest_[end] == '\\' ? 2 : 1;
    if (end >= rest_.size()) wrong();
    const std::string taken(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return taken;
  }

  std::size_t number() {
    next();
    std::size_t value = 0, digits = 0;
    for (; !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; rest_.remove_prefix(1)) {
      if (++digits > 9) wrong();
      value = 10 * value + static_cast<std::size_t>(rest_[0] - '0');
    }
    if (digits == 0) wrong();
    return value;
  }

  void value(const std::string& name) {
    if (next() == '"') {
      texts_[name] = text();
    } else if (accept('[')) {
      std::vector<std::size_t>& list = numbers_[name];
      if (accept(']')) return;
      do {
        list.push_back(number());
      } while (accept(','));
      expect(']');
    } else {
      numbers_[name] = {number()};
    }
  }

  std::string_view rest_;
  std::map<std::string, std::string> texts_;
  std::map<std::string, std::vector<std::size_t>> numbers_;
};

// What stands in a file: layer i goes from layers[i] numbers to layers[i + 1].
struct NetFile {
  std::string agent, features, activation, checkpoint_sha256;
  std::vector<std::size_t> layers;
  std::vector<float> weights;
};

inline NetFile header_of(std::string_view line) {
  const NetHeader header(line);
  if (header.text_of("format") != "tdgammon-plain") throw NetError("it is of another format");
  if (header.numbers_of("version") != std::vector<std::size_t>{1}) {
    throw NetError("it is of another version; this program reads 1");
  }
  return {header.text_of("agent"),      header.text_of("features"),
          header.text_of("activation"), header.text_of("checkpoint_sha256"),
          header.numbers_of("layers"),  {}};
}

// Returns how many numbers stand behind the first line. Throws NetError for layers of no net.
inline std::size_t count_of(const std::vector<std::size_t>& layers) {
  constexpr std::size_t kWidest = 1 << 20, kMost = std::size_t{1} << 34;
  std::size_t all = 0;
  for (std::size_t i = 0; i + 1 < layers.size(); ++i) {
    if (layers[i] < 1 || layers[i] > kWidest || layers[i + 1] > kWidest) break;
    all += (layers[i] + 1) * layers[i + 1];
    if (all > kMost) break;
    if (i + 2 == layers.size()) return all;
  }
  throw NetError("its layers are of no net");
}

inline float number_at(const unsigned char* bytes) {
  const std::uint32_t bits = bytes[0] | bytes[1] << 8 | bytes[2] << 16 |
                             static_cast<std::uint32_t>(bytes[3]) << 24;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  if ((bits & 0x7F800000) == 0x7F800000) throw NetError("it holds a number that is not finite");
  return value;
}

// Returns the contents of a file. Throws NetError without the file's name.
inline NetFile read_contents(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) throw NetError("there is no such file");
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  std::ifstream in(path, std::ios::binary);
  if (error || !in) throw NetError("it cannot be read");
  std::string line(std::min<std::uintmax_t>(size, 1 << 16), '\0');
  in.read(line.data(), static_cast<std::streamsize>(line.size()));
  const std::size_t end = line.find('\n');
  if (!in || end == std::string::npos) throw NetError("its first line is not what it should be");
  NetFile file = header_of(std::string_view(line).substr(0, end));
  const std::size_t wanted = end + 1 + 4 * count_of(file.layers);
  if (size != wanted) {
    throw NetError("it has " + std::to_string(size) + " bytes instead of " +
                   std::to_string(wanted));
  }
  std::vector<unsigned char> bytes(wanted - end - 1);
  in.seekg(static_cast<std::streamoff>(end + 1));
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!in) throw NetError("it cannot be read");
  for (std::size_t i = 0; i < bytes.size(); i += 4) file.weights.push_back(number_at(&bytes[i]));
  return file;
}

// Returns the contents of a file of "tdgammon export --to plain". Throws NetError for others.
inline NetFile read_net_file(const std::string& path) {
  try {
    return read_contents(path);
  } catch (const NetError& error) {
    throw NetError("'" + path + "' is not a net of \"tdgammon export --to plain\": " +
                   error.what());
  }
}

}  // namespace tdgammon
