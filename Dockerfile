# syntax=docker/dockerfile:1
# Builds the one binary of InsightDesk and puts it on a small base, under an account of its own.

FROM rust:1-bookworm AS build
WORKDIR /source
COPY . .
RUN cargo build --release --locked --bin insightdesk

FROM debian:bookworm-slim
# curl asks for the health, psql makes the roles of the database.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl postgresql-client \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --no-create-home --shell /usr/sbin/nologin insightdesk
COPY --from=build /source/target/release/insightdesk /usr/local/bin/insightdesk
USER insightdesk
ENV INSIGHTDESK_HTTP_ADDR=0.0.0.0:3001 INSIGHTDESK_LOG_FORMAT=json
EXPOSE 3001
STOPSIGNAL SIGTERM
ENTRYPOINT ["insightdesk"]
CMD ["serve"]
