# One image for Lambda, cron and Kubernetes; see docs/image.md. Built by scripts/build-image.
#
# BASE is an image with Python 3.11 or newer, by digest: name@sha256:…
# RUNTIME may be a smaller one with the same interpreter at the same path.
ARG BASE
ARG RUNTIME=${BASE}

# The dependencies, from the hashes of the lock alone; pip's settings may be given as the secret "pip".
FROM ${BASE} AS dependencies
WORKDIR /build
RUN python3 -m venv /venv
COPY requirements.lock pyproject.toml ./
COPY scripts/supply/locked.py scripts/supply/locked.py
# Terraform is not in the image, nor is what drives it: all that is left has wheels, and nothing is compiled.
RUN python3 -m scripts.supply.locked lambda --without python-terraform > runtime.lock
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    /venv/bin/python -m pip install --no-cache-dir --no-deps --only-binary :all: --require-hashes -r runtime.lock \
 && /venv/bin/python -m pip uninstall --yes pip setuptools
COPY image/trim.py ./
RUN /venv/bin/python trim.py /venv

# scaler itself, apart: it changes more often than what it stands on. It is Python alone, and needs no build.
FROM ${BASE} AS package
COPY LICENSE /app/LICENSE
COPY scaler /app/scaler
COPY terraform /app/scaler/_bundled/terraform
RUN python3 -m compileall -q /app

# What runs: an interpreter, the dependencies, scaler. No compiler, no pip.
FROM ${RUNTIME} AS runtime
LABEL org.opencontainers.image.title="scaler" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY image/without_installers.py /tmp/without_installers.py
RUN python3 /tmp/without_installers.py && rm /tmp/without_installers.py
COPY --from=dependencies /venv /venv
COPY --from=package /app /app
COPY --chmod=0755 image/entrypoint /entrypoint
COPY --chmod=0755 image/scaler /usr/local/bin/scaler
# Nothing is written but below /tmp: the root file system may be read-only, and there need be no home.
ENV PATH=/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONPATH=/app \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    OPENBLAS_NUM_THREADS=1 \
    HOME=/tmp \
    TMPDIR=/tmp \
    XDG_CACHE_HOME=/tmp/.cache \
    MPLCONFIGDIR=/tmp/.matplotlib
WORKDIR /var/task
USER 65532:65532
ENTRYPOINT ["/entrypoint"]
