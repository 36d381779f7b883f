FROM --platform=$BUILDPLATFORM mambaorg/micromamba:1.5.8 AS env
ARG MAMBA_USER=mambauser
USER root
RUN echo "channels: [conda-forge, bioconda]" > /etc/condarc
USER $MAMBA_USER
COPY --chown=$MAMBA_USER:$MAMBA_USER environment.yml conda-lock.yml* /tmp/
RUN --mount=type=cache,target=/opt/conda/pkgs,uid=57439,gid=57439,mode=0775 \
    micromamba install -y -n base -f /tmp/environment.yml && \
    micromamba clean --all --yes
ARG MAMBA_DOCKERFILE_ACTIVATE=1  # (otherwise python will not be found)
RUN python -c 'import uuid; print(uuid.uuid4())' > /tmp/my_uuid

FROM gcr.io/distroless/base-debian12
COPY --from=env /opt/conda /opt/conda
COPY --from=env --chown=nonroot:nonroot /tmp/my_uuid /home/nonroot/
ENV PATH=/opt/conda/bin:$PATH CONDA_PREFIX=/opt/conda
USER nonroot
EXPOSE 8888/tcp
STOPSIGNAL SIGINT
ENTRYPOINT ["python", "-m", "http.server"]
CMD ["8888"]
