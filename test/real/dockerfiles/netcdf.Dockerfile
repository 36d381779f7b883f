FROM almalinux:9 AS builder
LABEL stage=builder

# EPEL and CRB carry what is missing
RUN dnf -y install 'dnf-command(config-manager)' epel-release && \
    dnf config-manager --set-enabled crb && \
    dnf -y groupinstall "Development Tools" && \
    dnf -y install cmake gcc-gfortran libcurl-devel libxml2-devel hdf5-devel m4 && \
    dnf clean all

ARG NETCDF_C=4.9.2
ARG NETCDF_F=4.6.1
ARG PREFIX=/opt/netcdf
ARG JOBS

ENV LD_LIBRARY_PATH=${PREFIX}/lib:${PREFIX}/lib64

ADD --checksum=sha256:990f46d49525d6ab5dc4249f8684c6deeaf54de6fec63a187e9fb382cc0ffdff \
    https://example.org/netcdf-c/v${NETCDF_C}.tar.gz /src/netcdf-c.tar.gz
ADD https://example.org/netcdf-fortran/v${NETCDF_F}.tar.gz /src/netcdf-fortran.tar.gz

RUN set -eux; \
    for part in c fortran; do \
      mkdir -p /src/$part; \
      tar -C /src/$part --strip-components=1 -xf /src/netcdf-$part.tar.gz; \
      cmake -S /src/$part -B /build/$part -DCMAKE_INSTALL_PREFIX=$PREFIX -DENABLE_TESTS=OFF \
            -DCMAKE_PREFIX_PATH=$PREFIX; \
      cmake --build /build/$part -j ${JOBS:-2} --target install; \
    done

FROM almalinux:9-minimal
ARG PREFIX=/opt/netcdf
RUN microdnf -y install libcurl libxml2 libgfortran && microdnf clean all
COPY --from=builder ${PREFIX} ${PREFIX}
ENV PATH="${PREFIX}/bin:${PATH}" \
    LD_LIBRARY_PATH="${PREFIX}/lib:${PREFIX}/lib64"
USER 1000:1000
ENTRYPOINT [ "ncdump" ]
