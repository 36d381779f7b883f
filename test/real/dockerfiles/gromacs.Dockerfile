#
# GROMACS with CUDA, several instruction sets side by side.
#
ARG CUDA=12.2.2
ARG UBUNTU=22.04
FROM nvidia/cuda:${CUDA}-devel-ubuntu${UBUNTU} AS builder
ARG GMX_VERSION=2024.2
ARG JOBS=8

RUN apt-get update -y \
    && apt-get install -y cmake git python3 wget libfftw3-dev libhwloc-dev \
    && rm -rf /var/lib/apt/lists/*

RUN mkdir -p /gromacs-builds && \
    cd /gromacs-builds && \
    wget -nv https://example.org/gromacs/gromacs-${GMX_VERSION}.tar.gz && \
    tar xf gromacs-${GMX_VERSION}.tar.gz && mv gromacs-${GMX_VERSION} gromacs-src

RUN for ARCH in SSE2 AVX_256 AVX2_256 AVX_512; do \
      mkdir -p /gromacs-builds/build.$ARCH && cd /gromacs-builds/build.$ARCH && \
      CC=gcc CXX=g++ cmake ../gromacs-src \
         -DGMX_OPENMP=ON -DGMX_GPU=CUDA -DGMX_MPI=OFF \
         -DGMX_USE_RDTSCP=ON -DGMX_SIMD=$ARCH \
         -DCMAKE_INSTALL_PREFIX=/gromacs \
         -DGMX_INSTALL_LEGACY_API=OFF \
         -DCMAKE_INSTALL_BINDIR=bin.$ARCH -DCMAKE_INSTALL_LIBDIR=lib.$ARCH && \
      make -j ${JOBS} && make install || exit 1 ; \
    done

# One name that picks the best of them
RUN <<-'SCRIPT' cat > /gromacs/gmx-chooser.py
	#!/usr/bin/env python3
	import os, sys
	flags = next((l for l in open("/proc/cpuinfo") if l.startswith("flags")), "").split()
	best = "AVX_512" if "avx512f" in flags else "AVX2_256" if "avx2" in flags else "SSE2"
	os.execv(f"/gromacs/bin.{best}/gmx", ["gmx", *sys.argv[1:]])
	SCRIPT
RUN chmod 755 /gromacs/gmx-chooser.py && ln -s /gromacs/gmx-chooser.py /gromacs/gmx

FROM nvidia/cuda:${CUDA}-runtime-ubuntu${UBUNTU}
RUN apt-get update -y && apt-get install -y --no-install-recommends libfftw3-3 libgomp1 libhwloc15 python3 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=builder /gromacs /gromacs
ENV PATH=/gromacs:$PATH
ENV GMXLIB="/gromacs/share/gromacs/top"
LABEL description="GROMACS ${GMX_VERSION}" \
      com.example.simd="SSE2 AVX_256 AVX2_256 AVX_512"
WORKDIR /host_pwd
ENTRYPOINT [ "gmx" ]
