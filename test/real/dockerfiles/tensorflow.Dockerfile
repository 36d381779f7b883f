ARG UBUNTU_VERSION=20.04
FROM ubuntu:${UBUNTU_VERSION:-20.04} as base
ARG UBUNTU_VERSION

ENV LANG C.UTF-8
RUN apt-get update && apt-get install -y \
    python3 \
    python3-pip

RUN python3 -m pip --no-cache-dir install --upgrade \
    "pip<24" \
    setuptools

# Some TF tools expect a "python" binary
RUN ln -s $(which python3) /usr/local/bin/python

# Options:
#   tensorflow
#   tensorflow-gpu
#   tf-nightly
# Set --build-arg TF_PACKAGE_VERSION=1.11.0rc0 to install a specific version.
ARG TF_PACKAGE=tensorflow
ARG TF_PACKAGE_VERSION=
RUN python3 -m pip install --no-cache-dir ${TF_PACKAGE}${TF_PACKAGE_VERSION:+==${TF_PACKAGE_VERSION}}

COPY bashrc /etc/bash.bashrc
RUN chmod a+rwx /etc/bash.bashrc

RUN mkdir -p /tf/tensorflow-tutorials && chmod -R a+rwx /tf/
RUN apt-get update && apt-get install -y --no-install-recommends wget git
WORKDIR /tf/tensorflow-tutorials
RUN wget https://example.org/tutorials/keras/classification.ipynb \
 && wget https://example.org/tutorials/keras/overfit_and_underfit.ipynb
COPY readme-for-jupyter.md README.md
RUN apt-get autoremove -y
WORKDIR /tf
EXPOSE 8888

RUN python3 -m ipykernel.kernelspec

CMD ["bash", "-c", "source /etc/bash.bashrc && jupyter notebook --notebook-dir=/tf --ip 0.0.0.0 --no-browser --allow-root"]
