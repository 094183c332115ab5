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

-- The words of a text as the search finds them, in the forms of its language. Here and not in `public`, so that a rebuild
-- can change it. Immutable, since every configuration is named.
CREATE FUNCTION words(language text, content text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $words$
    SELECT CASE language
        WHEN 'simple' THEN to_tsvector('pg_catalog.simple', content)
        WHEN 'english' THEN to_tsvector('pg_catalog.english', content)
        WHEN 'german' THEN to_tsvector('pg_catalog.german', content)
        WHEN 'french' THEN to_tsvector('pg_catalog.french', content)
        WHEN 'spanish' THEN to_tsvector('pg_catalog.spanish', content)
        WHEN 'italian' THEN to_tsvector('pg_catalog.italian', content)
        WHEN 'dutch' THEN to_tsvector('pg_catalog.dutch', content)
        WHEN 'danish' THEN to_tsvector('pg_catalog.danish', content)
        WHEN 'finnish' THEN to_tsvector('pg_catalog.finnish', content)
        WHEN 'hungarian' THEN to_tsvector('pg_catalog.hungarian', content)
        WHEN 'norwegian' THEN to_tsvector('pg_catalog.norwegian', content)
        WHEN 'portuguese' THEN to_tsvector('pg_catalog.portuguese', content)
        WHEN 'romanian' THEN to_tsvector('pg_catalog.romanian', content)
        WHEN 'russian' THEN to_tsvector('pg_catalog.russian', content)
        WHEN 'swedish' THEN to_tsvector('pg_catalog.swedish', content)
        WHEN 'turkish' THEN to_tsvector('pg_catalog.turkish', content)
    END
$words$;

-- Tags are words of no language. The library calls the joining of any array stable; that of texts is immutable.
CREATE FUNCTION words_of_tags(tags text[]) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $words$
    SELECT to_tsvector('pg_catalog.simple', array_to_string(tags, ' '))
$words$;

CREATE TABLE organizations (
    partition    smallint    NOT NULL,
    org_id       uuid        NOT NULL,
    name         text        NOT NULL,
    slug         text        NOT NULL,
    settings     jsonb       NOT NULL,
    -- Every language in which texts were ever taken into the search: words are looked for in all of them.
    search_languages text[]  NOT NULL,
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

-- For the search by parts of names and addresses: see `taggable_tickets` below.
CREATE VIEW searchable_users AS
    SELECT partition, org_id, user_id, name, email, role, role_id, kind, company_id, active, version, created_at, updated_at
      FROM users
     WHERE org_id = nullif(current_setting('insightdesk.organization', true), '')::uuid;

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

-- Saved views of tickets. One that was deleted stays without its words.
CREATE TABLE views (
    partition  smallint    NOT NULL,
    org_id     uuid        NOT NULL,
    view_id    uuid        NOT NULL,
    -- The team or person whose it is; neither for the organization's.
    team_id    uuid,
    person_id  uuid,
    name       text        NOT NULL,
    query      text        NOT NULL,
    sort       text        NOT NULL,
    columns    text[]      NOT NULL,
    deleted    boolean     NOT NULL,
    version    bigint      NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (partition, org_id, view_id),
    CHECK (team_id IS NULL OR person_id IS NULL)
);

-- How many tickets there are of each kind that views mostly ask for. A view of such kinds costs a sum over its rows.
-- A kind that a ticket ever was of has a row, also once it has no ticket any more.
CREATE TABLE ticket_counts (
    partition smallint NOT NULL,
    org_id    uuid     NOT NULL,
    -- The agent; 00000000-0000-0000-0000-000000000000 is nobody, ffffffff-ffff-ffff-ffff-ffffffffffff the sum of all others and
    -- nobody.
    holder_id uuid     NOT NULL,
    -- The team; 00000000-0000-0000-0000-000000000000 is none.
    team_id   uuid     NOT NULL,
    priority  smallint NOT NULL,
    -- One a status.
    new_count      bigint NOT NULL,
    open_count     bigint NOT NULL,
    pending_count  bigint NOT NULL,
    on_hold_count  bigint NOT NULL,
    resolved_count bigint NOT NULL,
    closed_count   bigint NOT NULL,
    PRIMARY KEY (partition, org_id, holder_id, team_id, priority)
) WITH (fillfactor = 50);

-- What became of each wait that a service level clock measured: reports and lists of attainment count these rows.
CREATE TABLE sla_measures (
    partition      smallint    NOT NULL,
    org_id         uuid        NOT NULL,
    ticket_id      uuid        NOT NULL,
    -- The place in the order of the metrics, from 1.
    metric         smallint    NOT NULL CHECK (metric BETWEEN 1 AND 7),
    -- Which of several waits of the metric.
    round          integer     NOT NULL,
    -- Of the ticket's stream, since when this holds.
    version        bigint      NOT NULL,
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
    -- The log's time in which this was what was known of it: a report can be given as it stood at any moment. What is known now
    -- has no end.
    known_from     timestamptz NOT NULL,
    known_until    timestamptz,
    PRIMARY KEY (partition, org_id, ticket_id, metric, round, version)
);

-- What reports know of a ticket: a row for each time that one of these facts changed, so that a report can be given as it
-- stood at any moment. The last row is the ticket as it is. Docs: METRICS.md.
CREATE TABLE ticket_facts (
    partition         smallint    NOT NULL,
    org_id            uuid        NOT NULL,
    ticket_id         uuid        NOT NULL,
    -- Of the ticket's stream, since when this holds.
    version           bigint      NOT NULL,
    number            bigint      NOT NULL,
    status            text        NOT NULL CHECK (status IN ('new', 'open', 'pending', 'on_hold', 'resolved', 'closed')),
    priority          smallint    NOT NULL CHECK (priority BETWEEN 1 AND 4),
    channel           text        NOT NULL,
    requester_id      uuid        NOT NULL,
    agent_id          uuid,
    team_id           uuid,
    tags              text[]      NOT NULL,
    opened_at         timestamptz NOT NULL,
    -- When a person first answered in public.
    first_response_at timestamptz,
    -- When it was first done, and since when it is done now.
    first_resolved_at timestamptz,
    resolved_at       timestamptz,
    closed_at         timestamptz,
    -- Since when it is with the agent who has it.
    assigned_at       timestamptz,
    reopen_count      integer     NOT NULL,
    -- How often it went from an agent or team to another.
    reassign_count    integer     NOT NULL,
    -- Business time in which this held; it never runs back within a ticket.
    since_at          timestamptz NOT NULL,
    until_at          timestamptz,
    -- The log's time in which this was what was known.
    known_from        timestamptz NOT NULL,
    known_until       timestamptz,
    PRIMARY KEY (partition, org_id, ticket_id, version)
);

-- Sums of the facts and of the waits by local day of the organization, or by month: what reports over long times read. Most are
-- cut by the team and one other thing, the others are of all teams.
CREATE TABLE report_cells (
    partition smallint NOT NULL,
    org_id    uuid     NOT NULL,
    -- What is counted, and by what the count is cut: the numbers of both are in the rows of the program.
    figure    smallint NOT NULL,
    cut       smallint NOT NULL,
    day       date     NOT NULL,
    -- The nil UUID where there is none, and where the cut is of all teams.
    team_id   uuid     NOT NULL,
    -- The agent, or the number of the priority, channel or hour, or a hash of the tag or the label.
    key       uuid     NOT NULL,
    -- The word of the priority or channel, or both, or the tag; of waits the number of the priority, the channel and the policy;
    -- else empty.
    label     text     NOT NULL,
    count     bigint   NOT NULL,
    total     bigint   NOT NULL,
    -- Every measured time in seconds that came and went, in the order of the log.
    times     bytea    NOT NULL,
    PRIMARY KEY (partition, org_id, figure, cut, day, team_id, key)
) WITH (fillfactor = 70, toast_tuple_target = 8160);
-- Packed already, and beside the row as far as its page goes: a report reads them all, in half the time.
ALTER TABLE report_cells ALTER COLUMN times SET STORAGE EXTERNAL;

-- What reports know of a message. It never changes: a message counts for who wrote it and for the team that had its ticket
-- when it was written.
CREATE TABLE message_facts (
    partition  smallint    NOT NULL,
    org_id     uuid        NOT NULL,
    message_id uuid        NOT NULL,
    ticket_id  uuid        NOT NULL,
    -- Public of the staff 1, of a customer 2, internal 3.
    kind       smallint    NOT NULL CHECK (kind BETWEEN 1 AND 3),
    author_id  uuid        NOT NULL,
    team_id    uuid,
    written_at timestamptz NOT NULL,
    -- The log's time.
    known_from timestamptz NOT NULL,
    PRIMARY KEY (partition, org_id, message_id)
);

-- Sums of messages by local day of the organization.
CREATE TABLE message_cells (
    partition smallint NOT NULL,
    org_id    uuid     NOT NULL,
    -- Of the staff; the nil UUID for all customers, the largest for everybody.
    author_id uuid     NOT NULL,
    day       date     NOT NULL,
    kind      smallint NOT NULL,
    -- The nil UUID where there was none.
    team_id   uuid     NOT NULL,
    count     bigint   NOT NULL,
    PRIMARY KEY (partition, org_id, author_id, day, kind, team_id)
) WITH (fillfactor = 70);

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
    -- The language that the organization's texts had when it was opened.
    language                   text        NOT NULL,
    PRIMARY KEY (partition, org_id, ticket_id)
);

-- For lists by tag and custom field. PostgreSQL uses an index behind a policy only for operators that are known to leak nothing, and those of the
-- indexes on both are none: through this view, which its owner reads, and so without the policy, it is used. The view says what the
-- policy says.
CREATE VIEW taggable_tickets AS
    SELECT partition, org_id, ticket_id, number, subject, status, priority, channel, requester_id, requester_name,
           assignee_id, assignee_name, team_id, team_name, tags, custom_fields, follow_up_of, follow_up_ids,
           external_source, external_id, public_message_count, note_count, last_message_id, last_message_at,
           last_message_author_id, last_message_author_name, last_message_excerpt, reopen_count, created_at,
           updated_at, public_updated_at, resolved_at, closed_at, auto_close_at, sla, next_deadline_at, clocks, version, position, language
      FROM tickets
     WHERE org_id = nullif(current_setting('insightdesk.organization', true), '')::uuid;

-- What a search finds tickets by. A table of its own: a reply changes its ticket's row and none of its words, and every index of a
-- changed row has to be told.
CREATE TABLE ticket_words (
    partition      smallint NOT NULL,
    org_id         uuid     NOT NULL,
    ticket_id      uuid     NOT NULL,
    -- These are as in the ticket's row.
    number         bigint   NOT NULL,
    subject        text     NOT NULL,
    requester_name text     NOT NULL,
    tags           text[]   NOT NULL,
    language       text     NOT NULL,
    -- A the subject, B who asks, C what only staff sees. Derived, so that who renames or erases takes them out of here as well.
    search         tsvector NOT NULL GENERATED ALWAYS AS (
        setweight(coalesce(words(language, subject), ''), 'A') || setweight(to_tsvector('pg_catalog.simple', requester_name), 'B')
        || CASE WHEN tags = '{}' THEN '' ELSE setweight(words_of_tags(tags), 'C') END) STORED,
    PRIMARY KEY (partition, org_id, ticket_id)
);

-- For the search, as the view of tickets.
CREATE VIEW searchable_tickets AS
    SELECT partition, org_id, ticket_id, number, subject, search
      FROM ticket_words
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
    -- The language that the organization's texts had when it was posted.
    language    text        NOT NULL,
    -- The words that a search finds it by; none once it is redacted.
    search      tsvector    NOT NULL GENERATED ALWAYS AS (coalesce(words(language, body), '')) STORED,
    PRIMARY KEY (partition, org_id, message_id)
);

-- For the search, as the view of tickets.
CREATE VIEW searchable_messages AS
    SELECT partition, org_id, message_id, ticket_id, visibility, position, search
      FROM messages
     WHERE org_id = nullif(current_setting('insightdesk.organization', true), '')::uuid;

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
    -- actor_name, assignee_name, the team of team_name and the first of changes, so that names and texts can be forgotten.
    summary       text        NOT NULL,
    -- Of an assignment: the agents and teams after and before it, and the names of that moment.
    assignee_id   uuid,
    assignee_name text,
    former_assignee_id uuid,
    team_id       uuid,
    team_name     text,
    former_team_id uuid,
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
    -- What it happened to: user, team, company, calendar, policy, view, organization, message, session, api_key or invitation, and its id.
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
