// A value network that `tdgammon export --to savedmodel` has written, run by TensorFlow's C API.
#pragma once

#include <tensorflow/c/c_api.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tdgammon/error.h"
#include "tdgammon/evaluator.h"

namespace tdgammon {

class TensorFlowModel final : public Evaluator {
 public:
  // Reads the folder of a SavedModel with the operations board int8[N, 2, 25], outcomes
  // float32[N, 5] and equity float32[N]. Throws Error for anything else.
  explicit TensorFlowModel(const std::string& folder) : name_(name_of(folder)) {
    // ConfigProto: one thread within operations, one between them.
    constexpr std::uint8_t config[] = {0x10, 1, 0x28, 1};
    const char* tag = "serve";
    const Owned<TF_SessionOptions> options(TF_NewSessionOptions(), TF_DeleteSessionOptions);
    TF_SetConfig(options.get(), config, sizeof config, status());
    TF_Session* session = TF_LoadSessionFromSavedModel(
        options.get(), nullptr, folder.c_str(), &tag, 1, graph_.get(), nullptr, status());
    check("the folder " + in_quotes(folder) + " is not a model that TensorFlow can run: ");
    session_.reset(session);
    if (TF_GraphOperationByName(graph_.get(), "memory") != nullptr) {
      throw Error("the model has the input 'memory'; networks that remember are not played here");
    }
    board_ = operation("board", TF_INT8, {-1, 2, 25});
    answers_[0] = operation("outcomes", TF_FLOAT, {-1, 5});
    answers_[1] = operation("equity", TF_FLOAT, {-1});
    // Warms up: TensorFlow makes the graph faster when it is run for the first time.
    float outcomes[5], equity;
    const Board board = start();
    run(&board, 1, outcomes, &equity);
  }

  const std::string& name() const override { return name_; }

  void run(const Board* boards, std::size_t n, float* outcomes, float* equities) const override {
    constexpr std::size_t most = 1024;  // More at once would only cost memory.
    for (; n > most; n -= most, boards += most, outcomes += 5 * most, equities += most) {
      run(boards, most, outcomes, equities);
    }
    if (n == 0) return;
    const std::int64_t shape[] = {static_cast<std::int64_t>(n), 2, 25};
    const Owned<TF_Tensor> input(TF_AllocateTensor(TF_INT8, shape, 3, n * 50), TF_DeleteTensor);
    std::memcpy(TF_TensorData(input.get()), boards, n * 50);
    TF_Tensor* const given = input.get();
    TF_Tensor* found[2] = {};
    TF_SessionRun(session_.get(), options_.get(), &board_, &given, 1, answers_, found, 2, nullptr,
                  0, nullptr, status());
    check("the network cannot be run: ");
    copy(Owned<TF_Tensor>(found[0], TF_DeleteTensor), 5 * n, outcomes);
    copy(Owned<TF_Tensor>(found[1], TF_DeleteTensor), n, equities);
  }

 private:
  template <typename T>
  using Owned = std::unique_ptr<T, void (*)(T*)>;

  // How the last call of this thread went.
  static TF_Status* status() {
    thread_local const Owned<TF_Status> one(TF_NewStatus(), TF_DeleteStatus);
    return one.get();
  }

  static void check(const std::string& otherwise) {
    if (TF_GetCode(status()) != TF_OK) throw Error(otherwise + TF_Message(status()));
  }

  TF_Output operation(const char* name, TF_DataType type, std::vector<std::int64_t> shape) const {
    const TF_Output found{TF_GraphOperationByName(graph_.get(), name), 0};
    std::vector<std::int64_t> lengths(8);
    int rank = 0;
    if (found.oper != nullptr && TF_OperationOutputType(found) == type) {
      rank = TF_GraphGetTensorNumDims(graph_.get(), found, status());
      TF_GraphGetTensorShape(graph_.get(), found, lengths.data(), std::min(rank, 8), status());
    }
    lengths.resize(static_cast<std::size_t>(std::clamp(rank, 0, 8)));
    if (lengths == shape) return found;
    throw Error(std::string("the model's '") + name + "' is missing, or of another type or shape; "
                "it needs the operations board int8[N, 2, 25], outcomes float32[N, 5] and equity "
                "float32[N], as \"tdgammon export --to savedmodel\" writes them");
  }

  static std::string name_of(const std::filesystem::path& folder) {
    std::ifstream file(folder / "assets.extra" / "tdgammon.json");
    const auto about = nlohmann::json::parse(file, nullptr, false);
    if (about.contains("agent") && about["agent"].is_string()) return about["agent"];
    return (absolute(folder) / ".").lexically_normal().parent_path().filename().string();
  }

  static void copy(const Owned<TF_Tensor>& tensor, std::size_t n, float* to) {
    if (TF_TensorByteSize(tensor.get()) != n * sizeof(float)) {
      throw Error("the network gave another number of answers than it should");
    }
    std::memcpy(to, TF_TensorData(tensor.get()), n * sizeof(float));
    if (!std::all_of(to, to + n, [](float value) { return std::isfinite(value); })) {
      throw Error("the network answered what is not a finite number");
    }
  }

  // RunOptions: the caller's own thread. That halves the time of a single position.
  static constexpr std::uint8_t kOptions[] = {0x18, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1};
  std::string name_;
  Owned<TF_Graph> graph_{TF_NewGraph(), TF_DeleteGraph};
  Owned<TF_Session> session_{nullptr, [](TF_Session* one) { TF_DeleteSession(one, status()); }};
  Owned<TF_Buffer> options_{TF_NewBufferFromString(kOptions, sizeof kOptions), TF_DeleteBuffer};
  TF_Output board_{}, answers_[2]{};
};

}  // namespace tdgammon
