# samtools, bcftools and htslib with static libraries
FROM alpine:3.19 AS htslib-builder
ARG HTS=1.20
RUN apk add --no-cache autoconf automake build-base bzip2-dev bzip2-static curl-dev curl-static \
      ncurses-dev ncurses-static perl xz-dev xz-static zlib-dev zlib-static
WORKDIR /src
ADD htslib-${HTS}.tar.bz2 samtools-${HTS}.tar.bz2 bcftools-${HTS}.tar.bz2 ./
RUN set -ex \
  ; for d in htslib samtools bcftools \
  ; do ( cd $d-$HTS && ./configure --prefix=/usr/local && make -j4 LDFLAGS=-static && make install ) \
  ; done

FROM alpine:3.19
LABEL base_image="alpine:3.19"
LABEL version="1"
LABEL software="samtools"
LABEL software.version="1.20"
LABEL about.summary="Tools (written in C using htslib) for manipulating next-generation sequencing data"
LABEL about.home="https://github.com/samtools/samtools"
LABEL about.license_file="/usr/share/doc/samtools/copyright"
LABEL extra.identifiers.biotools=samtools
RUN apk add --no-cache bash
COPY --from=htslib-builder /usr/local/bin/* /usr/local/bin/
RUN addgroup -g 1000 biodocker && adduser -D -G biodocker -u 1000 biodocker && mkdir /data && chown biodocker /data
USER biodocker
VOLUME ["/data", "/config"]
WORKDIR /data/
CMD ["samtools"]
