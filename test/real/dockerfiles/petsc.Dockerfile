FROM fedora:40
# Everything in one layer, then the sources are gone again
ARG VERSION=3.21.3 SCALAR=real
ARG PREFIX=/opt/petsc-$VERSION-$SCALAR
RUN dnf install -y --setopt=install_weak_deps=False gcc gcc-c++ gcc-gfortran make python3 git diffutils \
        openblas-devel mpich-devel && dnf clean all
RUN source /etc/profile.d/modules.sh && module load mpi && cd /tmp \
 && git clone -q --depth 1 -b "v$VERSION" https://example.org/petsc/petsc.git \
 && cd petsc \
 && { ./configure --prefix=$PREFIX --with-scalar-type=$SCALAR --with-debugging=0 || { tail -n 100 configure.log; exit 1; }; } \
 && make all install \
 && cd / && rm -rf /tmp/petsc
RUN ls $PREFIX/lib/libpetsc.so # comment of the shell, not of docker
ENV PETSC_DIR=$PREFIX PETSC_ARCH=""
ENV PKG_CONFIG_PATH=$PREFIX/lib/pkgconfig
CMD []
ENTRYPOINT []
