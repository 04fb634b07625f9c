"""The knowledge base: reads documents, cuts them into passages, and finds the passages that answer a question."""

import os

os.environ.setdefault(
    "ORT_DISABLE_TELEMETRY", "1"
)  # read by ONNX Runtime as it is imported: nothing leaves this machine
