-- When the requester of a pending ticket is reminded: what the saga knows of a ticket's wait, and the timer that follows.
ALTER TABLE sla_clocks ADD COLUMN reminders json;

ALTER TABLE timers DROP CONSTRAINT timers_kind_check;
ALTER TABLE timers ADD CONSTRAINT timers_kind_check CHECK (kind IN (
    'first_reply', 'next_reply', 'periodic_update', 'pausable_update', 'requester_wait', 'agent_work', 'resolution',
    'auto_close', 'reminder'
));
