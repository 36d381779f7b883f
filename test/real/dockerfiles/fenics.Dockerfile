# syntax=docker/dockerfile:1-labs
ARG PETSC_VERSION=3.21.1
ARG SLEPC_VERSION=3.21.0
ARG DOLFINX_CMAKE_CXX_FLAGS="-march=x86-64-v2 -O2"
ARG DOLFINX_CMAKE_BUILD_TYPE="RelWithDebInfo"

FROM ubuntu:24.04 AS dev-env
ARG PETSC_VERSION
ARG SLEPC_VERSION
ARG MPI="mpich"
ENV OPENBLAS_NUM_THREADS=1 \
    OPENBLAS_VERBOSE=0
RUN export DEBIAN_FRONTEND=noninteractive && \
    apt-get -qq update && \
    apt-get -yq --with-new-pkgs -o Dpkg::Options::="--force-confold" upgrade && \
    apt-get -y install \
    clang cmake g++ gfortran libboost-dev libopenblas-dev libpugixml-dev ninja-build pkg-config && \
    if [ "$MPI" = "openmpi" ]; then apt-get -y install libopenmpi-dev; else apt-get -y install libmpich-dev; fi && \
    apt-get clean && \
    rm -rf /var/lib/apt/lists/* /tmp/* /var/tmp/*

RUN git clone --depth=1 -b v${PETSC_VERSION} https://example.org/petsc.git ${PETSC_DIR:-/usr/local/petsc} && \
    cd /usr/local/petsc && \
    PETSC_ARCH=linux-gnu-real64-32 ./configure \
    --COPTFLAGS="-O2" --with-64-bit-indices=no --with-debugging=no \
    --download-hypre --download-mumps --download-scalapack --with-shared-libraries && \
    make PETSC_ARCH=linux-gnu-real64-32 ${MAKEFLAGS} all

COPY --parents --exclude=**/build dolfinx/./cpp dolfinx/./python /src/

FROM dev-env AS dolfinx
ARG DOLFINX_CMAKE_CXX_FLAGS
ARG DOLFINX_CMAKE_BUILD_TYPE
ENV PETSC_DIR=/usr/local/petsc PETSC_ARCH=linux-gnu-real64-32
WORKDIR /src/cpp
RUN cmake -G Ninja -B build -DCMAKE_BUILD_TYPE=${DOLFINX_CMAKE_BUILD_TYPE} -DCMAKE_CXX_FLAGS="${DOLFINX_CMAKE_CXX_FLAGS}" . && \
    ninja -C build install && \
    cd ../python && \
    pip3 install --no-cache-dir --no-build-isolation .
ENV PYTHONPATH=/usr/local/dolfinx-real/lib/python3.12/dist-packages:$PYTHONPATH
WORKDIR /root

FROM dolfinx AS lab
RUN pip3 install --no-cache-dir jupyter jupyterlab
EXPOSE 8888/tcp
ENV SHELL=/bin/bash
ENTRYPOINT ["jupyter", "lab", "--ip", "0.0.0.0", "--no-browser", "--allow-root"]
