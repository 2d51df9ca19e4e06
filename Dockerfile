# Easel in a container; docs/container.md says how it is used.
#
#   docker build -t easel .                                                          NVIDIA GPUs, and CPUs
#   docker build -t easel --build-arg TORCH=https://download.pytorch.org/whl/cpu .   CPUs alone, and much smaller
#
# BASE is any image of Debian or Ubuntu with Python 3.11 or newer, or with one among its packages: debian:bookworm-slim,
# python:3.11-slim-bookworm, nvidia/cuda:…-base-ubuntu24.04, or your own. torch brings CUDA's libraries along, and the
# host brings the driver, so the base needs neither.
ARG BASE=debian:bookworm-slim

# What runs Easel, in every stage: the virtual environment finds the very Python that it was made with.
FROM ${BASE} AS base
RUN if ! python3 -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' || ! test -e /etc/ssl/certs/ca-certificates.crt; then \
      apt-get update && apt-get install -y --no-install-recommends ca-certificates python3 && rm -rf /var/lib/apt/lists/*; \
    fi && python3 -c 'import sys; sys.exit("BASE has no Python 3.11 or newer." if sys.version_info < (3, 11) else 0)'

# The libraries: made anew only where pyproject.toml or constraints.txt changed. pip stays outside of what is kept.
FROM base AS libraries
RUN python3 -c 'import ensurepip' || (apt-get update && apt-get install -y --no-install-recommends python3-venv)
RUN python3 -m venv /installer && python3 -m venv --without-pip /opt/easel
# Where torch comes from beside PyPI.
ARG TORCH=
# What else of pyproject.toml is installed, with commas between: onnx (checkers as ONNX files), xformers.
ARG EXTRAS=onnx
# Enlarges by networks and finds faces. Installed without what it asks for, which is a torchvision of torch's own build.
ARG UPSCALE="spandrel einops opencv-python-headless"
WORKDIR /source
COPY pyproject.toml constraints.txt ./
RUN python3 -c 'import sys, tomllib; project = tomllib.load(sys.stdin.buffer)["project"]; \
extras = [each for name in sys.argv[1:] for each in project["optional-dependencies"][name]]; \
print(*project["dependencies"], *extras, sep="\n")' $(echo "$EXTRAS" | tr , ' ') < pyproject.toml > requirements.txt
# What torch brings for compilers and for its own tests is a tenth of the image for CPUs, and nobody's here.
RUN --mount=type=cache,target=/root/.cache/pip \
    /installer/bin/python -m pip --python /opt/easel/bin/python install --no-compile -c constraints.txt \
      ${TORCH:+--extra-index-url "$TORCH"} -r requirements.txt \
 && if [ -n "$UPSCALE" ]; then \
      /installer/bin/python -m pip --python /opt/easel/bin/python install --no-compile -c constraints.txt --no-deps $UPSCALE; \
    fi && rm -rf /opt/easel/lib/python3*/site-packages/torch/include /opt/easel/lib/python3*/site-packages/torch/test
# The final stage is read-only for whoever runs Easel, so what Python would write down is there already. Some files of
# the libraries are for other Pythons, and stay as they are.
RUN /opt/easel/bin/python -m compileall -qq -j 0 --invalidation-mode unchecked-hash /opt/easel/lib || true

# Easel itself, beside the libraries: the one layer that a change of the code changes.
FROM libraries AS code
COPY LICENSE README.md ./
COPY bot bot
COPY cogs cogs
COPY inference inference
COPY playground playground
COPY storage storage
RUN --mount=type=cache,target=/root/.cache/pip \
    /installer/bin/python -m pip --python /opt/easel/bin/python install --no-compile --no-deps --prefix /own . \
 && /opt/easel/bin/python -m compileall -q --invalidation-mode unchecked-hash /own/lib

FROM base
LABEL org.opencontainers.image.title="Easel" \
      org.opencontainers.image.description="A self-hosted Discord bot for making pictures with diffusion models" \
      org.opencontainers.image.licenses="MIT"
# Who runs Easel, and whose the volumes are. Another one suits folders of the host that belong to somebody already.
ARG USER_ID=10001
ARG GROUP_ID=10001
RUN echo "easel:x:$USER_ID:$GROUP_ID:Easel:/tmp:/usr/sbin/nologin" >> /etc/passwd && echo "easel:x:$GROUP_ID:" >> /etc/group \
 && install -d -o "$USER_ID" -g "$GROUP_ID" /data /models /backups /studio
COPY --from=libraries /opt/easel /opt/easel
COPY --from=code /own /opt/easel
# Only /data, /models, /backups and /tmp are written to. LOGNAME is for a user without a name (docker run --user).
ENV PATH=/opt/easel/bin:$PATH \
    LANG=C.UTF-8 \
    HOME=/tmp \
    LOGNAME=easel \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HF_HOME=/models/.cache/huggingface \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    EASEL_DATA_FOLDER=/data \
    EASEL_MODELS_FOLDER=/models \
    EASEL_HEALTH_FILE=/tmp/easel-is-well
USER ${USER_ID}:${GROUP_ID}
# Where easel.toml is read, and where `easel imagine` puts its pictures.
WORKDIR /studio
VOLUME ["/data", "/models"]
# The bot touches the file every five seconds while Discord is connected and the engine runs.
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s --retries=3 \
    CMD test "$(($(date +%s) - $(date -r "$EASEL_HEALTH_FILE" +%s || echo 0)))" -lt 30
STOPSIGNAL SIGTERM
ENTRYPOINT ["easel"]
CMD ["run"]
