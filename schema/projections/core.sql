-- The core read models: what lists, details, messages and histories show.
-- Everything here is derived from the log and can be dropped and rebuilt at any time.
-- Run inside the namespace that is being made (the live one is `core`, one being rebuilt is `core_next`):
-- names are unqualified on purpose. The indexes are in core_indexes.sql, made after a rebuild has filled the tables.
-- Raise CORE_VERSION in schema/src/projection.rs with every change of either file.

CREATE TABLE checkpoints (
    partition        smallint    PRIMARY KEY,
    position         bigint      NOT NULL DEFAULT 0,
    -- Of the program that made these tables: one of another version must not write to them.
    core_version     integer     NOT NULL,
    -- Raised whenever a cache write may have been lost; part of every cache key.
    cache_generation bigint      NOT NULL DEFAULT 1,
    -- The event that could not be applied, and why. The partition stands still until it is dealt with.
    poison_position  bigint,
    poison_reason    text,
    -- Up to here the caches show what the tables show. Less than `position`: the projector that committed may have died
    -- before it wrote them.
    cached_position  bigint      NOT NULL DEFAULT 0,
    updated_at       timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);

CREATE TABLE organizations (
    partition    smallint    NOT NULL,
    org_id       uuid        NOT NULL,
    name         text        NOT NULL,
    slug         text        NOT NULL,
    settings     jsonb       NOT NULL,
    -- The number of the newest ticket: tickets are numbered by counting `ticket.opened`.
    ticket_count bigint      NOT NULL,
    version      bigint      NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    -- Of the event of its own stream that this row shows last; `ticket_count` may be newer.
    position     bigint      NOT NULL,
    PRIMARY KEY (partition, org_id)
);

CREATE TABLE users (
    partition  smallint    NOT NULL,
    org_id     uuid        NOT NULL,
    user_id    uuid        NOT NULL,
    name       text        NOT NULL,
    email      text,
    role       text        NOT NULL CHECK (role IN ('customer', 'agent', 'lead', 'admin')),
    -- The role of the organization's own within it, if they have one.
    role_id    uuid,
    kind       text        NOT NULL CHECK (kind IN ('person', 'machine')),
    -- The company that a customer belongs to.
    company_id uuid,
    active     boolean     NOT NULL,
    version    bigint      NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (partition, org_id, user_id)
);

CREATE TABLE teams (
    partition  smallint    NOT NULL,
    org_id     uuid        NOT NULL,
    team_id    uuid        NOT NULL,
    name       text        NOT NULL,
    -- Whether only its members, and admins, see it and its tickets.
    private    boolean     NOT NULL,
    member_ids uuid[]      NOT NULL,
    version    bigint      NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (partition, org_id, team_id)
);

CREATE TABLE companies (
    partition  smallint    NOT NULL,
    org_id     uuid        NOT NULL,
    company_id uuid        NOT NULL,
    name       text        NOT NULL,
    -- New customers with an address of one of these belong to it.
    domains    text[]      NOT NULL,
    version    bigint      NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (partition, org_id, company_id)
);

CREATE TABLE calendars (
    partition   smallint    NOT NULL,
    org_id      uuid        NOT NULL,
    calendar_id uuid        NOT NULL,
    name        text        NOT NULL,
    -- What it says now: zone, weekly hours, holidays.
    definition  jsonb       NOT NULL,
    retired_at  timestamptz,
    version     bigint      NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    PRIMARY KEY (partition, org_id, calendar_id)
);

-- What a calendar said from a version of its stream on. A row is never changed.
CREATE TABLE calendar_versions (
    partition   smallint    NOT NULL,
    org_id      uuid        NOT NULL,
    calendar_id uuid        NOT NULL,
    version     bigint      NOT NULL,
    name        text        NOT NULL,
    definition  jsonb       NOT NULL,
    valid_from  timestamptz NOT NULL,
    PRIMARY KEY (partition, org_id, calendar_id, version)
);

CREATE TABLE service_levels (
    partition  smallint    NOT NULL,
    org_id     uuid        NOT NULL,
    -- The policies in their order, and the calendars that they may count by: the state as the domain folds it, so that the
    -- projector can go on from here.
    state      jsonb       NOT NULL,
    version    bigint      NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (partition, org_id)
);

-- What a policy said from a version of its own on. A row is never changed.
CREATE TABLE policy_versions (
    partition      smallint    NOT NULL,
    org_id         uuid        NOT NULL,
    policy_id      uuid        NOT NULL,
    policy_version integer     NOT NULL,
    definition     jsonb       NOT NULL,
    valid_from     timestamptz NOT NULL,
    PRIMARY KEY (partition, org_id, policy_id, policy_version)
);

-- What became of each wait that a service level clock measured: reports and lists of attainment count these rows.
CREATE TABLE sla_measures (
    partition      smallint    NOT NULL,
    org_id         uuid        NOT NULL,
    ticket_id      uuid        NOT NULL,
    -- The place in the order of the metrics, from 1.
    metric         smallint    NOT NULL CHECK (metric BETWEEN 1 AND 7),
    -- Which of several waits of the metric.
    round          integer     NOT NULL,
    -- Of the ticket.
    number         bigint      NOT NULL,
    outcome        text        NOT NULL CHECK (outcome IN ('running', 'met', 'breached', 'cancelled')),
    -- The policy that promised it; none where it was the organization's settings.
    policy_id      uuid,
    policy_version integer,
    target_ms      bigint      NOT NULL,
    -- Of the ticket while the wait runs, at the deadline that was missed, else at the end.
    priority       smallint    NOT NULL CHECK (priority BETWEEN 1 AND 4),
    team_id        uuid,
    agent_id       uuid,
    started_at     timestamptz NOT NULL,
    -- The deadline that was missed, else the end, else the start.
    counted_at     timestamptz NOT NULL,
    ended_at       timestamptz,
    -- What it had used when it was reached.
    used_ms        bigint,
    PRIMARY KEY (partition, org_id, ticket_id, metric, round)
);

CREATE TABLE tickets (
    partition                  smallint    NOT NULL,
    org_id                     uuid        NOT NULL,
    ticket_id                  uuid        NOT NULL,
    -- The n-th ticket of its organization, from 1.
    number                     bigint      NOT NULL,
    subject                    text        NOT NULL,
    status                     text        NOT NULL CHECK (status IN ('new', 'open', 'pending', 'on_hold', 'resolved', 'closed')),
    -- low 1, normal 2, high 3, urgent 4: sorted by, shown as a word.
    priority                   smallint    NOT NULL CHECK (priority BETWEEN 1 AND 4),
    channel                    text        NOT NULL,
    requester_id               uuid        NOT NULL,
    requester_name             text        NOT NULL,
    assignee_id                uuid,
    assignee_name              text,
    team_id                    uuid,
    team_name                  text,
    tags                       text[]      NOT NULL,
    custom_fields              jsonb       NOT NULL,
    follow_up_of               uuid,
    follow_up_ids              uuid[]      NOT NULL,
    external_source            text,
    external_id                text,
    -- Counts and the newest message, once for the requester and once with the internal notes.
    public_message_count       integer     NOT NULL,
    note_count                 integer     NOT NULL,
    last_message_id            uuid,
    last_message_at            timestamptz,
    last_message_author_id     uuid,
    last_message_author_name   text,
    -- The first 200 characters of the newest public message; none once it is redacted.
    last_message_excerpt       text,
    reopen_count               integer     NOT NULL,
    created_at                 timestamptz NOT NULL,
    updated_at                 timestamptz NOT NULL,
    -- Of the newest event that the requester may see.
    public_updated_at          timestamptz NOT NULL,
    resolved_at                timestamptz,
    closed_at                  timestamptz,
    auto_close_at              timestamptz,
    -- What each clock shows, by the name of its metric: {"first_reply": {"state": "running", "due_at": ...}}.
    sla                        jsonb       NOT NULL,
    -- The earliest deadline that still runs and was not breached.
    next_deadline_at           timestamptz,
    -- The clocks as the domain folds them, so that the projector can go on from here.
    clocks                     jsonb       NOT NULL,
    version                    bigint      NOT NULL,
    -- Of the event that this row shows last.
    position                   bigint      NOT NULL,
    PRIMARY KEY (partition, org_id, ticket_id)
);

-- For lists by tag. PostgreSQL uses an index behind a policy only for operators that are known to leak nothing, and that of
-- the index on tags is none: through this view, which its owner reads, and so without the policy, it is used. The view says
-- what the policy says.
CREATE VIEW taggable_tickets AS
    SELECT partition, org_id, ticket_id, number, subject, status, priority, channel, requester_id, requester_name,
           assignee_id, assignee_name, team_id, team_name, tags, custom_fields, follow_up_of, follow_up_ids,
           external_source, external_id, public_message_count, note_count, last_message_id, last_message_at,
           last_message_author_id, last_message_author_name, last_message_excerpt, reopen_count, created_at,
           updated_at, public_updated_at, resolved_at, closed_at, auto_close_at, sla, next_deadline_at, clocks, version, position
      FROM tickets
     WHERE org_id = nullif(current_setting('insightdesk.organization', true), '')::uuid;

CREATE TABLE messages (
    partition   smallint    NOT NULL,
    org_id      uuid        NOT NULL,
    message_id  uuid        NOT NULL,
    ticket_id   uuid        NOT NULL,
    visibility  text        NOT NULL CHECK (visibility IN ('public', 'internal')),
    author_id   uuid        NOT NULL,
    author_role text        NOT NULL CHECK (author_role IN ('customer', 'agent', 'lead', 'admin')),
    author_name text        NOT NULL,
    -- None once it is redacted.
    body        text,
    created_at  timestamptz NOT NULL,
    edited_at   timestamptz,
    redacted_at timestamptz,
    version     bigint      NOT NULL,
    -- Of the event that posted it: the order of a conversation.
    position    bigint      NOT NULL,
    PRIMARY KEY (partition, org_id, message_id)
);

CREATE TABLE ticket_history (
    partition     smallint    NOT NULL,
    position      bigint      NOT NULL,
    org_id        uuid        NOT NULL,
    ticket_id     uuid        NOT NULL,
    event_id      uuid        NOT NULL,
    event_type    text        NOT NULL,
    -- The version of the stream that the event belongs to (the ticket's or the message's).
    version       bigint      NOT NULL,
    actor_kind    text        NOT NULL CHECK (actor_kind IN ('user', 'machine', 'timer', 'import', 'operator', 'identity')),
    actor_id      uuid,
    actor_role    text,
    -- The name of that moment: what was known then.
    actor_name    text        NOT NULL,
    -- One sentence for people, without the words of any message. {actor}, {assignee}, {team}, {from} and {to} stand for
    -- actor_name, assignee_name, team_name and the first of changes, so that names and texts can be forgotten.
    summary       text        NOT NULL,
    -- Of an assignment: the agents after and before it, and the names of that moment.
    assignee_id   uuid,
    assignee_name text,
    former_assignee_id uuid,
    team_name     text,
    -- [{"field": "...", "from": ..., "to": ...}]
    changes       jsonb       NOT NULL,
    -- What the event did to the ticket's service level clocks: [{"metric": ..., "change": "paused", "used_ms": ...}].
    sla_steps     jsonb       NOT NULL,
    message_id    uuid,
    -- What staff said about it (a reopening, a redaction). Not for the requester, even where `public` is true.
    reason        text,
    -- Whether the requester may see it.
    public        boolean     NOT NULL,
    occurred_at   timestamptz NOT NULL,
    recorded_at   timestamptz NOT NULL,
    PRIMARY KEY (partition, position)
);

CREATE TABLE audit (
    partition      smallint    NOT NULL,
    position       bigint      NOT NULL,
    org_id         uuid        NOT NULL,
    event_id       uuid        NOT NULL,
    event_type     text        NOT NULL,
    -- What it happened to: user, team, company, calendar, policy, organization, message, session, api_key or invitation, and its id.
    resource_type  text        NOT NULL,
    resource_id    uuid        NOT NULL,
    actor_kind     text        NOT NULL CHECK (actor_kind IN ('user', 'machine', 'timer', 'import', 'operator', 'identity')),
    actor_id       uuid,
    actor_role     text,
    -- The names of that moment.
    actor_name     text        NOT NULL,
    -- Whom it concerns. Without a name: nobody of the organization at that moment (an invited person).
    subject_id     uuid,
    subject_name   text,
    -- One sentence for people. {actor}, {subject}, {from} and {to} stand for actor_name, subject_name and the first of
    -- changes, so that names and texts can be forgotten.
    summary        text        NOT NULL,
    -- [{"field": "...", "from": ..., "to": ...}]. Of whom it concerns are the fields name, email and device.
    changes        jsonb       NOT NULL,
    -- What staff said about it.
    reason         text,
    -- Of who acted, or of whom it concerns where nobody who is signed in did.
    source_address text,
    occurred_at    timestamptz NOT NULL,
    recorded_at    timestamptz NOT NULL,
    PRIMARY KEY (partition, position)
);
