-- How far a simulation's walk along the log is, before it knows its tickets.
ALTER TABLE sla_simulations
    ADD COLUMN events_done  bigint,
    ADD COLUMN events_total bigint;
