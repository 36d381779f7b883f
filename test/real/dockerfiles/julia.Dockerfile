FROM buildpack-deps:bookworm-curl
ENV JULIA_PATH /usr/local/julia
ENV PATH $JULIA_PATH/bin:$PATH
# https://julialang.org/juliareleases.asc
ENV JULIA_GPG 3673DF529D9049477F76B37566E3C7DC03D6E495
ENV JULIA_VERSION 1.10.4

RUN set -eux; \
	\
	savedAptMark="$(apt-mark showmanual)"; \
	if ! command -v gpg > /dev/null; then \
		apt-get update; \
		apt-get install -y --no-install-recommends \
			gnupg \
			dirmngr \
		; \
		rm -rf /var/lib/apt/lists/*; \
	fi; \
	\
	arch="$(dpkg --print-architecture)"; \
	case "$arch" in \
		'amd64') \
			url='https://example.org/julia/linux/x64/julia-1.10.4-linux-x86_64.tar.gz'; \
			;; \
		'arm64') \
			url='https://example.org/julia/linux/aarch64/julia-1.10.4-linux-aarch64.tar.gz'; \
			;; \
		*) \
			echo >&2 "error: current architecture ($arch) is not supported"; \
			exit 1; \
			;; \
	esac; \
	\
	curl -fL -o julia.tar.gz "$url"; \
	mkdir "$JULIA_PATH"; \
	tar -xzf julia.tar.gz -C "$JULIA_PATH" --strip-components 1; \
	rm julia.tar.gz; \
	\
	apt-mark auto '.*' > /dev/null; \
	[ -z "$savedAptMark" ] || apt-mark manual $savedAptMark; \
	\
# smoke test
	julia --version

COPY Project.toml Manifest.toml /opt/project/
ENV JULIA_PROJECT=/opt/project JULIA_DEPOT_PATH=/opt/depot: JULIA_NUM_THREADS=auto
RUN julia -e 'using Pkg; Pkg.instantiate(); Pkg.precompile()'
COPY docker-entrypoint.sh /usr/local/bin/
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["julia"]
