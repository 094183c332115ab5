-- Lets a login run InsightDesk in this database. Roles belong to the whole cluster and are made once; what an
-- earlier version made in this database as the login is handed over to the owner. Running it again changes nothing.
DO $administrator$
DECLARE
    login     CONSTANT text := '{login}';
    is_super  CONSTANT boolean := (SELECT rolsuper FROM pg_roles WHERE rolname = login);
    role      text;
    statement text;
BEGIN
    FOREACH role IN ARRAY ARRAY[{roles}] LOOP
        -- Somebody may do the same in another database of the cluster at this moment.
        BEGIN
            IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = role) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role);
            END IF;
            IF NOT is_super AND NOT EXISTS (
                SELECT 1 FROM pg_auth_members m
                 WHERE m.roleid = role::regrole AND m.member = quote_ident(login)::regrole) THEN
                EXECUTE format('GRANT %I TO %I', role, login);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
        -- A member takes the role on, it does not have its rights by itself. Before PostgreSQL 16 that is a matter of the
        -- login, afterwards of each membership.
        IF NOT is_super AND current_setting('server_version_num')::int >= 160000 THEN
            EXECUTE format('GRANT %I TO %I WITH INHERIT FALSE, SET TRUE', role, login);
        END IF;
    END LOOP;
    IF NOT is_super AND current_setting('server_version_num')::int < 160000
       AND (SELECT rolinherit FROM pg_roles WHERE rolname = login) THEN
        EXECUTE format('ALTER ROLE %I NOINHERIT', login);
    END IF;

    EXECUTE format('GRANT CREATE ON DATABASE %I TO {owner}', current_database());
    GRANT USAGE, CREATE ON SCHEMA public TO {owner};
    FOR statement IN
        SELECT format('ALTER SCHEMA %I OWNER TO {owner}', n.nspname)
          FROM pg_namespace n
         WHERE n.nspowner = quote_ident(login)::regrole AND n.nspname !~ '^pg_'
           AND n.nspname NOT IN ('information_schema', 'public')
        UNION ALL
        SELECT format('ALTER TABLE %s OWNER TO {owner}', c.oid::regclass)
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relowner = quote_ident(login)::regrole AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
           AND c.relkind IN ('r', 'p', 'v')
           AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
        UNION ALL
        SELECT format('ALTER ROUTINE %s OWNER TO {owner}', p.oid::regprocedure)
          FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE p.proowner = quote_ident(login)::regrole AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
           AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    LOOP
        EXECUTE statement;
    END LOOP;
    -- Last: who owns the database may do the above.
    BEGIN
        IF (SELECT d.datdba FROM pg_database d WHERE d.datname = current_database()) <> '{owner}'::regrole THEN
            EXECUTE format('ALTER DATABASE %I OWNER TO {owner}', current_database());
        END IF;
    EXCEPTION WHEN insufficient_privilege THEN
        RAISE NOTICE 'the database keeps its owner: {owner} may make tables and schemas in it, and needs no more';
    END;
END
$administrator$;
