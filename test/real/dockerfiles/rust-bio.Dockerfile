# escape=\
FROM rust:1.79-slim-bookworm AS chef
RUN cargo install cargo-chef --locked
WORKDIR /app

FROM chef AS planner
COPY . .
RUN cargo chef prepare --recipe-path recipe.json

FROM chef AS builder
COPY --from=planner /app/recipe.json recipe.json
# Dependencies alone: this is the layer that is cached
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=private \
    --mount=type=cache,target=/app/target \
    cargo chef cook --release --recipe-path recipe.json
COPY Cargo.toml Cargo.lock build.rs ./
COPY src src/
COPY benches/ benches/
ENV RUSTFLAGS="-C target-cpu=x86-64-v3" \
    CARGO_TERM_COLOR=never
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=private \
    --mount=type=cache,target=/app/target \
    cargo build --release --bin aligner && \
    install -Dm755 target/release/aligner /out/aligner

FROM debian:bookworm-slim AS runtime
RUN groupadd -r app -g 1001 && useradd -r -g app -u 1001 -m -d /home/app app
COPY --from=builder --chown=app:app --chmod=755 /out/aligner /usr/local/bin/
COPY --chown=1001:1001 ["reference data/", "/home/app/reference data/"]
USER app
WORKDIR /home/app
ENV HOME=/home/app
ENTRYPOINT ["aligner"]
CMD ["--help"]
