FROM rockylinux:8 AS slurm-rpms
ARG SLURM_TAG=slurm-23-11-7-1
RUN set -ex \
    && yum makecache \
    && yum -y install dnf-plugins-core rpm-build git perl munge munge-devel mariadb-devel \
       http-parser-devel json-c-devel pam-devel readline-devel \
    && yum clean all && rm -rf /var/cache/yum
ADD --keep-git-dir=false https://github.com/SchedMD/slurm.git?tag=slurm-23-11-7-1&submodules=false /slurm
RUN --security=sandbox --network=default cd /slurm && ./configure --enable-debug --prefix=/usr --sysconfdir=/etc/slurm && make install

FROM rockylinux:8
ARG GOSU_VERSION=1.17
LABEL org.opencontainers.image.source="https://github.com/example/slurm-docker-cluster" \
      org.opencontainers.image.title="slurm-docker-cluster"
COPY --from=slurm-rpms / /
RUN groupadd -r --gid=990 slurm && useradd -r -g slurm --uid=990 slurm \
    && mkdir -p /etc/sysconfig/slurm /var/spool/slurmd /var/run/slurmd /var/lib/slurmd /var/log/slurm /data \
    && touch /var/lib/slurmd/{node_state,front_end_state,job_state,resv_state,trigger_state,assoc_mgr_state} \
    && chown -R slurm:slurm /var/*/slurm* \
    && /sbin/create-munge-key
COPY slurm.conf slurmdbd.conf /etc/slurm/
COPY --chmod=u=rw,g=r,o= slurmdbd.conf /etc/slurm/slurmdbd.conf
RUN <<EOF cat >> /etc/slurm/cgroup.conf
CgroupAutomount=yes
ConstrainCores=${CORES:-no}
EOF
COPY docker-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
EXPOSE 6817-6819 60001-63000/tcp 111/udp
ENTRYPOINT ["/usr/local/bin/docker-entrypoint.sh"]
CMD ["slurmdbd"]
