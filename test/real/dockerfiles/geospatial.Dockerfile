##
# GDAL, small
##
ARG BASE_IMAGE=ubuntu:24.04
ARG TARGET_BASE_IMAGE=ubuntu:24.04

FROM $BASE_IMAGE AS builder
ARG GCC_ARCH=x86_64
ARG WITH_DEBUG_SYMBOLS=no
ARG JAVA_VERSION=17
ARG DESTDIR="/build"
ARG PROJ_INSTALL_PREFIX=/usr/local
ARG GDAL_REPOSITORY=OSGeo/gdal
ARG GDAL_VERSION=master
USER root
RUN . /etc/os-release && echo "$VERSION_CODENAME" > /codename
COPY ./bh-set-envvars.sh /buildscripts/bh-set-envvars.sh
RUN . /buildscripts/bh-set-envvars.sh \
    && apt-get update -y \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --fix-missing --no-install-recommends \
            build-essential ca-certificates \
            git make ninja-build cmake wget unzip libtool automake \
            zlib1g-dev${APT_ARCH_SUFFIX} libsqlite3-dev${APT_ARCH_SUFFIX} \
    && rm -rf /var/lib/apt/lists/*
COPY ./bh-proj.sh /buildscripts/bh-proj.sh
RUN --mount=type=cache,id=ubuntu-small-proj,target=$HOME/.cache \
    . /buildscripts/bh-set-envvars.sh \
    && /buildscripts/bh-proj.sh
ADD https://example.org/repos/$GDAL_REPOSITORY/commits/${GDAL_VERSION} /tmp/commit.json
RUN --mount=type=cache,id=ubuntu-small-gdal,target=/root/.cache \
    /buildscripts/bh-gdal.sh

FROM $TARGET_BASE_IMAGE AS runner
USER root
RUN date
COPY --from=builder /build_thirdparty/usr/ /usr/
COPY --from=builder  ${DESTDIR:-/build}/usr/local/share/proj/ /usr/local/share/proj/
COPY --from=builder  /build_projgrids/usr/ /usr/
RUN ldconfig
