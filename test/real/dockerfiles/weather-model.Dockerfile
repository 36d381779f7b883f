# WRF: two Dockerfiles once, one with several targets now
ARG ENVIRONMENT=gnu
FROM ghcr.io/example/gnu-env:13 AS env-gnu
ENV COMPILER_OPTION=34 FCFLAGS="-O2 -ftree-vectorize"
FROM ghcr.io/example/intel-env:2024.1 AS env-intel
ENV COMPILER_OPTION=15 FCFLAGS="-O2 -xHost"

FROM alpine AS deps
COPY netcdf.tar /tmp/
RUN mkdir -p /opt/netcdf && tar -xf /tmp/netcdf.tar -C /opt/netcdf

FROM env-${ENVIRONMENT} AS build
ARG WRF_VERSION=4.6.0 CASE=em_real
ENV NETCDF=/opt/netcdf WRFIO_NCD_LARGE_FILE_SUPPORT=1 J="-j 4"
WORKDIR /wrf
COPY --from=deps /opt/netcdf /opt/netcdf
ADD WRF-${WRF_VERSION}.tar.gz .
RUN cd WRF-${WRF_VERSION} && printf '%s\n1\n' $COMPILER_OPTION | ./configure \
 && tcsh -c "./compile $CASE >& compile.log" ; \
    test -x main/wrf.exe || { tail -50 compile.log; false; }

FROM env-${ENVIRONMENT}
COPY --from=build /wrf/WRF-*/main/*.exe /wrf/WRF-*/run/*.TBL /usr/local/wrf/
COPY --from=build --parents /wrf/./WRF-4.6.0/run/./*_DATA* /usr/local/wrf/
ENV PATH=/usr/local/wrf:${PATH}
VOLUME /scratch
WORKDIR /scratch
CMD ["wrf.exe"]
