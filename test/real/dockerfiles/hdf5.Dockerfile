# Parallel HDF5 for the Fortran and C interfaces.
FROM ubuntu:22.04 as base

SHELL ["/bin/bash", "-euxo", "pipefail", "-c"]

ENV DEBIAN_FRONTEND noninteractive
ENV TZ=Etc/UTC

RUN apt-get update; \
    apt-get install --yes gcc g++ gfortran make wget zlib1g-dev libopenmpi-dev; \
    apt-get clean

FROM base AS build

ARG HDF5_MAJOR=1.14
ARG HDF5_MINOR=4
ARG HDF5_PATCH=3
ENV HDF5_VERSION=${HDF5_MAJOR}.${HDF5_MINOR}-${HDF5_PATCH}
ENV HDF5_URL="https://example.org/hdf5-${HDF5_MAJOR/./_}/hdf5-${HDF5_VERSION}.tar.gz"

WORKDIR /build
RUN wget -q -O hdf5.tar.gz "${HDF5_URL}"; \
    echo "09cdb287aa7a89148c1638dd20891fdbae08102cf433ef128fd345338aa237c7  hdf5.tar.gz" > SUM; \
    sha256sum --check SUM; \
    tar xf hdf5.tar.gz --strip-components 1

RUN CC=mpicc FC=mpif90 ./configure \
        --enable-parallel \
        --enable-fortran \
        --with-zlib \
        --prefix=/opt/hdf5 \
    && make -j "$(getconf _NPROCESSORS_ONLN)" \
    # the tests of the parallel part take an hour: leave them out
    && make install

FROM base
COPY --from=build /opt/hdf5 /opt/hdf5
COPY --from=build /build/COPYING /opt/hdf5/share/doc/
ENV HDF5_ROOT=/opt/hdf5
ENV PATH=$HDF5_ROOT/bin:$PATH LD_LIBRARY_PATH=$HDF5_ROOT/lib
RUN echo "$HDF5_ROOT/lib" > /etc/ld.so.conf.d/hdf5.conf; ldconfig
VOLUME ["/data"]
WORKDIR /data
CMD h5dump --version
