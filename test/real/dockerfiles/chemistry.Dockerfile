FROM condaforge/mambaforge:24.3.0-0 AS build
COPY --link environment.yaml /tmp/
RUN --mount=type=cache,target=/opt/conda/pkgs mamba env create -p /env -f /tmp/environment.yaml
RUN conda install -c conda-forge conda-pack && conda-pack -p /env -o /tmp/env.tar && \
  mkdir /venv && cd /venv && tar xf /tmp/env.tar && rm /tmp/env.tar && /venv/bin/conda-unpack

FROM debian:buster-slim AS runtime
COPY --from=build /venv /venv
ARG PSI_SCRATCH=/scratch
ENV PSI_SCRATCH=${PSI_SCRATCH} \
    PSIDATADIR=/venv/share/psi4 \
    RDBASE=/venv/share/RDKit
RUN mkdir -p -m 1777 "$PSI_SCRATCH"
SHELL ["/bin/bash", "-c"]
ENTRYPOINT source /venv/bin/activate && \
           psi4 --scratch "$PSI_SCRATCH"
LABEL org.label-schema.schema-version=1.0 org.label-schema.name='Psi4 & RDKit' \
      org.label-schema.build-date=$BUILD_DATE org.label-schema.vcs-ref="${VCS_REF:-unknown}"
LABEL multi.line="one \
two" empty=""
