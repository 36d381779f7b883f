FROM rocker/r-ver:4.4.1
MAINTAINER The statistics group <stats@example.org>

ENV S6_VERSION=v2.1.0.2 \
    RSTUDIO_VERSION=2024.04.2+764 \
    DEFAULT_USER=rstudio
ENV PATH=/usr/lib/rstudio-server/bin:$PATH

COPY scripts /rocker_scripts
COPY install.R DESCRIPTION renv.lock ./

RUN /rocker_scripts/install_pandoc.sh 2.19.2
RUN apt-get update -qq && apt-get -y --no-install-recommends install \
  libxml2-dev libcairo2-dev libgit2-dev default-libmysqlclient-dev \
  libpq-dev libsasl2-dev libsqlite3-dev libssh2-1-dev libxtst6 libcurl4-openssl-dev unixodbc-dev && \
  rm -rf /var/lib/apt/lists/*

RUN ["R", "-e", "install.packages('renv', repos = c(CRAN = 'https://example.org/cran'))"]
RUN R --quiet -e "options(warn = 2); renv::restore()" \
 && R -e 'cat(.libPaths(), sep = "\n")'
RUN Rscript -e " \
    pkgs <- c('data.table', 'ggplot2'); \
    for (p in pkgs) if (!require(p, character.only = TRUE)) stop(p) \
    "

EXPOSE 8787
VOLUME /home/${DEFAULT_USER}/kitematic
STOPSIGNAL SIGTERM
HEALTHCHECK NONE

ONBUILD COPY . /home/rstudio/project
ONBUILD RUN cd /home/rstudio/project && Rscript -e 'renv::restore()'

CMD ["/init"]
