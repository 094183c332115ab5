-- The indexes of the core read models, made after a rebuild has filled the tables of core.sql.
--
-- Those of tickets, messages and users are for lists, and say what is true of every row: number, position or version > 0.
-- Statements for lists say it too; those that find a row by its key do not, and so can use the primary key alone. Without
-- it the planner, who knows nothing of a young table and only the average of all organizations of an old one, takes a
-- smaller index and reads all tickets of an organization to find one.

CREATE INDEX users_by_name ON users (partition, org_id, name, user_id) WHERE version > 0;
-- Who is called so in a query. Through the view of searchable users, as parts of names.
CREATE INDEX users_by_whole_name ON users (partition, org_id, lower(name)) WHERE version > 0;
CREATE INDEX users_by_email ON users (partition, org_id, email) WHERE email IS NOT NULL AND version > 0;
-- The colleagues of a customer, and the people of a company for staff.
CREATE INDEX users_by_company ON users (partition, org_id, company_id, name, user_id) WHERE company_id IS NOT NULL AND version > 0;
CREATE INDEX companies_by_name ON companies (partition, org_id, name, company_id);
CREATE INDEX calendars_by_name ON calendars (partition, org_id, name, calendar_id);
CREATE INDEX views_of_organization ON views (partition, org_id, name, view_id) WHERE team_id IS NULL AND person_id IS NULL AND NOT deleted;
CREATE INDEX views_of_team ON views (partition, org_id, team_id, name, view_id) WHERE team_id IS NOT NULL AND NOT deleted;
CREATE INDEX views_of_person ON views (partition, org_id, person_id, name, view_id) WHERE person_id IS NOT NULL AND NOT deleted;
CREATE INDEX teams_by_name ON teams (partition, org_id, name, team_id);
-- Asked by every list of tickets for agents. Few teams are private.
CREATE INDEX teams_private ON teams (partition, org_id) WHERE private;
CREATE UNIQUE INDEX tickets_by_number ON tickets (partition, org_id, number) WHERE number > 0;
CREATE INDEX tickets_by_updated ON tickets (partition, org_id, updated_at, ticket_id) WHERE number > 0;
CREATE INDEX tickets_by_created ON tickets (partition, org_id, created_at, ticket_id) WHERE number > 0;
CREATE INDEX tickets_by_priority ON tickets (partition, org_id, priority, created_at, ticket_id) WHERE number > 0;
CREATE INDEX tickets_by_deadline ON tickets (partition, org_id, next_deadline_at, ticket_id) WHERE next_deadline_at IS NOT NULL AND number > 0;
CREATE INDEX tickets_by_status ON tickets (partition, org_id, status, updated_at, ticket_id) WHERE number > 0;
CREATE INDEX tickets_by_requester ON tickets (partition, org_id, requester_id, updated_at, ticket_id) WHERE number > 0;
CREATE INDEX tickets_by_requester_created ON tickets (partition, org_id, requester_id, created_at, ticket_id) WHERE number > 0;
-- What the requester themselves is shown first: they do not learn when staff wrote a note.
CREATE INDEX tickets_by_requester_public ON tickets (partition, org_id, requester_id, public_updated_at, ticket_id) WHERE number > 0;
CREATE INDEX tickets_by_assignee ON tickets (partition, org_id, assignee_id, updated_at, ticket_id) WHERE assignee_id IS NOT NULL AND number > 0;
-- An agent's work by urgency. Without it the list of an agent with nothing to do reads everybody's tickets to its end.
CREATE INDEX tickets_by_assignee_status ON tickets (partition, org_id, assignee_id, status, priority, created_at, ticket_id) WHERE assignee_id IS NOT NULL AND number > 0;
-- Nobody's tickets, among all the others that somebody has or had.
CREATE INDEX tickets_unassigned ON tickets (partition, org_id, updated_at, ticket_id) WHERE assignee_id IS NULL AND number > 0;
CREATE INDEX tickets_by_team ON tickets (partition, org_id, team_id, updated_at, ticket_id) WHERE team_id IS NOT NULL AND number > 0;
-- Of all organizations of the table: the primary key's columns would need an extension, and few share a rare tag.
CREATE INDEX tickets_by_tag ON tickets USING gin (tags) WHERE tags <> '{}' AND number > 0;
-- The same for what custom fields hold.
CREATE INDEX tickets_by_field ON tickets USING gin (custom_fields jsonb_path_ops) WHERE custom_fields <> '{}' AND number > 0;
-- Of all organizations, as that of tags. A search reads the entries that are not sorted in yet one by one: they are kept few.
CREATE INDEX tickets_by_words ON ticket_words USING gin (search) WITH (gin_pending_list_limit = 512) WHERE number > 0;
CREATE INDEX messages_by_words ON messages USING gin (search) WITH (gin_pending_list_limit = 512) WHERE position > 0;
-- Parts of words, by their trigrams.
CREATE INDEX tickets_by_parts ON ticket_words USING gin (lower(subject) public.gin_trgm_ops) WITH (gin_pending_list_limit = 512) WHERE number > 0;
CREATE INDEX tickets_by_parts_of_number ON ticket_words USING gin ((number::text) public.gin_trgm_ops) WITH (gin_pending_list_limit = 512) WHERE number > 0;
CREATE INDEX users_by_parts ON users USING gin (lower(name || ' ' || coalesce(email, '')) public.gin_trgm_ops) WHERE version > 0;
CREATE INDEX messages_by_ticket ON messages (partition, org_id, ticket_id, position) WHERE position > 0;
CREATE INDEX messages_by_author ON messages (partition, org_id, author_id) WHERE position > 0;
-- Reports and lists of attainment are of a time.
CREATE INDEX sla_measures_by_time ON sla_measures (partition, org_id, counted_at, ticket_id, metric, round) WHERE known_until IS NULL;
CREATE INDEX sla_measures_by_former_time ON sla_measures (partition, org_id, counted_at, ticket_id, metric, round) WHERE known_until IS NOT NULL;
-- The tickets of which a promise was missed, among all others.
CREATE INDEX sla_measures_missed ON sla_measures (partition, org_id, ticket_id, metric) WHERE outcome = 'breached' AND known_until IS NULL;
-- Reports that are filtered by more than the sums have, and the tickets behind each number.
CREATE INDEX ticket_facts_by_opened ON ticket_facts (partition, org_id, opened_at, ticket_id) WHERE until_at IS NULL;
CREATE INDEX ticket_facts_by_first_response ON ticket_facts (partition, org_id, first_response_at, ticket_id) WHERE until_at IS NULL AND first_response_at IS NOT NULL;
CREATE INDEX ticket_facts_by_first_resolved ON ticket_facts (partition, org_id, first_resolved_at, ticket_id) WHERE until_at IS NULL AND first_resolved_at IS NOT NULL;
CREATE INDEX ticket_facts_by_resolved ON ticket_facts (partition, org_id, resolved_at, ticket_id) WHERE until_at IS NULL AND resolved_at IS NOT NULL;
CREATE INDEX ticket_facts_by_closed ON ticket_facts (partition, org_id, closed_at, ticket_id) WHERE until_at IS NULL AND closed_at IS NOT NULL;
CREATE INDEX ticket_facts_by_assigned ON ticket_facts (partition, org_id, assigned_at, ticket_id) WHERE until_at IS NULL AND assigned_at IS NOT NULL;
CREATE INDEX message_facts_by_time ON message_facts (partition, org_id, written_at, message_id);
-- What was open at an instant is looked for from it backwards.
CREATE INDEX ticket_facts_unresolved ON ticket_facts (partition, org_id, since_at, ticket_id, version) WHERE status IN ('new', 'open', 'pending', 'on_hold');
-- What an erased person did, or was given. Few rows are assignments.
CREATE INDEX ticket_history_by_actor ON ticket_history (partition, org_id, actor_id, position) WHERE actor_id IS NOT NULL;
CREATE INDEX ticket_history_by_assignee ON ticket_history (partition, org_id, assignee_id) WHERE assignee_id IS NOT NULL;
CREATE INDEX ticket_history_by_former_assignee ON ticket_history (partition, org_id, former_assignee_id) WHERE former_assignee_id IS NOT NULL;
CREATE INDEX ticket_history_by_ticket ON ticket_history (partition, org_id, ticket_id, position);
-- The audit is listed by the time of the log: everything, of one type, of who acted, of whom it concerns.
CREATE INDEX audit_by_time ON audit (partition, org_id, recorded_at, position);
CREATE INDEX audit_by_type ON audit (partition, org_id, event_type, recorded_at, position);
CREATE INDEX audit_by_actor ON audit (partition, org_id, actor_id, recorded_at, position) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_by_subject ON audit (partition, org_id, subject_id, recorded_at, position) WHERE subject_id IS NOT NULL;
