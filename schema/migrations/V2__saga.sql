-- The SLA saga: what it knows of each ticket, the timers that follow from it, how far it has read, and who may write.
-- All of it can be computed again from the log.

-- How far the saga has folded each partition. Written in the transaction of the rows below.
CREATE TABLE saga_checkpoints (
    partition smallint NOT NULL,
    position  bigint   NOT NULL DEFAULT 0 CHECK (position >= 0),
    PRIMARY KEY (partition)
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);

-- Who folds each partition and fires its timers. `fence` rises with every take-over: a holder that was away too long
-- finds another fence and writes nothing. The row is updated every second: leave room for in-place (HOT) updates.
CREATE TABLE saga_leases (
    partition  smallint    NOT NULL,
    holder     uuid,
    fence      bigint      NOT NULL DEFAULT 0 CHECK (fence >= 0),
    expires_at timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (partition)
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);

-- The clocks of each ticket that has any. `position` is the last event that changed the row.
CREATE TABLE sla_clocks (
    partition     smallint NOT NULL,
    org_id        uuid     NOT NULL,
    ticket_id     uuid     NOT NULL,
    clocks        json     NOT NULL,
    auto_close_at timestamptz,
    position      bigint   NOT NULL CHECK (position > 0),
    PRIMARY KEY (partition, org_id, ticket_id)
);

-- What comes due, at most one of a kind for each ticket. A row goes when the log says that it is done or void.
CREATE TABLE timers (
    partition      smallint    NOT NULL,
    org_id         uuid        NOT NULL,
    ticket_id      uuid        NOT NULL,
    kind           text        NOT NULL CHECK (kind IN ('first_response', 'resolution', 'auto_close')),
    due_at         timestamptz NOT NULL,
    -- The event that set the timer and the command chain it belongs to: recorded as the cause of what the timer does.
    set_by_event   uuid        NOT NULL,
    correlation_id uuid        NOT NULL,
    PRIMARY KEY (partition, org_id, ticket_id, kind)
);
CREATE INDEX timers_by_due ON timers (partition, due_at, org_id, ticket_id, kind);
