// tdgammon-tensorflow: a network run by TensorFlow, from the command line and behind the protocol.
#include <fcntl.h>
#include <unistd.h>

#include "tdgammon/program.h"
#include "tensorflow_model.h"

// TensorFlow's log on standard error begins when its library is loaded, before main. An error of
// this program is one line: it keeps standard error for itself before libraries get to work.
static int kept = -1;
static void turn_away() {
  kept = dup(STDERR_FILENO);
  dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
}
[[gnu::section(".preinit_array"), gnu::used]] static void (*const first)() = turn_away;

int main(int argc, char** argv) {
  using tdgammon::TensorFlowModel;
  return tdgammon::run_program(
      {"tdgammon-tensorflow", "a folder of \"tdgammon export AGENT --to savedmodel\"",
       [](const std::string& path) { return std::make_unique<const TensorFlowModel>(path); },
       kept < 0 ? stderr : fdopen(kept, "w")},
      argc, argv);
}
