FROM continuumio/miniconda3:24.5.0-0@sha256:0000000000000000000000000000000000000000000000000000000000000001
LABEL authors="the pipeline" \
      description="Docker image containing all software requirements for the pipeline"
# Install the conda environment
COPY environment.yml /
RUN conda env create --quiet -f /environment.yml && conda clean -a

# Add conda installation dir to PATH (instead of doing 'conda activate')
ENV PATH /opt/conda/envs/nf-core-rnaseq-3.14/bin:$PATH

# Dump the details of the installed packages to a file for posterity
RUN conda env export --name nf-core-rnaseq-3.14 > nf-core-rnaseq-3.14.yml

# Instruct R processes to use these empty files instead of clashing with a local version
RUN touch .Rprofile
RUN touch .Renviron
ENTRYPOINT ["/bin/bash", "-c"]
CMD ["nextflow -version"]
