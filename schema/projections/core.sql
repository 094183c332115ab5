-- The core read models: what lists, details, messages and histories show.
-- Everything here is derived from the log and can be dropped and rebuilt at any time.
-- Run inside the namespace that is being made (the live one is `core`, one being rebuilt is `core_next`):
-- names are unqualified on purpose. Raise CORE_VERSION in schema/src/projection.rs with every change of this file.

CREATE TABLE checkpoints (
    partition        smallint    PRIMARY KEY,
    position         bigint      NOT NULL DEFAULT 0,
    -- Raised whenever a cache write may have been lost; part of every cache key.
    cache_generation bigint      NOT NULL DEFAULT 1,
    -- The event that could not be applied, and why. The partition stands still until it is dealt with.
    poison_position  bigint,
    poison_reason    text,
    updated_at       timestamptz NOT NULL DEFAULT now()
);

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
    PRIMARY KEY (partition, org_id)
);

CREATE TABLE users (
    partition  smallint    NOT NULL,
    org_id     uuid        NOT NULL,
    user_id    uuid        NOT NULL,
    name       text        NOT NULL,
    email      text,
    role       text        NOT NULL CHECK (role IN ('customer', 'agent', 'admin')),
    active     boolean     NOT NULL,
    version    bigint      NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (partition, org_id, user_id)
);
CREATE INDEX users_by_name ON users (partition, org_id, name, user_id);
CREATE INDEX users_by_email ON users (partition, org_id, email);

CREATE TABLE teams (
    partition  smallint    NOT NULL,
    org_id     uuid        NOT NULL,
    team_id    uuid        NOT NULL,
    name       text        NOT NULL,
    member_ids uuid[]      NOT NULL,
    version    bigint      NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (partition, org_id, team_id)
);
CREATE INDEX teams_by_name ON teams (partition, org_id, name, team_id);

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
    first_response_state       text        NOT NULL CHECK (first_response_state IN ('none', 'running', 'paused', 'met', 'cancelled')),
    first_response_due_at      timestamptz,
    first_response_ended_at    timestamptz,
    first_response_breached_at timestamptz,
    resolution_state           text        NOT NULL CHECK (resolution_state IN ('none', 'running', 'paused', 'met', 'cancelled')),
    resolution_due_at          timestamptz,
    resolution_ended_at        timestamptz,
    resolution_breached_at     timestamptz,
    -- The earliest deadline that still runs and was not breached.
    next_deadline_at           timestamptz,
    -- The clocks as the domain folds them, so that the projector can go on from here.
    clocks                     json        NOT NULL,
    version                    bigint      NOT NULL,
    -- Of the event that this row shows last.
    position                   bigint      NOT NULL,
    PRIMARY KEY (partition, org_id, ticket_id)
);
CREATE UNIQUE INDEX tickets_by_number ON tickets (partition, org_id, number);
CREATE INDEX tickets_by_updated ON tickets (partition, org_id, updated_at, ticket_id);
CREATE INDEX tickets_by_created ON tickets (partition, org_id, created_at, ticket_id);
CREATE INDEX tickets_by_priority ON tickets (partition, org_id, priority, ticket_id);
CREATE INDEX tickets_by_deadline ON tickets (partition, org_id, next_deadline_at, ticket_id) WHERE next_deadline_at IS NOT NULL;
CREATE INDEX tickets_by_status ON tickets (partition, org_id, status, updated_at, ticket_id);
CREATE INDEX tickets_by_requester ON tickets (partition, org_id, requester_id, updated_at, ticket_id);
CREATE INDEX tickets_by_assignee ON tickets (partition, org_id, assignee_id, updated_at, ticket_id) WHERE assignee_id IS NOT NULL;
CREATE INDEX tickets_by_team ON tickets (partition, org_id, team_id, updated_at, ticket_id) WHERE team_id IS NOT NULL;

CREATE TABLE messages (
    partition   smallint    NOT NULL,
    org_id      uuid        NOT NULL,
    message_id  uuid        NOT NULL,
    ticket_id   uuid        NOT NULL,
    visibility  text        NOT NULL CHECK (visibility IN ('public', 'internal')),
    author_id   uuid        NOT NULL,
    author_role text        NOT NULL CHECK (author_role IN ('customer', 'agent', 'admin')),
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
CREATE INDEX messages_by_ticket ON messages (partition, org_id, ticket_id, position);
CREATE INDEX messages_by_author ON messages (partition, org_id, author_id);

CREATE TABLE ticket_history (
    partition     smallint    NOT NULL,
    position      bigint      NOT NULL,
    org_id        uuid        NOT NULL,
    ticket_id     uuid        NOT NULL,
    event_id      uuid        NOT NULL,
    event_type    text        NOT NULL,
    -- The version of the stream that the event belongs to (the ticket's or the message's).
    version       bigint      NOT NULL,
    actor_kind    text        NOT NULL CHECK (actor_kind IN ('user', 'timer', 'import', 'operator')),
    actor_id      uuid,
    actor_role    text,
    -- The name of that moment: what was known then.
    actor_name    text        NOT NULL,
    -- One sentence for people, without the words of any message.
    summary       text        NOT NULL,
    -- [{"field": "...", "from": ..., "to": ...}]
    changes       jsonb       NOT NULL,
    message_id    uuid,
    -- Whether the requester may see it.
    public        boolean     NOT NULL,
    occurred_at   timestamptz NOT NULL,
    recorded_at   timestamptz NOT NULL,
    PRIMARY KEY (partition, position)
);
CREATE INDEX ticket_history_by_ticket ON ticket_history (partition, org_id, ticket_id, position);
