#include "tdgammon/model.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

// The C API is taken by hand, because a library that is too old answers a null pointer.
#define ORT_API_MANUAL_INIT
#include <onnxruntime_cxx_api.h>

#include "tdgammon/error.h"

namespace tdgammon {
namespace {

// Positions given to the network at once: more would only cost memory.
constexpr std::size_t kBatch = 1024;

constexpr const char* kInputs[] = {"board"};
constexpr const char* kOutputs[] = {"outcomes", "equity"};
constexpr const char* kInterface =
    "a model needs the input board int8[N, 2, 25] and the outputs outcomes float32[N, 5] and "
    "equity float32[N], as \"tdgammon export --to onnx\" writes them";

Ort::Env& environment() {
  const OrtApi* api = OrtGetApiBase()->GetApi(ORT_API_VERSION);
  if (api == nullptr) {
    throw Error(std::string("ONNX Runtime ") + OrtGetApiBase()->GetVersionString() +
                " is too old; this program needs 1." + std::to_string(ORT_API_VERSION) +
                " or newer");
  }
  Ort::InitApi(api);
  // Errors come back as exceptions; the log would only say them a second time.
  static Ort::Env env(ORT_LOGGING_LEVEL_FATAL, "tdgammon");
  return env;
}

struct Expected {
  const char* name;
  ONNXTensorElementDataType type;
  std::vector<std::int64_t> shape;  // without N
};

// Throws Error unless a tensor is the expected one, its first length free.
void check(const std::string& name, const Ort::TypeInfo& info, const Expected& expected) {
  const auto wrong = [&](const std::string& what) {
    return Error("the model's " + in_quotes(name) + " " + what + "; " + kInterface);
  };
  if (name != expected.name) throw wrong("is not known");
  if (info.GetONNXType() != ONNX_TYPE_TENSOR) throw wrong("is not a tensor");
  const auto tensor = info.GetTensorTypeAndShapeInfo();
  if (tensor.GetElementType() != expected.type) throw wrong("has another type of numbers");
  const std::vector<std::int64_t> shape = tensor.GetShape();
  if (shape.size() != expected.shape.size() + 1) throw wrong("has another rank");
  if (shape[0] >= 0) throw wrong("has a fixed batch of " + std::to_string(shape[0]));
  for (std::size_t i = 0; i < expected.shape.size(); ++i) {
    // An exporter may leave a length of an output open; running the net shows it.
    if (shape[i + 1] >= 0 && shape[i + 1] != expected.shape[i]) throw wrong("has another shape");
  }
}

void check_interface(const Ort::Session& session) {
  Ort::AllocatorWithDefaultOptions allocator;
  if (session.GetInputCount() != 1 || session.GetOutputCount() != 2) {
    throw Error("the model has " + std::to_string(session.GetInputCount()) + " inputs and " +
                std::to_string(session.GetOutputCount()) + " outputs; " + kInterface +
                "; networks that remember are not played here");
  }
  check(session.GetInputNameAllocated(0, allocator).get(), session.GetInputTypeInfo(0),
        {kInputs[0], ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8, {2, 25}});
  const auto output = [&](std::size_t i) {
    return std::string(session.GetOutputNameAllocated(i, allocator).get());
  };
  // The outputs may stand in either order.
  const std::size_t at = output(0) == kOutputs[0] ? 0 : 1;
  check(output(at), session.GetOutputTypeInfo(at),
        {kOutputs[0], ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, {5}});
  check(output(1 - at), session.GetOutputTypeInfo(1 - at),
        {kOutputs[1], ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, {}});
}

Ort::Session open_session(const std::string& path, int threads) {
  if (threads < 1 || threads > 256) throw Error("threads must be from 1 to 256");
  if (std::error_code ignored; !std::filesystem::is_regular_file(path, ignored)) {
    throw Error("there is no file " + in_quotes(path));
  }
  if (!std::ifstream(path).good()) throw Error("the file " + in_quotes(path) + " cannot be read");
  Ort::Env& env = environment();
  Ort::SessionOptions options;
  options.SetIntraOpNumThreads(threads);
  options.SetInterOpNumThreads(1);
  return Ort::Session(env, path.c_str(), options);
}

std::string name_of(const Ort::Session& session, const std::string& path) {
  Ort::AllocatorWithDefaultOptions allocator;
  const auto text =
      session.GetModelMetadata().LookupCustomMetadataMapAllocated("agent", allocator);
  if (text != nullptr && text.get()[0] != '\0') return text.get();
  return std::filesystem::path(path).stem().string();
}

bool finite(const float* values, std::size_t n) {
  return std::all_of(values, values + n, [](float value) { return std::isfinite(value); });
}

}  // namespace

struct Model::Session {
  Ort::Session session;
  Ort::MemoryInfo memory;
  std::string name;

  void run(const Board* boards, std::size_t n, float* outcomes, float* equities) {
    const auto size = static_cast<std::int64_t>(n);
    const std::int64_t in[] = {size, 2, 25};
    const std::int64_t five[] = {size, 5};
    const std::int64_t one[] = {size};
    // Inputs are never written to; the API has no type that says so.
    auto* data = const_cast<std::int8_t*>(boards->data()->data());
    const Ort::Value input = Ort::Value::CreateTensor<std::int8_t>(memory, data, n * 50, in, 3);
    Ort::Value outputs[] = {
        Ort::Value::CreateTensor<float>(memory, outcomes, n * 5, five, 2),
        Ort::Value::CreateTensor<float>(memory, equities, n, one, 1),
    };
    session.Run(Ort::RunOptions{nullptr}, kInputs, &input, 1, kOutputs, outputs, 2);
    if (!finite(outcomes, n * 5) || !finite(equities, n)) {
      throw Error("the network answered what is not a finite number");
    }
  }
};

Model::Model(const std::string& path, int threads) {
  try {
    Ort::Session session = open_session(path, threads);
    check_interface(session);
    std::string name = name_of(session, path);
    auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
    session_.reset(new Session{std::move(session), std::move(memory), std::move(name)});
    // Only running shows whether the outputs are as long as they should be. This warms up, too.
    const std::vector<Board> boards(3, start());
    std::vector<float> outcomes(15);
    std::vector<float> equities(3);
    run(boards.data(), boards.size(), outcomes.data(), equities.data());
  } catch (const Ort::Exception& error) {
    throw Error("the file " + in_quotes(path) + " is not a model that ONNX Runtime can run: " +
                error.what());
  }
}

Model::~Model() = default;
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;

const std::string& Model::name() const { return session_->name; }

void Model::run(const Board* boards, std::size_t n, float* outcomes, float* equities) const {
  try {
    for (std::size_t at = 0; at < n; at += kBatch) {
      session_->run(boards + at, std::min(kBatch, n - at), outcomes + 5 * at, equities + at);
    }
  } catch (const Ort::Exception& error) {
    throw Error(std::string("the network cannot be run: ") + error.what());
  }
}

}  // namespace tdgammon
