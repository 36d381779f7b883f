# syntax=docker/dockerfile:1-labs
# check=error=true;skip=JSONArgsRecommended
# One file with each instruction and each flag.

ARG REG=docker.io/library TAG=12
FROM busybox AS first-of-all

FROM --platform=linux/amd64 ${REG}/debian:${TAG} AS first
MAINTAINER Somebody <somebody@example.org>
ARG NAME=value OTHER
ENV A=1 B="two words" C=a\ b D='$A'
ENV LEGACY some text  with "quotes"
LABEL one=1 "two words"="x y"
SHELL ["/bin/bash", "-c"]
WORKDIR /a
WORKDIR b
USER 1000:100
USER root
ADD --chown=1:1 --chmod=0644 --link --exclude=*.bak vendor.tar.gz /vendor/
ADD --unpack=false vendor.tar.gz /raw/
ADD --unpack --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d https://example.org/x.tar.gz /x/
ADD --keep-git-dir=true git@git.example.org:group/project.git#main:sub /git/
COPY --chown=root:root --chmod=u=rwX,go=rX --exclude=*.o --parents a/./b/**/*.c /src/
COPY --link f* ./
COPY --from=first-of-all --link /bin/true /bin/true
RUN echo plain
RUN ["/bin/echo", "exec form", "$A"]
RUN --mount=type=cache,target=/c,id=c,sharing=shared,uid=1,gid=1,mode=0700 \
    --mount=type=bind,from=busybox:1.36,source=/bin,target=/bb,rw \
    --mount=type=tmpfs,target=/t,size=1g \
    --mount=type=secret,id=s,target=/s,required=true,uid=1,gid=1,mode=0440 \
    --mount=type=secret,id=e,env=SECRET \
    --mount=type=ssh,id=default,required \
    --network=none --security=sandbox <<one cat - <<-'two' && true
1
one
	2
	two
EXPOSE 80/tcp 443 5000-5010/udp
VOLUME /v1 /v2
VOLUME ["/v 3"]
STOPSIGNAL 9
HEALTHCHECK --interval=1m --timeout=1s --start-period=0s --start-interval=2s --retries=5 CMD ["true"]
ONBUILD RUN echo child
ONBUILD COPY <<EOF /from-trigger
$A
EOF
CMD ["echo"]
ENTRYPOINT exec "$0" "$@"

FROM first AS second
RUN --mount=from=first,source=/from-trigger,target=/f true
COPY --from=1 /from-trigger /again
COPY --from=FIRST /from-trigger /again2
HEALTHCHECK NONE
ENTRYPOINT []
CMD []
