FROM node:20-bookworm-slim AS deps
WORKDIR /usr/src/app
ENV NPM_CONFIG_UPDATE_NOTIFIER=false NPM_CONFIG_FUND=false
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm --mount=type=secret,id=npmrc,target=/root/.npmrc,required=false \
    npm ci --omit=dev

FROM deps AS build
RUN npm ci
COPY tsconfig*.json ./
COPY --exclude=**/*.test.ts --exclude=fixtures src ./src
COPY public ./public
ARG BASE_URL="/"
ARG SENTRY_DSN=
RUN BASE_URL="$BASE_URL" npm run build -- --base="${BASE_URL}"

FROM nginx:1.27-alpine
COPY --from=build /usr/src/app/dist /usr/share/nginx/html
COPY <<EOF /etc/nginx/conf.d/default.conf
server {
  listen 8080;
  root /usr/share/nginx/html;
  location / { try_files \$uri \$uri/ /index.html; }
}
EOF
RUN sed -i 's/^user .*$//' /etc/nginx/nginx.conf
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s --start-interval=1s \
  CMD ["wget", "-q", "-O", "/dev/null", "http://localhost:8080/"]
STOPSIGNAL SIGQUIT
