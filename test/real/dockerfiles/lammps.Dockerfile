FROM rockylinux:9 AS lammps
RUN yum -y install epel-release dnf-utils \
 && yum-config-manager --enable crb \
 && yum -y install gcc-c++ make cmake git openmpi-devel fftw-devel python3-devel voro++-devel eigen3-devel \
 && yum clean all
SHELL ["/bin/bash", "-lc"]
ADD --keep-git-dir=true https://github.com/lammps/lammps.git#stable_29Aug2024 /lammps
WORKDIR /lammps/build
RUN module load mpi/openmpi-x86_64 \
 && cmake -C ../cmake/presets/most.cmake -C ../cmake/presets/nolib.cmake \
      -D BUILD_SHARED_LIBS=on -D PKG_MPI=on -D CMAKE_INSTALL_PREFIX=/opt/lammps ../cmake \
 && cmake --build . --parallel 4 \
 && cmake --install .

FROM rockylinux:9-minimal
RUN microdnf -y install openmpi fftw-libs-double && microdnf clean all
COPY --from=0 /opt/lammps /opt/lammps
COPY in.* data/ /opt/examples/
ENV PATH=/opt/lammps/bin:/usr/lib64/openmpi/bin:/usr/bin \
    LD_LIBRARY_PATH=/opt/lammps/lib64:/usr/lib64/openmpi/lib
WORKDIR /opt/examples/
CMD lmp -in in.lj
