-- What-if simulations: what was asked, how far it is, and what came of it. No events: nothing of the organization changes.
CREATE TABLE sla_simulations (
    partition        smallint    NOT NULL,
    org_id           uuid        NOT NULL,
    simulation_id    uuid        NOT NULL,
    state            text        NOT NULL CHECK (state IN ('queued', 'running', 'completed', 'failed')),
    -- The drafts and the time, as the domain spells them.
    request          jsonb       NOT NULL,
    created_by       uuid        NOT NULL,
    created_at       timestamptz NOT NULL,
    -- How often it was begun: a server that ends puts it back.
    attempts         integer     NOT NULL DEFAULT 0,
    -- Of the server that runs it, by the clock of the database.
    seen_at          timestamptz,
    tickets_done     bigint      NOT NULL DEFAULT 0,
    tickets_total    bigint,
    ended_at         timestamptz,
    as_of            timestamptz,
    -- The numbers of each metric and priority.
    result           jsonb,
    -- All that differ; the first of them are kept.
    difference_count bigint      NOT NULL DEFAULT 0,
    failure          text,
    PRIMARY KEY (partition, org_id, simulation_id)
);
-- One at a time for an organization.
CREATE UNIQUE INDEX sla_simulations_running ON sla_simulations (partition, org_id) WHERE state = 'running';
CREATE INDEX sla_simulations_open ON sla_simulations (partition, created_at) WHERE state IN ('queued', 'running');

-- The waits that are counted otherwise under the drafts.
CREATE TABLE sla_simulation_differences (
    partition      smallint NOT NULL,
    org_id         uuid     NOT NULL,
    simulation_id  uuid     NOT NULL,
    -- In the order in which they were found, from 1.
    place          bigint   NOT NULL,
    ticket_id      uuid     NOT NULL,
    number         bigint   NOT NULL,
    metric         smallint NOT NULL,
    round          integer  NOT NULL,
    -- The outcome; none where it is not counted.
    before         text,
    after          text,
    PRIMARY KEY (partition, org_id, simulation_id, place),
    FOREIGN KEY (partition, org_id, simulation_id)
        REFERENCES sla_simulations (partition, org_id, simulation_id) ON DELETE CASCADE
);
