# syntax=docker/dockerfile:1.6

ARG GO_VERSION=1.22
ARG ALPINE_VERSION=3.20

FROM --platform=${BUILDPLATFORM} golang:${GO_VERSION}-alpine${ALPINE_VERSION} AS base
ENV CGO_ENABLED=0 GOFLAGS=-mod=readonly
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=ssh \
    go mod download -x

FROM base AS test
RUN --mount=type=bind,target=. \
    --mount=type=cache,target=/root/.cache/go-build \
    --mount=type=cache,target=/go/pkg/mod \
    --mount=type=tmpfs,target=/tmp/test,size=256m \
    --network=none \
    go test ./...

FROM base AS build
ARG TARGETOS TARGETARCH
ARG VERSION=dev COMMIT
RUN --mount=target=. --mount=type=cache,target=/root/.cache/go-build --mount=type=cache,target=/go/pkg/mod <<EOT
set -e
export GOOS=$TARGETOS GOARCH=$TARGETARCH
go build -trimpath -ldflags "-s -w -X main.version=${VERSION} -X main.commit=${COMMIT:-none}" -o /out/tool ./cmd/tool
EOT

FROM scratch AS binaries
COPY --link --from=build /out/* /

FROM gcr.io/distroless/static:nonroot AS release
COPY --link --from=build /out/tool /usr/local/bin/tool
COPY --link --from=alpine:3.20 /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
USER nonroot:nonroot
ENTRYPOINT ["/usr/local/bin/tool"]
