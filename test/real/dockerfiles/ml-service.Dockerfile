# syntax=docker/dockerfile:1.7

FROM python:3.12-slim-bookworm AS base
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=off \
    POETRY_HOME="/opt/poetry" \
    POETRY_VIRTUALENVS_IN_PROJECT=true \
    PYSETUP_PATH="/opt/pysetup" \
    VENV_PATH="/opt/pysetup/.venv"
ENV PATH="$POETRY_HOME/bin:$VENV_PATH/bin:$PATH"

FROM base AS builder-base
RUN apt-get update && apt-get install --no-install-recommends -y curl build-essential
RUN --mount=type=secret,id=pypi_token,env=PIP_INDEX_TOKEN curl -sSL https://example.org/install-poetry.py | python3 -
WORKDIR $PYSETUP_PATH
COPY poetry.lock pyproject.toml ./
RUN --mount=type=cache,target=/root/.cache/pypoetry,sharing=locked poetry install --only main

FROM builder-base AS development
ENV FASTAPI_ENV=development
RUN poetry install --with dev
WORKDIR /app
EXPOSE 8000
CMD ["uvicorn", "--reload", "main:app"]

FROM base AS production
ENV FASTAPI_ENV=production
COPY --from=builder-base $PYSETUP_PATH $PYSETUP_PATH
COPY --exclude=tests --exclude=**/__pycache__ ./app /app/
RUN <<EOF
#!/usr/bin/env python3
import compileall, sys
sys.exit(0 if compileall.compile_dir("/app", quiet=1) else 1)
EOF
WORKDIR /app
ARG PORTS="8000 9090/tcp"
EXPOSE $PORTS
USER 65534
CMD exec gunicorn -k uvicorn.workers.UvicornWorker --bind :8000 main:app
