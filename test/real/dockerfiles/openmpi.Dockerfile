# syntax=docker/dockerfile:1
# Open MPI with UCX, built from source, and a small image that only runs programs.

ARG DEBIAN=12
FROM debian:${DEBIAN} AS toolchain
ARG DEBIAN_FRONTEND=noninteractive
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      build-essential \
      ca-certificates \
      curl \
      # needed by UCX's configure
      libnuma-dev \
      pkg-config \
 && rm -rf /var/lib/apt/lists/*

FROM toolchain AS ucx
ARG UCX_VERSION=1.17.0
WORKDIR /usr/src/ucx
RUN curl -fsSL "https://example.org/ucx/v${UCX_VERSION}/ucx-${UCX_VERSION}.tar.gz" | tar -xz --strip-components=1 \
 && ./contrib/configure-release --prefix=/opt/ucx --disable-logging --enable-mt \
 && make -j"$(nproc)" && make install

FROM toolchain AS openmpi
ARG OMPI_VERSION=5.0.5
ARG OMPI_SERIES=${OMPI_VERSION%.*}
COPY --from=ucx /opt/ucx /opt/ucx
ADD https://example.org/software/ompi/v${OMPI_SERIES}/openmpi-${OMPI_VERSION}.tar.bz2 /tmp/
WORKDIR /usr/src/openmpi
RUN tar -xjf /tmp/openmpi-${OMPI_VERSION}.tar.bz2 --strip-components=1 \
 && ./configure \
      --prefix=/opt/openmpi \
      --with-ucx=/opt/ucx \
      --without-verbs \
      --enable-mca-no-build=btl-uct \
      CFLAGS="-O2 -pipe" \
 && make -j"$(nproc)" \
 && make install-strip \
 && rm -rf /opt/openmpi/share/man

FROM debian:${DEBIAN}-slim
LABEL org.opencontainers.image.title="Open MPI" \
      org.opencontainers.image.description="Message passing for clusters" \
      org.opencontainers.image.licenses=BSD-3-Clause
RUN apt-get update && apt-get install -y --no-install-recommends libnuma1 openssh-client && rm -rf /var/lib/apt/lists/*
COPY --from=openmpi /opt/openmpi/ /opt/openmpi/
COPY --from=ucx     /opt/ucx/lib  /opt/ucx/lib
ENV PATH=/opt/openmpi/bin:$PATH \
    LD_LIBRARY_PATH=/opt/openmpi/lib:/opt/ucx/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} \
    OMPI_ALLOW_RUN_AS_ROOT=1 \
    OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
COPY --chmod=0755 <<"EOF" /usr/local/bin/ring-test
#!/bin/sh
exec mpirun --oversubscribe -n "${1:-4}" hostname
EOF
HEALTHCHECK --interval=5m --timeout=10s --retries=2 CMD ompi_info --version || exit 1
WORKDIR /work
ENTRYPOINT ["mpirun"]
CMD ["--version"]
