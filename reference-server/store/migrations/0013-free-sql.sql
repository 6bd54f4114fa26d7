-- Which functions and views a caller's own SQL may use: what computes (immutable and stable functions), and of what does something
-- only a list. A list of what is allowed holds when the next version of Postgres brings a function that nobody thought of; a
-- list of what is forbidden does not. The server itself (`app`) keeps all.
do $$
declare
  allowed constant text[] := array[
    'random', 'random_normal', 'gen_random_uuid', 'uuidv4', 'uuidv7', 'clock_timestamp', 'timeofday', 'setseed',
    'pg_sleep', 'pg_sleep_for', 'pg_sleep_until'
  ];
  found record;
begin
  for found in
    select oid::regprocedure as signature
    from pg_proc
    where pronamespace = 'pg_catalog'::regnamespace
      and provolatile = 'v'
      and prokind = 'f'
      and proname <> all (allowed)
      and prorettype not in ('trigger'::regtype, 'event_trigger'::regtype, 'index_am_handler'::regtype, 'table_am_handler'::regtype, 'tsm_handler'::regtype, 'internal'::regtype)
      and has_function_privilege('app_readonly', oid, 'execute')
  loop
    execute format('revoke execute on function %s from public', found.signature);
    execute format('grant execute on function %s to app', found.signature);
  end loop;
  -- Who is connected, what they run, how the server is set up, how large other tenants' tables are.
  for found in
    select oid::regclass as signature
    from pg_class
    where relnamespace = 'pg_catalog'::regnamespace and relkind = 'v' and has_table_privilege('app_readonly', oid, 'select')
  loop
    execute format('revoke select on %s from public', found.signature);
    execute format('grant select on %s to app', found.signature);
  end loop;
end $$;

-- A sort that does not fit in memory goes to disk: so much and no more, or one query fills it for all. Only a superuser may say
-- so; where the administration is none, it is the operator's to set.
do $$
begin
  execute format('alter role app in database %I set temp_file_limit = %L', current_database(), '64MB');
exception
  when insufficient_privilege then raise notice 'temp_file_limit was not set for the role app';
end $$;
