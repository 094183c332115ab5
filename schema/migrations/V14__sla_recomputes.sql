-- Changed rules reach open tickets in the background. The saga keeps whose each ticket is and whether it is open, and how far
-- it has carried the changes of each organization. What it knows is computed again from the log: changes of rules up to here
-- are not carried, since tickets were promised to take them with their own next change.

DELETE FROM timers;
DELETE FROM sla_clocks;
ALTER TABLE saga_checkpoints ADD COLUMN carried_from bigint NOT NULL DEFAULT 0 CHECK (carried_from >= 0);
UPDATE saga_checkpoints c SET position = 0, carried_from = h.position FROM log_heads h WHERE h.partition = c.partition;

-- `requester_id` is not known of a stream that does not begin with the opening of a ticket.
ALTER TABLE sla_clocks ADD COLUMN requester_id uuid;
ALTER TABLE sla_clocks ADD COLUMN is_open boolean NOT NULL;
CREATE INDEX sla_clocks_open ON sla_clocks (partition, org_id, ticket_id) WHERE is_open;
CREATE INDEX sla_clocks_open_of_requester ON sla_clocks (partition, org_id, requester_id, ticket_id) WHERE is_open;

-- Changed rules on their way to open tickets. A row is a walk over the tickets of an organization in the order of their ids,
-- or over those of one requester. The walk of an organization stays when it is done, to be seen; that of a requester goes.
CREATE TABLE sla_recomputes (
    partition      smallint    NOT NULL,
    org_id         uuid        NOT NULL,
    -- The organization itself, or the requester.
    scope_id       uuid        NOT NULL,
    -- Which tickets may be touched: every one, those under the settings, those that count by these calendars.
    of_all         boolean     NOT NULL,
    of_settings    boolean     NOT NULL,
    calendar_ids   uuid[]      NOT NULL,
    -- The newest change: its event, the command chain it belongs to, and its place in the log.
    cause_event    uuid        NOT NULL,
    correlation_id uuid        NOT NULL,
    cause_position bigint      NOT NULL CHECK (cause_position > 0),
    -- When the oldest change was made that is not carried to the end.
    since          timestamptz NOT NULL,
    -- The last ticket that was looked at; none at the beginning.
    after_ticket   uuid,
    -- Where a change came in half-way: after the last ticket the walk begins again, and ends here.
    until_ticket   uuid,
    is_second_lap  boolean     NOT NULL,
    tickets_total    bigint    NOT NULL CHECK (tickets_total >= 0),
    tickets_done     bigint    NOT NULL CHECK (tickets_done >= 0),
    tickets_changed  bigint    NOT NULL CHECK (tickets_changed >= 0),
    tickets_refused  bigint    NOT NULL CHECK (tickets_refused >= 0),
    finished_at    timestamptz,
    PRIMARY KEY (partition, org_id, scope_id)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
CREATE INDEX sla_recomputes_unfinished ON sla_recomputes (partition, since, org_id, scope_id) WHERE finished_at IS NULL;
