ARG CUDA_VERSION=12.4.1
FROM nvidia/cuda:${CUDA_VERSION}-base-ubuntu22.04 AS base
ENV NV_CUDA_LIB_VERSION 12.4.1-1

FROM base AS base-amd64
ENV NV_CUDNN_PACKAGE=libcudnn9-cuda-12=9.1.0.70-1
FROM base AS base-arm64
ENV NV_CUDNN_PACKAGE=libcudnn9-cuda-12=9.1.0.70-1 \
    NV_ARM64=1

# The stage that TARGETARCH names
FROM base-${TARGETARCH} AS devel
ARG TARGETARCH
LABEL com.nvidia.cudnn.version="${NV_CUDNN_PACKAGE##*=}" maintainer="HPC <hpc@example.org>"
RUN apt-get update && apt-get install -y --no-install-recommends \
    cuda-nvcc-12-4=${NV_CUDA_LIB_VERSION} \
    cuda-cudart-dev-12-4=${NV_CUDA_LIB_VERSION} \
    ${NV_CUDNN_PACKAGE} \
    && apt-mark hold ${NV_CUDNN_PACKAGE%%=*} && rm -rf /var/lib/apt/lists/*
COPY --from=nvidia/cuda:12.4.1-devel-ubuntu22.04 /usr/local/cuda/samples /samples
WORKDIR /samples
RUN --mount=type=bind,source=patches,target=/patches,ro \
    for p in /patches/*.patch; do patch -p1 < "$p"; done && make -j all
ENV LIBRARY_PATH /usr/local/cuda/lib64/stubs
COPY NGC-DL-CONTAINER-LICENSE /
# Accepts the request to keep the driver's version in mind
ENV NVIDIA_REQUIRE_CUDA="cuda>=12.4 brand=tesla,driver>=470,driver<471 brand=unknown,driver>=470"
CMD ["nvidia-smi", "-L"]
