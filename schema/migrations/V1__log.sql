-- The log and what an append touches. Every table that an append joins has `partition` first in every key,
-- so that the whole append stays on one node when the tables are distributed by it.

-- The sequencer: one row per partition. `chain` is the hash of the event at `position`, 32 zero bytes before the first.
-- The row is updated by every append: leave room in the page for in-place (HOT) updates and vacuum early.
CREATE TABLE log_heads (
    partition smallint NOT NULL CHECK (partition >= 0),
    position  bigint   NOT NULL DEFAULT 0 CHECK (position >= 0),
    chain     bytea    NOT NULL DEFAULT decode(repeat('00', 32), 'hex') CHECK (octet_length(chain) = 32),
    PRIMARY KEY (partition)
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0,
        autovacuum_vacuum_cost_delay = 0);

-- Partition ids are data; this is only how many a new installation starts with.
INSERT INTO log_heads (partition) SELECT generate_series(0, 15)::smallint;

-- `json` and not `jsonb`: the exact bytes that were hashed must come back.
CREATE TABLE events (
    partition      smallint    NOT NULL,
    position       bigint      NOT NULL CHECK (position > 0),
    org_id         uuid        NOT NULL,
    stream_type    text        NOT NULL CHECK (stream_type <> ''),
    stream_id      uuid        NOT NULL,
    version        bigint      NOT NULL CHECK (version > 0),
    event_id       uuid        NOT NULL,
    type           text        NOT NULL CHECK (type <> ''),
    schema_version smallint    NOT NULL CHECK (schema_version > 0),
    data           json        NOT NULL,
    metadata       json        NOT NULL,
    occurred_at    timestamptz NOT NULL,
    recorded_at    timestamptz NOT NULL,
    hash           bytea       NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (partition, position),
    UNIQUE (partition, stream_id, version)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);

CREATE TABLE command_results (
    partition       smallint    NOT NULL,
    org_id          uuid        NOT NULL,
    idempotency_key text        NOT NULL CHECK (char_length(idempotency_key) BETWEEN 1 AND 255),
    request_hash    bytea       NOT NULL CHECK (octet_length(request_hash) = 32),
    answer          json        NOT NULL,
    position        bigint      NOT NULL CHECK (position >= 0),
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (partition, org_id, idempotency_key)
);

-- Look-ups across partitions are small tables keyed by what is looked up.
CREATE TABLE organization_placements (
    org_id    uuid     NOT NULL,
    partition smallint NOT NULL,
    PRIMARY KEY (org_id)
);

CREATE TABLE organization_slugs (
    slug   text NOT NULL CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    org_id uuid NOT NULL,
    PRIMARY KEY (slug)
);

-- History is not rewritten. The refusal by trigger holds for the owner of the table too; correctness of an append
-- does not depend on it, so an engine without triggers relies on the grants below; only a superuser passes those.
CREATE FUNCTION refuse_change_of_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the log is append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER events_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();

-- The owner is who runs the migrations, and may well be who runs the product.
REVOKE UPDATE, DELETE, TRUNCATE ON events FROM PUBLIC, CURRENT_USER;

-- Appends a batch to one partition in one call: moves the head from the known to the new state if it still is the known
-- one, every stream is at its expected version and no idempotency key is used, then writes all rows.
-- Returns the number of rows written, which is all of them or 0. Nothing else tells the caller why it was 0:
-- the caller then takes the head's lock and looks.
-- The LIMIT 1 of both look-ups keeps them one index probe per row, whatever the statistics say.
-- `version >= expected` spares a long stream: a stream that is behind shows no row then, which is not its expected version.
CREATE FUNCTION append_events(
    in_partition smallint,
    known_position bigint, known_chain bytea,
    new_position bigint, new_chain bytea,
    in_recorded_at timestamptz,
    event_org_ids uuid[], event_stream_types text[], event_stream_ids uuid[], event_versions bigint[],
    event_ids uuid[], event_types text[], event_schema_versions smallint[],
    event_data text[], event_metadata text[], event_occurred_at timestamptz[], event_hashes bytea[],
    stream_org_ids uuid[], stream_types text[], stream_ids uuid[], stream_expected bigint[],
    result_org_ids uuid[], result_keys text[], result_hashes bytea[], result_answers text[], result_positions bigint[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    events_written  bigint := 0;
    results_written bigint := 0;
BEGIN
    UPDATE log_heads h
       SET position = new_position, chain = new_chain
     WHERE h.partition = in_partition AND h.position = known_position AND h.chain = known_chain
       AND NOT EXISTS (
           SELECT 1
             FROM unnest(stream_org_ids, stream_types, stream_ids, stream_expected) AS s(org_id, stream_type, id, expected)
             LEFT JOIN LATERAL (
                 SELECT e.version, e.org_id, e.stream_type
                   FROM events e
                  WHERE e.partition = in_partition AND e.stream_id = s.id AND e.version >= s.expected
                  ORDER BY e.version DESC
                  LIMIT 1
             ) last ON true
            WHERE coalesce(last.version, 0) <> s.expected
               OR last.org_id <> s.org_id OR last.stream_type <> s.stream_type)
       AND NOT EXISTS (
           SELECT 1
             FROM unnest(result_org_ids, result_keys) AS r(org_id, idempotency_key)
            CROSS JOIN LATERAL (
                 SELECT 1
                   FROM command_results c
                  WHERE c.partition = in_partition AND c.org_id = r.org_id AND c.idempotency_key = r.idempotency_key
                  LIMIT 1
             ) used);
    IF NOT FOUND THEN
        RETURN 0;
    END IF;

    IF cardinality(event_ids) > 0 THEN
        INSERT INTO events (partition, position, org_id, stream_type, stream_id, version, event_id, type, schema_version,
                            data, metadata, occurred_at, recorded_at, hash)
        SELECT in_partition, known_position + n.ordinality, n.org_id, n.stream_type, n.stream_id, n.version, n.event_id,
               n.type, n.schema_version, n.data::json, n.metadata::json, n.occurred_at, in_recorded_at, n.hash
          FROM unnest(event_org_ids, event_stream_types, event_stream_ids, event_versions, event_ids, event_types,
                      event_schema_versions, event_data, event_metadata, event_occurred_at, event_hashes)
               WITH ORDINALITY
               AS n(org_id, stream_type, stream_id, version, event_id, type, schema_version, data, metadata,
                    occurred_at, hash, ordinality);
        GET DIAGNOSTICS events_written = ROW_COUNT;
    END IF;

    IF cardinality(result_keys) > 0 THEN
        INSERT INTO command_results (partition, org_id, idempotency_key, request_hash, answer, position, created_at)
        SELECT in_partition, r.org_id, r.idempotency_key, r.request_hash, r.answer::json, r.position, in_recorded_at
          FROM unnest(result_org_ids, result_keys, result_hashes, result_answers, result_positions)
               AS r(org_id, idempotency_key, request_hash, answer, position);
        GET DIAGNOSTICS results_written = ROW_COUNT;
    END IF;

    RETURN events_written + results_written;
END
$$;
