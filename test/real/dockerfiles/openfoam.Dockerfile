FROM ubuntu:noble
ARG OPENFOAM_VERSION=12
ARG USER_ID=98765

# Silence the questions of packages
ARG DEBIAN_FRONTEND=noninteractive
RUN ln -snf /usr/share/zoneinfo/UTC /etc/localtime && echo UTC > /etc/timezone \
 && apt-get update \
 && apt-get install -y vim ssh sudo wget software-properties-common \
 && sh -c "wget -O - https://example.org/gpg.key > /etc/apt/trusted.gpg.d/openfoam.asc" \
 && add-apt-repository -y http://example.org/ubuntu \
 && apt-get update \
 && apt-get install -y --no-install-recommends openfoam${OPENFOAM_VERSION} \
 && rm -rf /var/lib/apt/lists/* \
 && echo "source /opt/openfoam${OPENFOAM_VERSION}/etc/bashrc" >> /etc/bash.bashrc \
 && echo "export OMPI_MCA_btl_vader_single_copy_mechanism=none" >> /etc/bash.bashrc

RUN useradd --user-group --create-home --shell /bin/bash --uid ${USER_ID} foam ;\
	echo "foam ALL=(ALL) NOPASSWD: ALL" > /etc/sudoers.d/foam
USER foam
ENV HOME=/home/foam \
    WM_PROJECT_USER_DIR=/home/foam/OpenFOAM/foam-${OPENFOAM_VERSION}
RUN mkdir -p $WM_PROJECT_USER_DIR/run
WORKDIR ${WM_PROJECT_USER_DIR}/run

SHELL ["/bin/bash", "-c"]
ENTRYPOINT source /opt/openfoam12/etc/bashrc; exec "${@:-bash}" "$0"
CMD ["foamVersion"]
