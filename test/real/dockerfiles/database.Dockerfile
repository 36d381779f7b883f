FROM postgres:16-bookworm AS build
RUN set -eux; \
	apt-get update; \
	apt-get install -y --no-install-recommends build-essential postgresql-server-dev-16 git; \
	rm -rf /var/lib/apt/lists/*
RUN git clone --depth 1 --branch v0.7.2 https://example.org/pgvector.git /src && make -C /src OPTFLAGS="" DESTDIR=/out install

FROM postgres:16-bookworm
COPY --from=build /out/ /
COPY --chown=postgres:postgres --chmod=0644 <<-"init.sql" <<-roles.sql /docker-entrypoint-initdb.d/
	CREATE EXTENSION IF NOT EXISTS vector;
	-- $not_expanded
	init.sql
	CREATE ROLE ${APP_ROLE:-science} LOGIN;
	roles.sql
ENV POSTGRES_INITDB_ARGS="--data-checksums --locale-provider=icu --icu-locale=en" PGDATA=/var/lib/postgresql/data/pgdata
STOPSIGNAL SIGINT
HEALTHCHECK --interval=10s --timeout=5s --start-period=1m CMD pg_isready -U "${POSTGRES_USER:-postgres}" || exit 1
EXPOSE 5432
