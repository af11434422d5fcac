// tdgammon-embed: a trained network from the command line and behind the player protocol.
#include "tdgammon/model.h"
#include "tdgammon/program.h"

int main(int argc, char** argv) {
  return tdgammon::run_program(
      {"tdgammon-embed", "a file of \"tdgammon export AGENT --to onnx\"",
       [](const std::string& path) { return std::make_unique<const tdgammon::Model>(path); }},
      argc, argv);
}
