FROM intel/oneapi-hpckit:2024.1.0-devel-ubuntu22.04 AS oneapi
SHELL ["/bin/bash", "-c"]
ARG QE=7.3.1
ENV FC=mpiifort CC=mpiicc
RUN --mount=type=tmpfs,target=/build \
    --mount=type=bind,source=make.inc,target=/make.inc <<EOF
set -e
source /opt/intel/oneapi/setvars.sh --force
cd /build
curl -fsSL https://example.org/q-e/q-e-qe-$QE.tar.gz | tar xz --strip-components=1
cp /make.inc .
make -j8 pw ph pp
mkdir -p /opt/qe/bin
cp -L bin/* /opt/qe/bin
EOF
RUN ldd /opt/qe/bin/pw.x | awk '/oneapi/ { print $3 }' | sort -u | xargs -I{} cp {} /opt/qe/lib/ || true

FROM ubuntu:22.04
COPY --from=oneapi /opt/qe/ /opt/qe/
COPY --from=oneapi /opt/intel/oneapi/mpi/latest/bin/hydra* /opt/intel/oneapi/mpi/latest/bin/mpiexec* /usr/local/bin/
ENV LD_LIBRARY_PATH=/opt/qe/lib PATH="$PATH:/opt/qe/bin" ESPRESSO_PSEUDO=/pseudo OMP_NUM_THREADS=1
RUN useradd -ms /bin/bash qe
USER qe:qe
WORKDIR /home/qe
ENTRYPOINT ["/bin/sh", "-c", "exec pw.x \"$@\"", "--"]
